package scale

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// The containers of a Pod. Every second workload has the third one.
const (
	app      = "app"
	proxy    = "istio-proxy"
	logAgent = "log-agent"
)

// templateHash is what a ReplicaSet's name ends with.
const templateHash = "6d4cf56db6"

// injected is the annotation by which Istio's injector remembers what it did.
const injected = `{"initContainers":["istio-proxy"],"containers":null,"volumes":["istio-envoy",` +
	`"istiod-ca-cert"],"imagePullSecrets":null,"revision":"default"}`

// newPod is the n-th Pod of a workload, bound to a node, as a controller and Istio's injector would write it.
func newPod(w workload, n int) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: w.name + "-" + templateHash + fmt.Sprintf("-%05d", n),
			Labels: map[string]string{
				"app": w.name, "pod-template-hash": templateHash, partOf: population,
				"security.istio.io/tlsMode": "istio", "service.istio.io/canonical-name": w.name,
			},
			Annotations: map[string]string{
				"istio.io/rev": "default", "sidecar.istio.io/status": injected,
				"kubectl.kubernetes.io/default-container": app,
			},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "ReplicaSet", Name: w.name + "-" + templateHash,
				UID: types.UID(fmt.Sprintf("%08x-0000-4000-8000-000000000000", w.number)), Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true),
			}},
		},
		Spec: corev1.PodSpec{
			NodeName: nodeName(w.number + n), AutomountServiceAccountToken: ptr.To(false),
			Containers:     []corev1.Container{appContainer(w)},
			InitContainers: []corev1.Container{proxyContainer(w)},
			Volumes:        volumes(),
		},
	}
	if w.sort() == 1 {
		p.Spec.Containers = append(p.Spec.Containers, container(logAgent, "20m", "64Mi", "registry.example.com/platform/log-agent:3.2.1"))
	}
	return p
}

// container is one without anything special.
func container(name, cpu, memory, image string) corev1.Container {
	return corev1.Container{
		Name: name, Image: image, ImagePullPolicy: corev1.PullIfNotPresent,
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)},
		},
	}
}

func appContainer(w workload) corev1.Container {
	c := container(app, "250m", "256Mi", "registry.example.com/"+w.namespace+"/"+w.name+":2026.11.3")
	c.Args = []string{"--listen=:8080", "--config=/etc/" + w.name + "/config.yaml"}
	c.Env = []corev1.EnvVar{
		{Name: "DATABASE_URL", Value: "postgres://" + w.name + "." + w.namespace + ".svc:5432/main"},
	}
	c.Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}}
	c.ReadinessProbe = probe("/readyz", 8080)
	return c
}

// proxyContainer is Istio's sidecar, a native one as since Istio 1.27.
func proxyContainer(w workload) corev1.Container {
	c := container(proxy, "100m", "128Mi", "docker.io/istio/proxyv2:1.27.1")
	c.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
	c.Args = strings.Fields("proxy sidecar --domain $(POD_NAMESPACE).svc.cluster.local --proxyLogLevel=warning --log_output_level=default:info")
	c.Env = []corev1.EnvVar{
		{Name: "POD_NAME", ValueFrom: field("metadata.name")},
		{Name: "INSTANCE_IP", ValueFrom: field("status.podIP")},
		{Name: "ISTIO_META_WORKLOAD_NAME", Value: w.name},
	}
	for _, v := range volumes() {
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: v.Name, MountPath: "/var/run/" + v.Name})
	}
	return c
}

func volumes() []corev1.Volume {
	memory := corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}
	return []corev1.Volume{
		{Name: "istio-envoy", VolumeSource: memory},
		{Name: "istiod-ca-cert", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: "istio-ca-root-cert"},
		}}},
	}
}

func field(path string) *corev1.EnvVarSource {
	return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}
}

func probe(path string, port int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(port)}},
		PeriodSeconds: 10,
	}
}
