package datadog

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// Scope is what all queries of a client have in common.
type Scope struct {
	// ClusterTag:ClusterName is in every filter.
	ClusterTag, ClusterName string
	// UsageMetric is in nanocores.
	UsageMetric string
	// Tags are the Datadog tags of the kinds of workloads.
	Tags map[string]string
	// Step is the width of a bucket: whole seconds, at least one.
	Step time.Duration
	// MaxAge is how far back buckets are of use.
	MaxAge time.Duration
}

// Query is one question about a batch of workloads. Equal questions have equal
// texts, so that what two replicas of Crest send can be compared.
type Query struct {
	scope Scope
	// From is inclusive, To exclusive; both are multiples of Step since the
	// epoch, and so are the buckets.
	From, To time.Time
	kinds    []kindQuery
	// workloads are those that are asked about; asked is the index of each.
	workloads []utilization.Workload
	asked     map[utilization.Workload]int
}

// kindQuery is what is asked about the workloads of one kind.
type kindQuery struct {
	kind, tag         string
	namespaces, names []string
}

// containerTag and namespaceTag are the agent's tags of every container.
const (
	containerTag = "kube_container_name"
	namespaceTag = "kube_namespace"
)

// CanAsk says whether a question about the workload can be put at all: its
// kind has a tag, and its names are such that it can exist.
func (s Scope) CanAsk(w utilization.Workload) bool {
	return s.Tags[w.Kind] != "" && isKubernetesName(w.Namespace) && isKubernetesName(w.Name)
}

// Ask makes one question about all of the workloads, for the buckets that have
// ended by now and reach back MaxAge and two buckets more: one for the bucket
// that now cuts, one for the lag of the service. Workloads for which CanAsk is
// false are not asked about.
func (s Scope) Ask(workloads []utilization.Workload, now time.Time) Query {
	q := Query{
		scope: s,
		From:  floor(now.Add(-s.MaxAge-s.Step), s.Step).Add(-s.Step),
		To:    floor(now, s.Step),
		asked: make(map[utilization.Workload]int, len(workloads)),
	}
	byKind := map[string][]utilization.Workload{}
	for _, w := range workloads {
		if _, twice := q.asked[w]; twice || !s.CanAsk(w) {
			continue
		}
		q.asked[w] = len(q.workloads)
		q.workloads = append(q.workloads, w)
		byKind[w.Kind] = append(byKind[w.Kind], w)
	}
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		k := kindQuery{kind: kind, tag: s.Tags[kind]}
		for _, w := range byKind[kind] {
			k.namespaces = append(k.namespaces, w.Namespace)
			k.names = append(k.names, w.Name)
		}
		k.namespaces, k.names = set(k.namespaces), set(k.names)
		q.kinds = append(q.kinds, k)
	}
	return q
}

// floor is the last multiple of step, counted from the epoch, that is not
// after t. (time.Truncate counts from the year 1.)
func floor(t time.Time, step time.Duration) time.Time {
	ms, by := t.UnixMilli(), step.Milliseconds()
	return time.UnixMilli(ms - (ms%by+by)%by).UTC()
}

func set(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// The two aggregators of each kind, in the order of their queries.
const (
	meanQuery = iota
	sumQuery
	queriesOfKind
)

var aggregators = [queriesOfKind]string{meanQuery: "avg", sumQuery: "sum"}

// Texts are the metric queries: for each kind, in alphabetical order, the mean
// and the sum over Pods.
func (q Query) Texts() []string {
	texts := make([]string, 0, queriesOfKind*len(q.kinds))
	for _, k := range q.kinds {
		for _, aggregator := range aggregators {
			texts = append(texts, q.text(k, aggregator))
		}
	}
	return texts
}

// text is one metric query. Its filter uses the words AND, OR and IN only:
// Datadog refuses a filter that mixes them with the comma or the "!". Without
// .fill(null) a gauge would be interpolated over gaps of up to five minutes.
func (q Query) text(k kindQuery, aggregator string) string {
	var b strings.Builder
	b.WriteString(aggregator + ":" + q.scope.UsageMetric)
	b.WriteString("{" + q.scope.ClusterTag + ":" + q.scope.ClusterName)
	b.WriteString(" AND " + oneOf(namespaceTag, k.namespaces))
	b.WriteString(" AND " + oneOf(k.tag, k.names))
	b.WriteString("} by {" + namespaceTag + "," + k.tag + "," + containerTag + "}")
	seconds := strconv.FormatInt(int64(q.scope.Step/time.Second), 10)
	b.WriteString(".rollup(avg," + seconds + ").fill(null)")
	return b.String()
}

// oneOf is the condition that tag has one of the names. A name that is also a
// word of the language stands behind its tag's colon, where it can only be a
// value.
func oneOf(tag string, names []string) string {
	var plain, alternatives []string
	for _, name := range names {
		if isKeyword(name) {
			alternatives = append(alternatives, tag+":"+name)
		} else {
			plain = append(plain, name)
		}
	}
	if len(plain) > 0 {
		in := tag + " IN (" + strings.Join(plain, ",") + ")"
		alternatives = append([]string{in}, alternatives...)
	}
	if len(alternatives) == 1 {
		return alternatives[0]
	}
	return "(" + strings.Join(alternatives, " OR ") + ")"
}
