package datadog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// Usage is what an answer holds: for each workload that it has something for,
// the buckets of each container, oldest first.
type Usage = map[utilization.Workload]map[string][]utilization.Usage

// answerBody is the body of an answer as the API documents it. Members that
// nobody reads (unit, type) may be anything.
type answerBody struct {
	Data *struct {
		Attributes *answer `json:"attributes"`
	} `json:"data"`
	Errors json.RawMessage `json:"errors"`
}

// answer holds one row of Values for each of Series, and in each row one value
// (null is none) for each of Times. Times are the beginnings of buckets in
// milliseconds since the epoch, and only those at which some series has a value.
type answer struct {
	Series []series     `json:"series"`
	Times  []int64      `json:"times"`
	Values [][]*float64 `json:"values"`
}

type series struct {
	// GroupTags are of the form "tag:value", in any order.
	GroupTags []string `json:"group_tags"`
	// QueryIndex counts the queries of the request.
	QueryIndex *int `json:"query_index"`
}

// Decode reads the body of an answer with status 200 to this query. Series of
// other workloads are left out, and so are buckets before From or after To,
// and values that cannot be usage. The error is always an [*Error], its code
// CodeUndecodable, CodeRejected, CodeInterval or CodeEmpty.
//
// Nothing is taken from the order of series or times. The client's own models
// are not used: they take a body of unexpected types for an empty one, without
// an error, and nine times as long.
func (q Query) Decode(body []byte, secrets ...string) (Usage, error) {
	a, err := parse(body, secrets)
	if err != nil {
		return nil, err
	}
	if err := a.check(len(q.kinds)*queriesOfKind, q.scope.Step); err != nil {
		return nil, err
	}
	buckets, err := q.grid(a.Times)
	if err != nil {
		return nil, err
	}
	pairs, err := q.pair(a)
	if err != nil {
		return nil, err
	}
	usage := usageOf(pairs, buckets, q.scope.Step)
	if len(usage) == 0 {
		return nil, q.empty(a, len(pairs))
	}
	return usage, nil
}

// parse reads the JSON and everything that is said beside the data.
func parse(body []byte, secrets []string) (*answer, error) {
	var b answerBody
	if err := json.Unmarshal(body, &b); err != nil {
		return nil, &Error{Code: CodeUndecodable, Err: err, Text: "Datadog's answer cannot be understood: " + quote(whyUndecodable(body, err), secrets...)}
	}
	if said := errorsIn(b.Errors); said != "" {
		return nil, &Error{Code: CodeRejected, Text: fmt.Sprintf("Datadog answered 200, but with an error: %q", quote(said, secrets...))}
	}
	if b.Data == nil || b.Data.Attributes == nil {
		return nil, undecodable("it has no data")
	}
	return b.Data.Attributes, nil
}

func undecodable(format string, args ...any) *Error {
	return &Error{Code: CodeUndecodable, Text: "Datadog's answer cannot be believed: " + fmt.Sprintf(format, args...)}
}

// whyUndecodable says in which way a body is not the JSON that it should be.
func whyUndecodable(body []byte, err error) string {
	trimmed := bytes.TrimSpace(body)
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case len(trimmed) == 0:
		return "it is empty"
	case trimmed[0] == '<':
		return "it is a page of HTML, as a proxy or a login sends it; check datadog.site, datadog.url and HTTPS_PROXY"
	case errors.As(err, &wrongType):
		return fmt.Sprintf("%s is a %s", wrongType.Field, wrongType.Value)
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &syntax) && syntax.Offset >= int64(len(body)):
		return fmt.Sprintf("it is cut off after %d bytes", len(body))
	default:
		return err.Error()
	}
}

// errorsIn is the text of an "errors" member. It is documented as a string,
// and in error responses as a list of strings; either way it says that the
// data are not to be trusted.
func errorsIn(raw json.RawMessage) string {
	var text string
	var list []any
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case json.Unmarshal(raw, &text) == nil:
		return strings.TrimSpace(text)
	case json.Unmarshal(raw, &list) == nil:
		texts := make([]string, 0, len(list))
		for _, item := range list {
			texts = append(texts, errorItem(item))
		}
		return strings.Join(texts, "; ")
	default:
		return string(raw)
	}
}

// errorItem is the text of one error, which is a string or, as JSON:API has
// it, an object with a title and a detail.
func errorItem(item any) string {
	object, ok := item.(map[string]any)
	if !ok {
		return fmt.Sprint(item)
	}
	for _, member := range []string{"detail", "title", "message"} {
		if text, ok := object[member].(string); ok && text != "" {
			return text
		}
	}
	return fmt.Sprint(item)
}

// check says whether the parts of an answer fit together.
func (a *answer) check(queries int, step time.Duration) error {
	if len(a.Values) != len(a.Series) {
		return undecodable("%d rows of values for %d series", len(a.Values), len(a.Series))
	}
	for i, row := range a.Values {
		if len(row) != len(a.Times) {
			return undecodable("row %d has %d values for %d times", i, len(row), len(a.Times))
		}
		if index := a.Series[i].QueryIndex; index == nil || *index < 0 || *index >= queries {
			return undecodable("series %d does not say which of the %d queries it answers", i, queries)
		}
	}
	return checkTimes(a.Times, step)
}

// pair is what two series, a mean and a sum, say about one container of one
// workload, a value for each time; either may be missing.
type pair struct {
	values [queriesOfKind][]*float64
}

type group struct {
	workload  utilization.Workload
	container string
}

// pair brings the mean and the sum of each container together, for the
// workloads that were asked about.
func (q Query) pair(a *answer) (map[group]*pair, error) {
	pairs := make(map[group]*pair, len(a.Series)/queriesOfKind)
	for i, s := range a.Series {
		g, ok := q.group(s)
		if !ok {
			continue
		}
		p := pairs[g]
		if p == nil {
			p = &pair{}
			pairs[g] = p
		}
		which := *s.QueryIndex % queriesOfKind
		if p.values[which] != nil {
			return nil, undecodable("it has two series for the %s of container %q of %s", aggregators[which], g.container, g.workload)
		}
		p.values[which] = a.Values[i]
	}
	return pairs, nil
}

// group is the container that a series is about. It is not ok if that is none
// of ours: another workload (the conditions on namespace and name are a cross
// product), or a tag that is missing, which Datadog shows as "N/A".
func (q Query) group(s series) (group, bool) {
	kind := q.kinds[*s.QueryIndex/queriesOfKind]
	g := group{workload: utilization.Workload{Kind: kind.kind}}
	for _, tag := range s.GroupTags {
		key, value, _ := strings.Cut(tag, ":")
		var into *string
		switch key {
		case namespaceTag:
			into = &g.workload.Namespace
		case kind.tag:
			into = &g.workload.Name
		case containerTag:
			into = &g.container
		default:
			continue
		}
		if *into != "" {
			return group{}, false
		}
		*into = value
	}
	_, asked := q.asked[g.workload]
	return g, asked && isKubernetesName(g.container)
}

// usageOf turns pairs of series into buckets.
func usageOf(pairs map[group]*pair, buckets []bucket, step time.Duration) Usage {
	usage := Usage{}
	for g, p := range pairs {
		means, sums := p.values[meanQuery], p.values[sumQuery]
		if means == nil || sums == nil {
			continue
		}
		var found []utilization.Usage
		for _, b := range buckets {
			mean, pods, ok := measure(means[b.index], sums[b.index])
			if ok {
				found = append(found, utilization.Usage{
					Span: utilization.Span{Begin: b.begin, End: b.begin.Add(step)},
					Mean: mean,
					Pods: pods,
				})
			}
		}
		if len(found) == 0 {
			continue
		}
		if usage[g.workload] == nil {
			usage[g.workload] = map[string][]utilization.Usage{}
		}
		usage[g.workload][g.container] = found
	}
	for workload, containers := range usage {
		if countIdle(containers); len(containers) == 0 {
			delete(usage, workload)
		}
	}
	return usage
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
func measure(mean, sum *float64) (utilization.Nanocores, int, bool) {
	if mean == nil || sum == nil || *mean < 0 || *mean > mostNanocores {
		return 0, 0, false
	}
	if *mean == 0 {
		return 0, 0, *sum == 0
	}
	pods := math.Round(*sum / *mean)
	if pods < 1 || pods > mostPods {
		return 0, 0, false
	}
	return utilization.Nanocores(math.Round(*mean)), int(pods), true
}

// countIdle gives the buckets whose Pods cannot be counted, because a
// container used exactly nothing, the count of another container of the
// workload in the same bucket: one agent reports all containers of a Pod.
// Without another one the bucket says nothing, and is removed.
func countIdle(containers map[string][]utilization.Usage) {
	most := map[time.Time]int{}
	idle := false
	for _, buckets := range containers {
		for _, u := range buckets {
			most[u.Begin] = max(most[u.Begin], u.Pods)
			idle = idle || u.Pods == 0
		}
	}
	if !idle {
		return
	}
	for name, buckets := range containers {
		kept := buckets[:0]
		for _, u := range buckets {
			if u.Pods == 0 {
				u.Pods = most[u.Begin]
			}
			if u.Pods > 0 {
				kept = append(kept, u)
			}
		}
		if containers[name] = kept; len(kept) == 0 {
			delete(containers, name)
		}
	}
}
