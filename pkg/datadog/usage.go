package datadog

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// pair is what two series, a mean and a sum, say about one container, a value
// for each time; either may be missing.
type pair struct {
	container string
	values    [queriesOfKind]row
}

// mostContainers bounds what is believed of one workload, and so the search
// for a container's pair.
const mostContainers = 1_000

// pair brings the mean and the sum of each container together, for each of the
// workloads that were asked about, in their order. found is how many there are.
func (q Query) pair(a *answer) (pairs [][]pair, found int, err error) {
	pairs = make([][]pair, len(q.workloads))
	for i, s := range a.Series {
		workload, container, ok := q.group(s)
		if !ok {
			continue
		}
		which := *s.QueryIndex % queriesOfKind
		known := pairs[workload]
		at := slices.IndexFunc(known, func(p pair) bool { return p.container == container })
		if at < 0 {
			at, found = len(known), found+1
			known = append(known, pair{container: container})
			pairs[workload] = known
		}
		if known[at].values[which] != nil {
			return nil, 0, undecodable("it has two series for the %s of container %q of %s", aggregators[which], container, q.workloads[workload])
		}
		if len(known) > mostContainers {
			return nil, 0, undecodable("it has more than %d containers of %s", mostContainers, q.workloads[workload])
		}
		known[at].values[which] = a.Values[i]
	}
	return pairs, found, nil
}

// group is the workload, by its number in the query, and the container that a
// series is about. It is not ok if that is none
// of ours: another workload (the conditions on namespace and name are a cross
// product), or a tag that is missing, which Datadog shows as "N/A".
func (q Query) group(s series) (number int, container string, ok bool) {
	kind := q.kinds[*s.QueryIndex/queriesOfKind]
	workload := utilization.Workload{Kind: kind.kind}
	for _, tag := range s.GroupTags {
		key, value, _ := strings.Cut(tag, ":")
		var into *string
		switch key {
		case namespaceTag:
			into = &workload.Namespace
		case kind.tag:
			into = &workload.Name
		case containerTag:
			into = &container
		default:
			continue
		}
		if *into != "" {
			return 0, "", false
		}
		*into = value
	}
	number, asked := q.asked[workload]
	return number, container, asked && isKubernetesName(container)
}

// usageOf turns pairs of series into buckets. A workload without any is not
// there.
func (q Query) usageOf(pairs [][]pair, buckets []bucket) Usage {
	usage := make(Usage, len(q.workloads))
	for number, pairs := range pairs {
		containers := make(map[string][]utilization.Usage, len(pairs))
		for _, p := range pairs {
			if found := measured(p, buckets); len(found) > 0 {
				containers[p.container] = found
			}
		}
		if countIdle(containers); len(containers) > 0 {
			usage[q.workloads[number]] = containers
		}
	}
	return usage
}

// measured is the buckets of one container that have both a mean and a sum.
func measured(p pair, buckets []bucket) []utilization.Usage {
	means, sums := p.values[meanQuery], p.values[sumQuery]
	if means == nil || sums == nil {
		return nil
	}
	found := make([]utilization.Usage, 0, len(buckets))
	for _, b := range buckets {
		if mean, pods, ok := measure(means[b.index], sums[b.index]); ok {
			found = append(found, utilization.Usage{Span: b.Span, Mean: mean, Pods: pods})
		}
	}
	return found
}

const (
	// mostNanocores is a million cores: no container uses as much.
	mostNanocores = 1e15
	// mostPods is ten times what a Kubernetes cluster supports.
	mostPods = 1_500_000
)

// measure is the mean of a bucket in nanocores and how many Pods it is the
// mean of. That is 0 for a bucket that is idle all through, whose sum and mean
// are both 0 and cannot tell.
func measure(mean, sum float64) (nanocores utilization.Nanocores, pods int, ok bool) {
	// A value that is not there is NaN, of which no comparison is true.
	if within := mean >= 0 && mean <= mostNanocores; !within {
		return 0, 0, false
	}
	if mean == 0 {
		return 0, 0, sum == 0
	}
	reported := math.Round(sum / mean)
	if within := reported >= 1 && reported <= mostPods; !within {
		return 0, 0, false
	}
	return utilization.Nanocores(math.Round(mean)), int(reported), true
}

// countIdle gives the buckets whose Pods cannot be counted, because a
// container used exactly nothing, the count of another container of the
// workload in the same bucket: one agent reports all containers of a Pod.
// Without another one the bucket says nothing, and is removed.
func countIdle(containers map[string][]utilization.Usage) {
	if !anyIdle(containers) {
		return
	}
	most := map[time.Time]int{}
	for _, buckets := range containers {
		for _, u := range buckets {
			most[u.Begin] = max(most[u.Begin], u.Pods)
		}
	}
	for name, buckets := range containers {
		counted := buckets[:0]
		for _, u := range buckets {
			if u.Pods == 0 {
				u.Pods = most[u.Begin]
			}
			if u.Pods > 0 {
				counted = append(counted, u)
			}
		}
		if containers[name] = counted; len(counted) == 0 {
			delete(containers, name)
		}
	}
}

func anyIdle(containers map[string][]utilization.Usage) bool {
	for _, buckets := range containers {
		for _, u := range buckets {
			if u.Pods == 0 {
				return true
			}
		}
	}
	return false
}
