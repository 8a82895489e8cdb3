// Package inventory knows what runs in the cluster: which selections the
// HorizontalPodAutoscalers want, the Pods of each such workload with their CPU
// requests, and how many of them were Ready at each moment of the last minutes.
//
// It is an edge: it watches the API server and answers from memory.
//
//	HPAs ─────────► demand     what is wanted, targets, misuses      (pure)
//	Deployments, …─► kindWatch  existence, UID, generation            (metadata only)
//	  their scale ─► tracked    the label selector, read once a UID and generation
//	Pods ─────────► tracked    the Pods that match, their history
//
// Only workloads that an HPA wants, or that were enrolled, are tracked. What is
// known of each is published as an immutable value behind an atomic pointer:
// readers take no lock and never wait for the network.
//
// A kind that the cluster does not serve does no harm: its workloads are
// pending, with the reason, until its CRD appears.
package inventory
