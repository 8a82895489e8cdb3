package datadog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
// for each of Times. Times are the beginnings of buckets in
// milliseconds since the epoch, and only those at which some series has a value.
type answer struct {
	Series []series `json:"series"`
	Times  []int64  `json:"times"`
	Values []row    `json:"values"`
}

type series struct {
	// GroupTags are of the form "tag:value", in any order.
	GroupTags []string `json:"group_tags"`
	// QueryIndex counts the queries of the request.
	QueryIndex *int `json:"query_index"`
}

// Decode reads the body of an answer with status 200 to this query. Series of
// other workloads are left out, and so are buckets outside of From and To,
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
	pairs, found, err := q.pair(a)
	if err != nil {
		return nil, err
	}
	usage := q.usageOf(pairs, buckets)
	if len(usage) == 0 {
		return nil, q.empty(a, found)
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
	case errors.As(err, &syntax) && strings.HasPrefix(syntax.Error(), "unexpected end"):
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

// empty is the error of an answer that has nothing for us: a cluster whose
// name is misspelt looks like this, and must not look like idle workloads.
func (q Query) empty(a *answer, ours int) *Error {
	cluster := q.scope.ClusterTag + ":" + q.scope.ClusterName
	if ours == 0 {
		return &Error{Code: CodeEmpty, Text: fmt.Sprintf("Datadog has no series of %s for %s and any of the %d workloads asked for: "+
			"is datadog.clusterName right (%s=%q), and do the agents run there?", q.scope.UsageMetric, cluster, len(q.asked), q.scope.ClusterTag, q.scope.ClusterName)}
	}
	newest := "and no time at all"
	if len(a.Times) > 0 {
		newest = "the newest value is of " + time.UnixMilli(slices.Max(a.Times)).UTC().Format(time.RFC3339)
	}
	return &Error{Code: CodeEmpty, Text: fmt.Sprintf("Datadog has series for %s, but no usable value between %s and %s (%s): "+
		"have the agents stopped, or is a clock wrong?", cluster, q.From.Format(time.RFC3339), q.To.Format(time.RFC3339), newest)}
}
