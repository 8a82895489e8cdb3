package calls

import (
	"context"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
	"github.com/crest-hpa/crest/test/bench/fleet"
)

// inventory is what the loop is told: an HPA for each workload that is there yet.
type inventory struct {
	*fleet.Fleet
	wants []utilization.Want
}

// grow makes so many workloads there, and says whether that is more than before.
func (i *inventory) grow(to int) bool {
	before := len(i.wants)
	for _, w := range i.Workloads[before:max(to, before)] {
		i.wants = append(i.wants, utilization.Want{Selection: utilization.Selection{Workload: w}})
	}
	return len(i.wants) > before
}

func (i *inventory) Wanted() []utilization.Want   { return i.wants }
func (i *inventory) Enrol([]utilization.Workload) {}
func (i *inventory) Changes() <-chan struct{}     { return nil }

func (i *inventory) Pods(w utilization.Workload) ([]utilization.Pod, error) {
	return i.Fleet.Pods(w), nil
}

func (i *inventory) MeanReady(utilization.Workload, utilization.Span) (float64, bool) { return 1, true }
func (i *inventory) PeakRunning(utilization.Workload, utilization.Span) int           { return 1 }

func (i *inventory) Scale(sel utilization.Selection) utilization.Scale {
	s := utilization.Scale{Replicas: 1}
	for _, p := range i.Fleet.Pods(sel.Workload) {
		s.Running, s.Ready, s.ReadySince = s.Running+1, s.Ready+1, append(s.ReadySince, p.ReadySince)
	}
	return s
}

func (i *inventory) Warn(utilization.Selection, string, string)   {}
func (i *inventory) Inform(utilization.Selection, string, string) {}

// podMetrics answers for metrics-server, and counts the namespaces that are listed.
type podMetrics struct {
	inventory *inventory
	now       func() time.Time
	lists     int
}

// Collect implements [collector.MetricsServer].
func (m *podMetrics) Collect(_ context.Context, namespaces []string) map[string]utilization.NamespaceUsage {
	m.lists += len(namespaces)
	read := make(map[string]utilization.NamespaceUsage, len(namespaces))
	for _, namespace := range namespaces {
		read[namespace] = utilization.NamespaceUsage{Pods: map[string]utilization.PodUsage{}}
	}
	span := utilization.Span{Begin: m.now().Add(-15 * time.Second), End: m.now()}
	for _, want := range m.inventory.wants {
		w := want.Selection.Workload
		found, asked := read[w.Namespace]
		if !asked {
			continue
		}
		for _, p := range m.inventory.Fleet.Pods(w) {
			usage := utilization.PodUsage{Pod: p.Name, Span: span, Containers: map[string]utilization.Nanocores{}}
			for _, c := range p.Containers {
				usage.Containers[c.Name] = c.Request / 2
			}
			found.Pods[p.Name] = usage
		}
	}
	return read
}
