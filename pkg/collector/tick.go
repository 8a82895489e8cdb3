package collector

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// Tick gathers what is due, decides, and publishes a new snapshot. It returns
// when the next Tick is due, unless a call to Datadog that it did not wait for
// ends before. Ticks of one Collector follow one another.
func (c *Collector) Tick(ctx context.Context, now time.Time) (next time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun.IsZero() {
		c.begun = now
	}
	c.missed(now)
	c.setBack(now)

	records := c.follow(now)
	read := c.gather(ctx, records, now)
	if ctx.Err() != nil {
		return now // a call that we cut short says nothing about its source
	}

	changes := c.decide(records, read, now)

	c.publish(records, now)
	c.announce(changes)
	c.announceLeftOut(records)
	c.announceAlone(records, now)
	c.ticked = now.Round(0) // a machine that was suspended has not counted the time
	if c.calling == nil {
		c.collected.Store(true)
	}
	return c.next(records, now)
}

// follow brings the records up to what is wanted now, and each up to the Pods
// of now. What nobody wants any more is forgotten.
func (c *Collector) follow(now time.Time) []*record {
	wants := c.wants(now)
	records := make([]*record, 0, len(wants))
	kept := make(map[utilization.Selection]*record, len(wants))
	workloads := make(map[utilization.Workload]*asked, len(wants))
	namespaces := map[string]time.Time{}
	for _, want := range wants {
		r := c.records[want.Selection]
		if r == nil {
			r = &record{trust: c.newcomer(now)}
		}
		r.want = want
		r.shape, r.err = c.shape(want.Selection)
		if notFound(r.err) {
			c.strangers.drop(want.Selection)
		}
		records = append(records, r)
		kept[want.Selection] = r
		w := want.Selection.Workload
		if workloads[w] = cmp.Or(workloads[w], c.workloads[w]); workloads[w] == nil {
			workloads[w] = &asked{reported: map[string]bool{}, due: map[string]bool{}}
		}
		namespaces[w.Namespace] = c.read[w.Namespace]
	}
	c.records, c.workloads, c.read = kept, workloads, namespaces
	return records
}

// newcomer is the trust in a selection that is new: one that was there when
// the adapter started is not proven; for a later one the HPA itself begins
// with what it finds.
func (c *Collector) newcomer(now time.Time) trust {
	if now.Sub(c.begun) <= c.options.DownscaleStabilization*2/5 {
		return trust{starting: true}
	}
	return trust{proven: true}
}

// wants is what HPAs and strangers want, sorted, each selection once.
func (c *Collector) wants(now time.Time) []utilization.Want {
	named := c.options.Inventory.Wanted()
	strangers := c.strangers.current(named, now)
	workloads := make([]utilization.Workload, 0, len(strangers))
	for _, want := range strangers {
		workloads = append(workloads, want.Selection.Workload)
	}
	c.options.Inventory.Enrol(workloads)

	all := append(slices.Clone(named), strangers...)
	slices.SortStableFunc(all, func(a, b utilization.Want) int { return compare(a.Selection, b.Selection) })
	wants := all[:0]
	for _, want := range all {
		if last := len(wants) - 1; last >= 0 && wants[last].Selection == want.Selection {
			wants[last].PodAverage = wants[last].PodAverage || want.PodAverage
			continue
		}
		wants = append(wants, want)
	}
	return wants
}

func compare(a, b utilization.Selection) int {
	return cmp.Or(
		strings.Compare(a.Workload.Namespace, b.Workload.Namespace),
		strings.Compare(a.Workload.Kind, b.Workload.Kind),
		strings.Compare(a.Workload.Name, b.Workload.Name),
		strings.Compare(a.Containers.String(), b.Containers.String()))
}

func (c *Collector) shape(s utilization.Selection) (*utilization.Shape, error) {
	pods, err := c.options.Inventory.Pods(s.Workload)
	if err != nil {
		return nil, err
	}
	return utilization.ShapeOf(s, pods)
}

// decide judges what came and lets the policy say who answers each selection.
func (c *Collector) decide(records []*record, read map[string]utilization.NamespaceUsage, now time.Time) []change {
	var changes []change
	for _, r := range records {
		health := fallback.Health{
			Datadog:       c.judgeDatadog(r, now),
			MetricsServer: c.judgeMetricsServer(r, read, now),
		}
		before := r.state
		var reason fallback.Reason
		if r.state, reason = c.options.Policy.Next(before, health, now); reason != fallback.NoChange {
			changes = append(changes, change{r.want.Selection, before.Source, r.state.Source, reason, r.note(), before.Since.IsZero()})
		}
		if r.state.Silent && !before.Silent && reason != fallback.ContainerSilent {
			changes = append(changes, change{r.want.Selection, r.state.Source, r.state.Source, fallback.ContainerSilent, r.note(), false})
		}
		answers := r.err == nil && c.options.Policy.Serve(r.state, now) != fallback.None
		r.trust = r.trust.observe(answers, c.options.DownscaleStabilization, now)
	}
	return changes
}

// notFound says that an error is a workload that does not exist.
func notFound(err error) bool {
	e := (*utilization.NotFoundError)(nil)
	return errors.As(err, &e)
}
