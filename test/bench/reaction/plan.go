package reaction

import (
	"fmt"
	"time"

	"github.com/crest-hpa/crest/test/bench/report"
	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/stage"
)

// In percent: the target of every HPA, what a workload rests at, what it jumps to, and how far from the target the
// HPA controller does nothing.
const (
	target    = 70.0
	calm      = 65.0
	hot       = 139.0
	tolerance = 10.0
)

// acts is the utilization above which an HPA asks for more replicas.
const acts = target * (100 + tolerance) / 100

// plan is the size of a run.
type plan struct {
	stage stage.Options
	ways  []way
	// sites is how many control planes there are. Their Crests start at as many moments of an interval, which is
	// datadog.interval and the width of a bucket.
	sites    int
	interval time.Duration
	// jumps is how many workloads each way has, on all sites together. Each jumps once, and they do so this far apart,
	// which is no divisor of the intervals.
	jumps int
	apart time.Duration
	// sync is how often the HPA controller looks at an HPA; those of one way are made at as many moments of it.
	sync time.Duration
	// pods is how many each workload has at first.
	pods int32
	// after is for how much longer than the lag a workload is watched once it has enough replicas: until data from
	// before its new Pods cannot arrive any more.
	after time.Duration
}

// way is how an HPA learns how busy its workload is.
type way struct {
	// namespace is that of its workloads.
	namespace, title string
	// lag is how late Datadog's data are.
	lag time.Duration
	// direct is an HPA on ContainerResource.
	direct bool
}

// floor is the way without Crest.
var floor = way{namespace: "twin", title: "`ContainerResource`, metrics-server", direct: true}

func crest(lag time.Duration) way {
	late := fmt.Sprintf("%.0f s late", lag.Seconds())
	return way{namespace: fmt.Sprintf("lag-%.0f", lag.Seconds()), title: "Crest, Datadog " + late, lag: lag}
}

func planOf(o report.Options) plan {
	if o.Quick {
		return plan{
			ways: []way{floor, crest(2 * time.Second)}, sites: 1, interval: time.Second,
			jumps: 1, sync: 2 * time.Second, pods: 4, after: 2 * time.Second,
		}
	}
	return plan{
		stage: stage.Options{
			Cluster:       cluster.Options{DefaultHPA: true, MetricsResolution: 15 * time.Second},
			AgentInterval: 20 * time.Second,
			Config:        stage.Config{Default: true},
		},
		ways:  []way{floor, crest(30 * time.Second), crest(60 * time.Second), crest(90 * time.Second)},
		sites: 3, interval: 30 * time.Second,
		jumps: 6, apart: 7 * time.Second, sync: 15 * time.Second, pods: 10, after: time.Minute,
	}
}
