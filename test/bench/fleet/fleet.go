// Package fleet is many workloads, as the simulator of Datadog measures them and as Crest knows them.
package fleet

import (
	"fmt"
	"math"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crest-hpa/crest/pkg/utilization"
	"github.com/crest-hpa/crest/test/world"
)

// Cluster is the name of the cluster at Datadog, APIKey and AppKey are the keys of its simulator.
const (
	Cluster = "prod-tokyo"
	APIKey  = "bench-api-key"
	AppKey  = "bench-app-key"
)

// Tags are the Datadog tags of the kinds of workloads, by selector key.
var Tags = map[string]string{"deployment": "kube_deployment", "statefulset": "kube_stateful_set", "rollout": "kube_argo_rollout"}

// Options say what a fleet is made of.
type Options struct {
	// Workloads is how many there are, one Pod each, spread over Namespaces.
	Workloads, Namespaces int
	// Kinds are the selector keys of their kinds, in turns.
	Kinds []string
	// Containers are those of each Pod.
	Containers []string
}

// Fleet is the workloads.
type Fleet struct {
	Options
	// Workloads are all there are, in the order of their numbers.
	Workloads []utilization.Workload
	// World is how busy they are.
	World *world.World
	since time.Time
}

// New starts all Pods at a time. They are Ready at once.
func New(o Options, since time.Time) (*Fleet, error) {
	f := &Fleet{Options: o, World: world.New(world.Options{}), since: since}
	for n := range o.Namespaces {
		if err := f.World.SetService(f.service(fmt.Sprintf("team-%03d", n))); err != nil {
			return nil, err
		}
	}
	for i := range o.Workloads {
		w := utilization.Workload{Kind: o.Kinds[i%len(o.Kinds)], Namespace: fmt.Sprintf("team-%03d", i%o.Namespaces), Name: fmt.Sprintf("workload-%05d", i)}
		f.Workloads = append(f.Workloads, w)
		f.World.SetPod(since, f.pod(w, i))
	}
	f.World.Step(since)
	return f, nil
}

// service is what all workloads of a namespace have to do.
func (f *Fleet) service(namespace string) world.Service {
	s := world.Service{Namespace: namespace, Name: "all", Selector: map[string]string{"fleet": "all"}, Load: 1000, Idle: map[string]world.Cores{}}
	for i, name := range f.Containers {
		s.Idle[name] = world.Cores(0.1 / float64(i+1)) // something for Datadog's agents to see
	}
	s.Cost = map[string]world.CPUSeconds{f.Containers[0]: 0.001}
	return s
}

// Live lets the load go up and down for a while, so that no two buckets are the same.
func (f *Fleet) Live(length time.Duration) error {
	for passed := time.Duration(0); passed <= length; passed += 10 * time.Second {
		for n := range f.Namespaces {
			load := world.RPS(1000 + 300*math.Sin(float64(n)+passed.Minutes()))
			if err := f.World.SetLoad(fmt.Sprintf("team-%03d", n), "all", load); err != nil {
				return err
			}
		}
		f.World.Step(f.since.Add(passed))
	}
	return nil
}

// pod is the only Pod of a workload, as its owner names it.
func (f *Fleet) pod(w utilization.Workload, number int) *corev1.Pod {
	const hash = "6d5f7c8b9"
	controlled := true
	owner := metav1.OwnerReference{Kind: "ReplicaSet", Name: w.Name + "-" + hash, Controller: &controlled}
	labels := map[string]string{"fleet": "all"}
	switch w.Kind {
	case "statefulset":
		owner.Kind, owner.Name = "StatefulSet", w.Name
	case "rollout":
		labels["rollouts-pod-template-hash"] = hash
	}
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.Namespace, Name: owner.Name + "-0", UID: types.UID(w.String()), Labels: labels, OwnerReferences: []metav1.OwnerReference{owner},
		},
		Spec: corev1.PodSpec{NodeName: fmt.Sprintf("node-%d", number%100)},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		},
	}
	request := corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}}
	for _, name := range f.Containers {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: name, Resources: request})
	}
	return p
}

// Pods are those of a workload as Crest knows them; none if it is not of the fleet.
func (f *Fleet) Pods(w utilization.Workload) []utilization.Pod {
	if !strings.HasPrefix(w.Name, "workload-") {
		return nil
	}
	p := utilization.Pod{Name: w.Name + "-0", Running: true, Ready: true, Started: f.since, ReadySince: f.since}
	for _, name := range f.Containers {
		p.Containers = append(p.Containers, utilization.Container{Name: name, Request: utilization.FromMillicores(1000)})
	}
	return []utilization.Pod{p}
}
