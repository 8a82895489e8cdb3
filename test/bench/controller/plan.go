package controller

import (
	"time"

	"github.com/crest-hpa/crest/test/bench/report"
	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/stage"
)

// target is that of every HPA, in percent.
const target = 70

// way is where HPAs read from.
type way string

// The two ways.
const (
	byResource way = "`ContainerResource`"
	byCrest    way = "Crest"
)

// phase is a time in which so many HPAs read in one way.
type phase struct {
	way  way
	hpas int
}

// plan is the size of a run.
type plan struct {
	stage stage.Options
	// defaults gives the HPA controller its real defaults.
	defaults bool
	// few HPAs are synced as often as they should be; many are more than the controller's client has requests for.
	few, many int
	// warm is how long nothing is measured, at least, once all HPAs have read: what came of the change has to pass.
	warm time.Duration
	// Each phase is measured in two slices, whose spread says what is noise. Many need longer ones: in one of them the
	// controller comes round to each HPA about once.
	sliceOfFew, sliceOfMany time.Duration
}

func planOf(o report.Options) plan {
	if o.Quick {
		return plan{few: 5, many: 20, warm: 2 * time.Second, sliceOfFew: 3 * time.Second, sliceOfMany: 3 * time.Second}
	}
	return plan{
		stage: stage.Options{
			Cluster:       cluster.Options{Nodes: 10, MetricsResolution: 15 * time.Second},
			AgentInterval: 20 * time.Second, Lag: 30 * time.Second,
			Config: stage.Config{Default: true},
		},
		defaults: true, few: 200, many: 1000, warm: 10 * time.Second, sliceOfFew: 25 * time.Second, sliceOfMany: 40 * time.Second,
	}
}

// phases are in an order in which what one kind of HPA gains by the machine getting slower or faster it loses again.
func (p plan) phases() []phase {
	return []phase{{byResource, p.few}, {byResource, p.many}, {byCrest, p.many}, {byCrest, p.few}}
}

func (p plan) slice(hpas int) time.Duration {
	if hpas == p.few {
		return p.sliceOfFew
	}
	return p.sliceOfMany
}
