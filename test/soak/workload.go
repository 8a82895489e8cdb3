package soak

import (
	"math"

	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// Target is what the HPAs want, in percent.
const Target = 70

// tolerance is how far above the target an HPA lets a workload be; an
// eighth instead of a tenth, because buckets and steps of the load do not
// begin at the same moment.
const tolerance = 1.125

// The limits of every HPA.
const (
	leastReplicas = 2
	mostReplicas  = 24
)

// perPod is the load, in requests/s, at which the hottest container of one Pod
// is at the target.
const perPod world.RPS = 100

// Workload is one of the soak's. Its hottest container is at the target when
// the load is one Pod's worth for each of its Pods.
type Workload struct {
	Name, Kind string
	Containers []stage.Container
	// Busy is the percent of each container at one Pod's worth of load.
	Busy map[string]float64
}

// Workloads are those that every soak runs: one that is nearly balanced, one
// whose Pod average hides its proxy, and one of another kind whose proxy is a
// native sidecar.
func Workloads() []Workload {
	return []Workload{
		{Name: "item", Kind: "Deployment", Containers: containers(false), Busy: map[string]float64{"app": 66, "istio-proxy": Target}},
		{Name: "front", Kind: "Deployment", Containers: containers(false), Busy: map[string]float64{"app": 8, "istio-proxy": Target}},
		{Name: "store", Kind: "StatefulSet", Containers: containers(true), Busy: map[string]float64{"app": Target, "istio-proxy": 60}},
	}
}

func containers(native bool) []stage.Container {
	return []stage.Container{{Name: "app", CPU: "200m"}, {Name: "istio-proxy", CPU: "100m", Native: native}}
}

// average is the Pod average at one Pod's worth of load, in percent.
func (w Workload) average() float64 {
	usage, request := 0.0, 0.0
	for _, c := range w.Containers {
		usage += w.Busy[c.Name] * c.Cores()
		request += c.Cores()
	}
	return usage / request
}

// balanced says that the Pod average stands for the hottest container, so that
// the fallback alone may shrink the workload.
func (w Workload) balanced() bool { return Target/w.average() <= 1.10 }

// Need is how many Pods a load wants, in Pods' worth of it, with the tolerance
// of an HPA; by the Pod average, which hides the hottest container, if that is
// all that is known. share is how much of what is there is seen: 1, or less
// where Pods that do not serve are mixed in.
func (w Workload) Need(load float64, byAverage bool, share float64) int {
	if byAverage {
		load *= w.average() / Target
	}
	return min(int(math.Ceil(load*share/tolerance-1e-9)), mostReplicas)
}

// on is the workload on a stage, with the Pods that it begins with.
func (w Workload) on(namespace string) stage.Workload {
	return stage.Workload{Namespace: namespace, Name: w.Name, Kind: w.Kind, Replicas: firstReplicas, Containers: w.Containers}
}

// firstReplicas is how many Pods each workload begins, and ends, with.
const firstReplicas = 4

// service is the load of the workload and what it costs.
func (w Workload) service(namespace string) world.Service {
	cost := map[string]world.CPUSeconds{}
	for _, c := range w.Containers {
		cost[c.Name] = world.CPUSeconds(w.Busy[c.Name] / 100 * c.Cores() / float64(perPod))
	}
	return world.Service{
		Namespace: namespace, Name: w.Name, Selector: w.on(namespace).Labels(),
		Load: perPod * firstReplicas, Cost: cost,
	}
}
