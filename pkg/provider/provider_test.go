package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

var (
	testTime = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	testSpan = utilization.Span{Begin: testTime.Add(-time.Minute), End: testTime.Add(-30 * time.Second)}
)

func testNow() time.Time { return testTime }

// fake is a collection, its snapshot, and what is true of workloads now.
type fake struct {
	entries map[utilization.Selection]fakeEntry
	// arrives are the entries that an enrolment adds.
	arrives  map[utilization.Selection]fakeEntry
	enrolled []utilization.Want
	refuses  error
	stale    error
	empty    bool
	hpas     map[string]utilization.Workload
	hpaError error
}

func (f *fake) Snapshot() Snapshot {
	if f.empty {
		return nil
	}
	return f
}

func (f *fake) Enrol(_ context.Context, want utilization.Want) error {
	f.enrolled = append(f.enrolled, want)
	if e, ok := f.arrives[want.Selection]; ok {
		f.empty = false
		f.entries = map[utilization.Selection]fakeEntry{want.Selection: e}
	}
	return f.refuses
}

func (f *fake) Get(sel utilization.Selection) (Entry, bool) {
	e, ok := f.entries[sel]
	return e, ok
}

func (f *fake) Stale(time.Time) error { return f.stale }

func (f *fake) Scale(utilization.Selection) utilization.Scale { return utilization.Scale{Replicas: 7} }

func (f *fake) ScaleTarget(namespace, hpa string) (utilization.Workload, error) {
	if w, ok := f.hpas[hpa]; ok {
		return w, nil
	}
	if f.hpaError != nil {
		return utilization.Workload{}, f.hpaError
	}
	return utilization.Workload{}, &utilization.NotFoundError{Workload: utilization.Workload{Kind: "hpa", Namespace: namespace, Name: hpa}}
}

// fakeEntry answers the same whenever it is asked.
type fakeEntry struct {
	max        Answer
	containers []Answer
	average    Answer
	err        error
	averageErr error
}

func (e fakeEntry) Max(scale utilization.Scale, now time.Time) (Answer, error) {
	if scale.Replicas != 7 || !now.Equal(testTime) {
		return Answer{}, errors.New("the entry was not told what is true now")
	}
	return e.max, e.err
}

func (e fakeEntry) Containers(utilization.Scale, time.Time) ([]Answer, error) {
	return e.containers, e.err
}

func (e fakeEntry) PodAverage(time.Time) (Answer, error) { return e.average, e.averageErr }

func newProvider(t testing.TB, f *fake) (*Provider, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	p, err := New(Options{Grammar: testGrammar, Collection: f, Scales: f, Registerer: registry, Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	return p, registry
}

func measured(value utilization.Percent, source fallback.Source, container string) Answer {
	return Answer{Value: value, Measured: value, Span: testSpan, Source: source, Container: container}
}

var item = utilization.Selection{Workload: workload("deployment", "item")}

func TestItems(t *testing.T) {
	hot := measured(78.4121, fallback.Datadog, "istio-proxy")
	held := Answer{Value: 70, Measured: 39, Span: testSpan, Source: fallback.MetricsServer, Held: utilization.FallbackScaleDown}
	all := Answer{
		Value: 70, Measured: 39.04, Span: testSpan, Source: fallback.MetricsServer,
		Calibrated: true, Rebased: true, Held: utilization.TooFewReady,
	}
	one := func(e fakeEntry) *fake { return &fake{entries: map[utilization.Selection]fakeEntry{item: e}} }
	tests := map[string]struct {
		fake     *fake
		metric   string
		selector string
		// want are value and labels of each item.
		want []string
	}{
		"the hottest container, three decimals kept": {
			one(fakeEntry{max: hot}), MaxContainer, "deployment=item",
			[]string{"78412m container=istio-proxy deployment=item source=datadog"},
		},
		"a Pod average has no container": {
			one(fakeEntry{max: measured(50, fallback.MetricsServer, "")}), MaxContainer, "deployment=item",
			[]string{"50 deployment=item source=metrics-server"},
		},
		"a held value says why, and from what": {
			one(fakeEntry{max: held}), MaxContainer, "deployment=item",
			[]string{"70 adjusted=held deployment=item measured=39.0 reason=FallbackScaleDown source=metrics-server"},
		},
		"what was done to a value is in the order in which it was done": {
			one(fakeEntry{max: all}), MaxContainer, "deployment=item",
			[]string{"70 adjusted=calibrated,rebased,held deployment=item measured=39.0 reason=TooFewReady source=metrics-server"},
		},
		"an idle workload is zero": {
			one(fakeEntry{max: measured(0, fallback.Datadog, "app")}), MaxContainer, "deployment=item",
			[]string{"0 container=app deployment=item source=datadog"},
		},
		"an item a container": {
			one(fakeEntry{containers: []Answer{measured(10, fallback.Datadog, "app"), hot}}), Container, "deployment=item",
			[]string{"10 container=app deployment=item source=datadog", "78412m container=istio-proxy deployment=item source=datadog"},
		},
		"the plain Pod average": {
			one(fakeEntry{average: measured(44.2, fallback.MetricsServer, "")}), PodAverage, "deployment=item",
			[]string{"44200m deployment=item source=metrics-server"},
		},
		"the workload of an HPA is labelled as what it is": {
			&fake{entries: map[utilization.Selection]fakeEntry{item: {max: hot}}, hpas: map[string]utilization.Workload{"item-hpa": item.Workload}},
			MaxContainer, "hpa=item-hpa",
			[]string{"78412m container=istio-proxy deployment=item source=datadog"},
		},
		"a stranger is enrolled and answered": {
			&fake{arrives: map[utilization.Selection]fakeEntry{item: {max: hot}}}, MaxContainer, "deployment=item",
			[]string{"78412m container=istio-proxy deployment=item source=datadog"},
		},
		"a stranger before the first collection is enrolled and answered": {
			&fake{empty: true, arrives: map[utilization.Selection]fakeEntry{item: {max: hot}}}, MaxContainer, "deployment=item",
			[]string{"78412m container=istio-proxy deployment=item source=datadog"},
		},
		"a Pod average that nobody had asked for is collected": {
			&fake{
				entries: map[utilization.Selection]fakeEntry{item: {averageErr: errors.New("too old")}},
				arrives: map[utilization.Selection]fakeEntry{item: {average: measured(44, fallback.MetricsServer, "")}},
			}, PodAverage, "deployment=item",
			[]string{"44 deployment=item source=metrics-server"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, _ := newProvider(t, test.fake)
			selector, err := labels.Parse(test.selector)
			if err != nil {
				t.Fatal(err)
			}
			list, err := p.GetExternalMetric(t.Context(), "shop", selector, provider.ExternalMetricInfo{Metric: test.metric})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, i := range list.Items {
				text := i.Value.String()
				for _, label := range slices.Sorted(maps.Keys(i.MetricLabels)) {
					text += " " + label + "=" + i.MetricLabels[label]
				}
				got = append(got, text)
				if i.MetricName != test.metric || !i.Timestamp.Time.Equal(testSpan.End) || *i.WindowSeconds != 30 {
					t.Errorf("item %+v", i)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestErrorsAreAPIErrorsWithTheirMessage(t *testing.T) {
	failing := func(err error) *fake {
		return &fake{entries: map[utilization.Selection]fakeEntry{item: {err: err, averageErr: err}}}
	}
	tests := map[string]struct {
		fake     *fake
		metric   string
		selector string
		code     int32
		outcome  outcome
		message  string
	}{
		"a metric that is not ours":                          {&fake{}, "cpu", "deployment=item", http.StatusNotFound, outcomeUnknownMetric, `no external metric "cpu"; there are max_container_cpu_utilization, container_cpu_utilization, pod_cpu_utilization`},
		"a metric that has the name of the label for others": {&fake{}, "unknown", "deployment=item", http.StatusNotFound, outcomeUnknownMetric, `no external metric "unknown"`},
		"a selector outside the grammar":                     {&fake{}, MaxContainer, "deployment!=item", http.StatusBadRequest, outcomeBadSelector, `a selector that works: "deployment=item"`},
		"an HPA that does not exist":                         {&fake{}, MaxContainer, "hpa=gone", http.StatusNotFound, outcomeNotFound, `hpa "gone" in namespace "shop" does not exist`},
		"an HPA of a kind that is not configured":            {&fake{hpaError: errors.New("it scales a Foo")}, MaxContainer, "hpa=odd", http.StatusBadRequest, outcomeBadTarget, "it scales a Foo"},
		"HPAs that are not listed yet":                       {&fake{hpaError: &utilization.PendingError{What: "listing"}}, MaxContainer, "hpa=x", http.StatusServiceUnavailable, outcomePending, "listing"},
		"a workload that does not exist":                     {failing(&utilization.NotFoundError{Workload: item.Workload}), MaxContainer, "deployment=item", http.StatusNotFound, outcomeNotFound, `deployment "item" in namespace "shop" does not exist`},
		"no container is left": {
			failing(&utilization.NoContainerError{Selection: item, LeftOut: []utilization.LeftOut{{Container: "app", Reason: utilization.NoRequest, Detail: "has no CPU request"}}}),
			MaxContainer, "deployment=item", http.StatusUnprocessableEntity, outcomeNoContainer, "app has no CPU request (NoRequest)",
		},
		"no Pod is Ready":                                   {failing(&utilization.NotReadyError{Workload: item.Workload, Pods: 2, Waiting: map[string]int{"Unschedulable": 2}}), MaxContainer, "deployment=item", http.StatusServiceUnavailable, outcomeNotReady, "2: Unschedulable"},
		"HPAs that disagree":                                {failing(&utilization.ConflictError{Targets: []utilization.Target{{HPA: "shop/a", Value: 70}}}), MaxContainer, "deployment=item", http.StatusServiceUnavailable, outcomeConflict, "shop/a: target 70"},
		"an error that nobody foresaw":                      {failing(errors.New("no source has usable data")), Container, "deployment=item", http.StatusServiceUnavailable, outcomeUnavailable, "no source has usable data"},
		"a wrapped error is what it wraps":                  {failing(fmt.Errorf("reading: %w", &utilization.NotFoundError{Workload: item.Workload})), MaxContainer, "deployment=item", http.StatusNotFound, outcomeNotFound, "reading: deployment"},
		"a loop that is stuck":                              {&fake{stale: errors.New("the loop is stuck")}, MaxContainer, "deployment=item", http.StatusServiceUnavailable, outcomeUnavailable, "the loop is stuck"},
		"a stranger among many":                             {&fake{refuses: &BusyError{errors.New("expected at noon")}}, MaxContainer, "deployment=item", http.StatusServiceUnavailable, outcomeBusy, "expected at noon"},
		"a stranger that is not there after its collection": {&fake{}, MaxContainer, "deployment=item", http.StatusServiceUnavailable, outcomePending, "ask again"},
		"a Pod average that cannot be collected": {
			&fake{entries: map[utilization.Selection]fakeEntry{item: {averageErr: errors.New("metrics-server is down")}}},
			PodAverage, "deployment=item", http.StatusServiceUnavailable, outcomeUnavailable, "metrics-server is down",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, registry := newProvider(t, test.fake)
			selector, err := labels.Parse(test.selector)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.GetExternalMetric(t.Context(), "shop", selector, provider.ExternalMetricInfo{Metric: test.metric})
			var status *apierrors.StatusError
			if !errors.As(err, &status) {
				t.Fatalf("got %v, which the library makes a 500", err)
			}
			if status.ErrStatus.Code != test.code || !strings.Contains(status.ErrStatus.Message, test.message) {
				t.Errorf("got %d %q, want %d %q", status.ErrStatus.Code, status.ErrStatus.Message, test.code, test.message)
			}
			if seconds, ok := apierrors.SuggestsClientDelay(err); ok || seconds != 0 {
				t.Error("it carries Retry-After")
			}
			want := fmt.Sprintf("crest_answers_total{metric=%q,outcome=%q,source=\"none\"} 1", known(test.metric), test.outcome)
			if err := testutil.GatherAndCompare(registry, strings.NewReader(help(t, registry)+want+"\n"), "crest_answers_total"); err != nil {
				t.Error(err)
			}
		})
	}
}

// help is the head of crest_answers_total in the text format.
func help(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "crest_answers_total" {
			return "# HELP crest_answers_total " + f.GetHelp() + "\n# TYPE crest_answers_total counter\n"
		}
	}
	t.Fatal("crest_answers_total is not there")
	return ""
}

func TestAReadWithoutNamespaceIsRefused(t *testing.T) {
	p, _ := newProvider(t, &fake{})
	_, err := p.GetExternalMetric(t.Context(), "", labels.SelectorFromSet(labels.Set{"deployment": "item"}), provider.ExternalMetricInfo{Metric: MaxContainer})
	if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), "/namespaces/NAMESPACE/max_container_cpu_utilization") {
		t.Errorf("got %v", err)
	}
}

func TestEachLeftOutContainerIsACause(t *testing.T) {
	err := apiError(MaxContainer, &utilization.NoContainerError{Selection: item, LeftOut: []utilization.LeftOut{
		{Container: "app", Reason: utilization.NoRequest, Detail: "has no CPU request"},
		{Container: "log", Reason: utilization.RequestTooSmall, Detail: "requests 1m"},
	}})
	var status *apierrors.StatusError
	if !errors.As(err, &status) || len(status.ErrStatus.Details.Causes) != 2 {
		t.Fatalf("got %+v", err)
	}
	for i, part := range []string{"has no CPU request (NoRequest)", "requests 1m (RequestTooSmall)"} {
		if cause := status.ErrStatus.Details.Causes[i]; !strings.Contains(cause.Message, part) {
			t.Errorf("cause %d is %q, want %q", i, cause.Message, part)
		}
	}
}

func TestAKnownEntryIsNotEnrolled(t *testing.T) {
	f := &fake{entries: map[utilization.Selection]fakeEntry{item: {err: errors.New("down"), averageErr: &utilization.NotReadyError{Workload: item.Workload}}}}
	p, _ := newProvider(t, f)
	selector := labels.SelectorFromSet(labels.Set{"deployment": "item"})
	for _, metric := range Metrics() {
		if _, err := p.GetExternalMetric(t.Context(), "shop", selector, provider.ExternalMetricInfo{Metric: metric}); err == nil {
			t.Errorf("%s: no error", metric)
		}
	}
	if len(f.enrolled) != 0 {
		t.Errorf("enrolled %v: another collection would not help", f.enrolled)
	}
}

func TestAnswersAreCountedBySourceAndOutcome(t *testing.T) {
	tests := map[string]struct {
		answers []Answer
		source  fallback.Source
		want    outcome
	}{
		"as measured":                       {[]Answer{{Source: fallback.Datadog}}, fallback.Datadog, outcomeOK},
		"calibrated":                        {[]Answer{{Source: fallback.MetricsServer, Calibrated: true}}, fallback.MetricsServer, outcomeCalibrated},
		"calibrated and rebased":            {[]Answer{{Calibrated: true, Rebased: true}}, fallback.None, outcomeRebased},
		"rebased and held":                  {[]Answer{{Rebased: true, Held: utilization.Starting}}, fallback.None, outcomeHeld},
		"one of several held":               {[]Answer{{Held: utilization.Starting}, {Rebased: true}, {Calibrated: true}}, fallback.None, outcomeHeld},
		"one of several rebased":            {[]Answer{{Rebased: true}, {Calibrated: true}, {}}, fallback.None, outcomeRebased},
		"no answer at all, which is no sum": {nil, fallback.None, outcomeOK},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if source, got := summarize(test.answers); source != test.source || got != test.want {
				t.Errorf("got %s %s, want %s %s", source, got, test.source, test.want)
			}
		})
	}
}

func TestDiscoveryListsExactlyThreeMetrics(t *testing.T) {
	p, _ := newProvider(t, &fake{})
	want := []provider.ExternalMetricInfo{{Metric: MaxContainer}, {Metric: Container}, {Metric: PodAverage}}
	if got := p.ListAllExternalMetrics(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNewRefusesWhatIsMissing(t *testing.T) {
	if _, err := New(Options{Grammar: testGrammar}); err == nil {
		t.Error("a provider without a collection was made")
	}
}
