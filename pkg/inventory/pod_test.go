package inventory

import (
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/pkg/utilization"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func requests(cpu string) corev1.ResourceRequirements {
	if cpu == "" {
		return corev1.ResourceRequirements{}
	}
	return corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}}
}

func TestContainersAndTheRequestsThatAreInForce(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	actual := func(name, cpu string) corev1.ContainerStatus {
		r := requests(cpu)
		return corev1.ContainerStatus{Name: name, Resources: &r}
	}
	cases := map[string]struct {
		spec   corev1.PodSpec
		status corev1.PodStatus
		want   []utilization.Container
	}{
		"requests of the spec": {
			spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Resources: requests("1500m")}, {Name: "proxy", Resources: requests("")}}},
			want: []utilization.Container{{Name: "app", Request: 1_500_000_000}, {Name: "proxy"}},
		},
		"native sidecars, but no other init containers": {
			spec: corev1.PodSpec{
				Containers:     []corev1.Container{{Name: "app", Resources: requests("1")}},
				InitContainers: []corev1.Container{{Name: "istio-init", Resources: requests("1")}, {Name: "istio-proxy", RestartPolicy: &always, Resources: requests("100m")}},
			},
			want: []utilization.Container{{Name: "app", Request: 1_000_000_000}, {Name: "istio-proxy", Request: 100_000_000}},
		},
		"an in-place resize counts when it is real": {
			spec:   corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Resources: requests("2")}}},
			status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{actual("app", "500m")}},
			want:   []utilization.Container{{Name: "app", Request: 500_000_000}},
		},
		"an in-place resize of a native sidecar": {
			spec:   corev1.PodSpec{InitContainers: []corev1.Container{{Name: "istio-proxy", RestartPolicy: &always, Resources: requests("100m")}}},
			status: corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{actual("istio-proxy", "200m")}},
			want:   []utilization.Container{{Name: "istio-proxy", Request: 200_000_000}},
		},
		"a status without a CPU request says nothing of it": {
			spec:   corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Resources: requests("2")}}},
			status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{actual("app", "")}},
			want:   []utilization.Container{{Name: "app", Request: 2_000_000_000}},
		},
		"a status of another container": {
			spec:   corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Resources: requests("2")}}},
			status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{actual("proxy", "1")}},
			want:   []utilization.Container{{Name: "app", Request: 2_000_000_000}},
		},
		"pod-level resources give a container none": {
			spec: corev1.PodSpec{
				Resources:  &corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("4")}},
				Containers: []corev1.Container{{Name: "app"}},
			},
			want: []utilization.Container{{Name: "app"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := podOf(&corev1.Pod{Spec: c.spec, Status: c.status}).Containers; !reflect.DeepEqual(got, c.want) {
				t.Errorf("containers = %v, want %v", got, c.want)
			}
		})
	}
}

func TestAPodsConditionAndTimes(t *testing.T) {
	deleted := metav1.NewTime(noon)
	pod := readyPod("p", "item", noon)
	pod.CreationTimestamp = metav1.NewTime(noon.Add(-time.Hour))
	got := podOf(pod)
	if !got.Counts() || !got.Started.Equal(noon) || !got.ReadySince.Equal(noon) || got.Waiting != "" {
		t.Errorf("a Ready Pod: %+v", got)
	}
	pod.DeletionTimestamp = &deleted
	if got := podOf(pod); got.Counts() || !got.Deleting || !got.Ready {
		t.Errorf("a terminating Pod: %+v", got)
	}
	pod.Status = corev1.PodStatus{Phase: corev1.PodPending}
	if got := podOf(pod); got.Running || got.Ready || !got.ReadySince.IsZero() || !got.Started.Equal(noon.Add(-time.Hour)) {
		t.Errorf("a Pod without a start time: %+v", got)
	}
}

func TestATrimmedPodKeepsItsLabelsAndLittleElse(t *testing.T) {
	pod := readyPod("p", "item", noon)
	pod.ResourceVersion = "7"
	pod.Annotations = map[string]string{"a": "b"}
	pod.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "m"}}
	trim := new(podReader).trim
	obj, err := trim(pod)
	record, ok := obj.(*podRecord)
	if err != nil || !ok {
		t.Fatalf("trim = %T, %v", obj, err)
	}
	want := &metav1.ObjectMeta{Namespace: "shop", Name: "p", ResourceVersion: "7", Labels: pod.Labels}
	if got := record.GetObjectMeta(); !reflect.DeepEqual(got, want) || record.ended {
		t.Errorf("record = %+v, want the metadata %+v", record, want)
	}
	if again, err := trim(record); err != nil || again != obj {
		t.Errorf("a record is not left as it is: %v, %v", again, err)
	}
	pod.Status.Phase = corev1.PodFailed
	if obj, _ := trim(pod); !obj.(*podRecord).ended {
		t.Error("a failed Pod has not ended")
	}
}

func TestWhatAPodWaitsFor(t *testing.T) {
	always, yes := corev1.ContainerRestartPolicyAlways, true
	waits := func(name, reason string) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}
	}
	runs := func(name string, started, ready bool) corev1.ContainerStatus {
		return corev1.ContainerStatus{
			Name: name, Started: &started, Ready: ready,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		}
	}
	exited := func(name string, code int32, reason string) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, Started: &yes, State: corev1.ContainerState{
			Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason},
		}}
	}
	inits := []corev1.Container{{Name: "istio-init"}, {Name: "istio-proxy", RestartPolicy: &always}}
	cases := map[string]struct {
		pod  corev1.Pod
		want string
	}{
		"the scheduler, which has not looked": {want: "the scheduler"},
		"a node": {
			pod: corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{
				{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable"},
			}}},
			want: "Unschedulable",
		},
		"the kubelet, which has not reported": {
			pod:  corev1.Pod{Spec: corev1.PodSpec{NodeName: "n"}},
			want: "the kubelet",
		},
		"an init container that runs": {
			pod: corev1.Pod{
				Spec:   corev1.PodSpec{NodeName: "n", InitContainers: inits},
				Status: corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{runs("istio-init", true, false)}},
			},
			want: "init container istio-init",
		},
		"an init container that crashes": {
			pod: corev1.Pod{
				Spec:   corev1.PodSpec{NodeName: "n", InitContainers: inits},
				Status: corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{waits("istio-init", "CrashLoopBackOff")}},
			},
			want: "istio-init: CrashLoopBackOff",
		},
		"a native sidecar's startup": {
			pod: corev1.Pod{
				Spec: corev1.PodSpec{NodeName: "n", InitContainers: inits},
				Status: corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{
					exited("istio-init", 0, "Completed"), runs("istio-proxy", false, false),
				}},
			},
			want: "startup probe of istio-proxy",
		},
		"a native sidecar's readiness": {
			pod: corev1.Pod{
				Spec: corev1.PodSpec{NodeName: "n", InitContainers: inits},
				Status: corev1.PodStatus{
					InitContainerStatuses: []corev1.ContainerStatus{exited("istio-init", 0, "Completed"), runs("istio-proxy", true, false)},
					ContainerStatuses:     []corev1.ContainerStatus{runs("app", true, true)},
				},
			},
			want: "readiness probe of istio-proxy",
		},
		"a container that crashes": {
			pod: corev1.Pod{
				Spec:   corev1.PodSpec{NodeName: "n"},
				Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{runs("proxy", true, true), waits("app", "CrashLoopBackOff")}},
			},
			want: "app: CrashLoopBackOff",
		},
		"a container that has exited": {
			pod: corev1.Pod{
				Spec:   corev1.PodSpec{NodeName: "n"},
				Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{exited("app", 1, "OOMKilled")}},
			},
			want: "app: OOMKilled",
		},
		"a startup probe": {
			pod: corev1.Pod{
				Spec:   corev1.PodSpec{NodeName: "n"},
				Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{runs("app", false, false)}},
			},
			want: "startup probe of app",
		},
		"a readiness probe": {
			pod: corev1.Pod{
				Spec:   corev1.PodSpec{NodeName: "n"},
				Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{runs("app", true, false)}},
			},
			want: "readiness probe of app",
		},
		"a readiness gate": {
			pod: corev1.Pod{
				Spec:   corev1.PodSpec{NodeName: "n", ReadinessGates: []corev1.PodReadinessGate{{ConditionType: "lb/attached"}}},
				Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{runs("app", true, true)}},
			},
			want: "readiness gate lb/attached",
		},
		"a node that does not answer": {
			pod: corev1.Pod{
				Spec: corev1.PodSpec{NodeName: "n"},
				Status: corev1.PodStatus{
					ContainerStatuses: []corev1.ContainerStatus{runs("app", true, true)},
					Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse, Reason: "NodeNotReady"}},
				},
			},
			want: "NodeNotReady",
		},
		"its end": {
			pod:  corev1.Pod{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &metav1.Time{Time: noon}}, Spec: corev1.PodSpec{NodeName: "n"}},
			want: "being deleted",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := podOf(&c.pod).Waiting; got != c.want {
				t.Errorf("waits for %q, want %q", got, c.want)
			}
		})
	}
}
