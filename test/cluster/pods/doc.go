// Package pods plays the kubelet for a few Pods, and runs each of their containers as a
// process of this machine: so that a program is tested under exactly the arguments,
// configuration, environment, Secrets, token, probes and grace period that a chart rendered
// for it, where there are no containers.
//
// As a kubelet it expands $(VARIABLES), fills volumes and renews them while the Pod runs (all
// files of a volume at once, through one renamed link), asks for a token bound to the Pod,
// probes, restarts with growing pauses, reports the Pod's status, and ends a deleted Pod with
// SIGTERM and, after its grace period, SIGKILL.
//
//	runner.go       which Pods there are, and a worker for each
//	worker.go       one Pod from its arrival to its end; status.go what the API is told of it
//	container.go    one container: start, probes, restart; probe.go how it is asked
//	command.go      its arguments and environment
//	volume.go       its files; source.go where they come from; swap.go how they are replaced
//	mounts.go       paths of the container as paths of this machine
//
// # What differs from a real kubelet
//
//   - The image is not looked at: every container runs the program of Options, or of its own
//     command if that is the same one.
//   - A process sees this machine's file system. Where the Pod says /etc/crest, its arguments, its
//     environment and the texts of its ConfigMaps are given the directory that stands for it.
//   - Therefore a client's in-cluster configuration, whose paths are fixed in client-go, cannot be
//     used: a container with a ServiceAccount's volume gets one more argument, --kubeconfig, with a
//     file that names the API server and that volume's token and CA. It re-reads both, as the
//     in-cluster configuration does.
//   - The Pod's own address is one of 127.0.0.0/8, and so it is in $(POD_IP). The API refuses
//     such an address in an EndpointSlice, so status.podIP is another one, which Options.Publish makes.
//   - User, capabilities, a read-only root and resource limits are not enforced. But a file that
//     the Pod's user could not read is refused.
//   - A volume follows its ConfigMap or Secret within a second or two instead of a minute, and the pause
//     before a restart begins at one second instead of ten.
//   - What is not played is refused, in the container's status: init containers, hooks, probes
//     other than HTTP and TCP, volumes of other kinds.
package pods
