package datadogsim

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/world"
)

const (
	appGroup   = "[kube_namespace:shop kube_deployment:item kube_container_name:app]"
	proxyGroup = "[kube_namespace:shop kube_deployment:item kube_container_name:istio-proxy]"
)

// cores renders values in cores, "-" for null.
func cores(values []*float64) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = "-"
		if v != nil {
			texts[i] = fmt.Sprintf("%.3f", *v/1e9)
		}
	}
	return strings.Join(texts, " ")
}

func TestUsageIsTheMeanOverPodsInNanocores(t *testing.T) {
	f := newFixture(t, nil)
	groups := f.ask(usage).byGroup()
	if got, want := cores(groups[appGroup]), "0.200 0.200"; got != want {
		t.Errorf("app: got %s, want %s", got, want)
	}
	if got, want := cores(groups[proxyGroup]), "0.100 0.100"; got != want {
		t.Errorf("istio-proxy: got %s, want %s", got, want)
	}
	if len(groups) != 2 {
		t.Errorf("got groups %v", groups)
	}
}

func TestSpaceAggregators(t *testing.T) {
	f := newFixture(t, nil)
	// A third Pod, of another service, makes the Pods unlike.
	f.service(world.Service{
		Namespace: "shop", Name: "cart", Selector: map[string]string{"app": "cart"},
		Idle: map[string]world.Cores{"app": 0.8},
	})
	f.world.SetPod(start, podOf("shop", "cart", 0))
	f.world.Step(start)
	for name, want := range map[string]string{"avg": "0.400", "sum": "1.200", "min": "0.200", "max": "0.800"} {
		t.Run(name, func(t *testing.T) {
			groups := f.ask(name + ":kubernetes.cpu.usage.total{kube_container_name:app}.rollup(avg,60).fill(null)").byGroup()
			if got := cores(groups["[]"]); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestSumOverAvgIsTheNumberOfSeries(t *testing.T) {
	f := newFixture(t, nil)
	w := f.ask(usage, strings.Replace(usage, "avg:", "sum:", 1))
	if n := len(w.Data.Attributes.Series); n != 4 {
		t.Fatalf("got %d series, want 4", n)
	}
	values := w.Data.Attributes.Values
	if got := *values[2][1] / *values[0][1]; math.Abs(got-2) > 1e-9 {
		t.Errorf("coverage is %g, want 2", got)
	}
	if q := w.Data.Attributes.Series[2].Query; q != 1 {
		t.Errorf("the third series is of query %d, want 1", q)
	}
}

func TestBucketsAreAlignedToTheClock(t *testing.T) {
	f := newFixture(t, nil)
	tests := map[string]struct {
		now  time.Duration // after the start
		want []time.Duration
	}{
		"a range that begins at a bucket":             {2 * time.Minute, []time.Duration{60 * time.Second, 90 * time.Second}},
		"a range that begins within a bucket":         {2*time.Minute + 7*time.Second, []time.Duration{60 * time.Second, 90 * time.Second, 120 * time.Second}},
		"a range that begins before the first points": {45 * time.Second, []time.Duration{0, 30 * time.Second}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f.now = start.Add(test.now)
			got := f.ask(usage).Data.Attributes.Times
			if len(got) != len(test.want) {
				t.Fatalf("got %d times, want %d", len(got), len(test.want))
			}
			for i := range got {
				if want := start.Add(test.want[i]).UnixMilli(); got[i] != want {
					t.Errorf("time %d is %d, want %d", i, got[i], want)
				}
			}
		})
	}
}

func TestTheEndOfTheRangeIsExclusive(t *testing.T) {
	f := newFixture(t, nil)
	f.now = start.Add(90 * time.Second)
	for _, at := range f.ask(usage).Data.Attributes.Times {
		if at >= f.now.UnixMilli() {
			t.Errorf("time %d is not before the end %d", at, f.now.UnixMilli())
		}
	}
}

func TestAContainerHasItsFirstPointAtTheSecondCheck(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.AgentInterval = 20 * time.Second })
	f.now = start.Add(15 * time.Second)
	if w := f.ask(usage); len(w.Data.Attributes.Series) != 0 {
		t.Errorf("after 15 s there are %d series", len(w.Data.Attributes.Series))
	}
	f.now = start.Add(41 * time.Second)
	if w := f.ask(usage); len(w.Data.Attributes.Series) != 2 {
		t.Errorf("after 41 s there are %d series, want 2", len(w.Data.Attributes.Series))
	}
}

func TestLagHidesWhatIsYoung(t *testing.T) {
	f := newFixture(t, nil)
	f.sim.SetLag("", 30*time.Second)
	if got, want := len(f.ask(usage).Data.Attributes.Times), 2; got > want {
		t.Errorf("got %d buckets, want at most %d", got, want)
	}
	// A change of load is seen only once it is older than the lag.
	changed := f.now
	if err := f.world.SetLoad("shop", "item", 2000); err != nil {
		t.Fatal(err)
	}
	f.world.Step(changed)
	f.now = changed.Add(29 * time.Second)
	if got := newest(f.ask(usage).byGroup()[appGroup]); math.Abs(got-0.2) > 1e-6 {
		t.Errorf("29 s after the change the usage is %g, want 0.2", got)
	}
	f.sim.SetLag("shop", 0)
	f.now = changed.Add(30 * time.Second)
	if got := newest(f.ask(usage).byGroup()[appGroup]); got < 1.9 {
		t.Errorf("30 s after the change, without a lag, the usage is %g, want about 2", got)
	}
}

// newest is the last value that is not null, in cores.
func newest(values []*float64) float64 {
	for i := len(values) - 1; i >= 0; i-- {
		if values[i] != nil {
			return *values[i] / 1e9
		}
	}
	return math.NaN()
}

func TestTheNewestBucketIsPartialBecauseHostsReportLate(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.HostJitter = 40 * time.Second })
	for i := 2; i < 20; i++ {
		f.world.SetPod(start, podOf("shop", "item", i))
	}
	f.world.Step(start)
	count := "sum:kubernetes.cpu.requests{kube_container_name:app}.rollup(avg,30).fill(null)"
	values := f.ask(count).byGroup()["[]"]
	if got, want := *values[0], 20.0; got != want {
		t.Errorf("the bucket before the newest has %g Pods, want %g", got, want)
	}
	if got := *values[1]; got < 1 || got >= 20 {
		t.Errorf("the newest bucket has %g Pods, want some but not all 20", got)
	}
	f.now = f.now.Add(40 * time.Second)
	for i, v := range f.ask(count).byGroup()["[]"][:2] {
		if *v != 20 {
			t.Errorf("40 s later bucket %d has %g Pods, want 20", i, *v)
		}
	}
}

func TestAMissingTagReadsNA(t *testing.T) {
	f := newFixture(t, nil)
	groups := f.ask("avg:kubernetes.cpu.usage.total{*} by {kube_stateful_set}.rollup(avg,60).fill(null)").byGroup()
	if _, ok := groups["[kube_stateful_set:N/A]"]; !ok || len(groups) != 1 {
		t.Errorf("got groups %v", groups)
	}
}

func TestARolloutHasTheTagOfADeploymentToo(t *testing.T) {
	f := newFixture(t, nil)
	p := podOf("shop", "cart", 0)
	p.Labels["rollouts-pod-template-hash"] = "6d5f7c8b9"
	f.world.SetPod(start, p)
	f.world.Step(start)
	groups := f.ask("avg:kubernetes.cpu.usage.total{kube_argo_rollout:cart} by {kube_argo_rollout,kube_deployment}.rollup(avg,60).fill(null)").byGroup()
	if _, ok := groups["[kube_argo_rollout:cart kube_deployment:cart]"]; !ok || len(groups) != 1 {
		t.Errorf("got groups %v", groups)
	}
}

func TestAnotherClusterOrMetricIsSilence(t *testing.T) {
	f := newFixture(t, nil)
	for name, q := range map[string]string{
		"another cluster": strings.Replace(usage, "prod", "prd", 1),
		"another metric":  strings.Replace(usage, "usage.total", "usage.totl", 1),
	} {
		t.Run(name, func(t *testing.T) {
			a := f.ask(q).Data.Attributes
			if len(a.Series)+len(a.Times)+len(a.Values) != 0 {
				t.Errorf("got %+v, want nothing", a)
			}
		})
	}
}

func TestTheRequestsIntervalCountsWithoutARollup(t *testing.T) {
	f := newFixture(t, nil)
	times := f.ask("avg:kubernetes.cpu.usage.total{*}.fill(null)").Data.Attributes.Times
	if len(times) != 2 || times[1]-times[0] != 30_000 {
		t.Errorf("got times %v, want two that are 30 s apart", times)
	}
}

// BenchmarkAThousandWorkloads is one call for 1,000 workloads of 10 Pods with
// 2 containers; it should stay well under a second.
func BenchmarkAThousandWorkloads(b *testing.B) {
	f := newFixture(b, func(o *Options) { o.AgentInterval = 20 * time.Second })
	names := make([]string, 1000)
	for d := range names {
		names[d] = fmt.Sprintf("w%d", d)
		for i := range 10 {
			f.world.SetPod(start, podOf("big", names[d], i))
		}
	}
	f.world.Step(start)
	q := "avg:kubernetes.cpu.usage.total{kube_namespace:big AND kube_deployment IN (" + strings.Join(names, ",") +
		")} by {kube_namespace,kube_deployment,kube_container_name}.rollup(avg,30).fill(null)"
	body := f.body(q, strings.Replace(q, "avg:", "sum:", 1))
	b.ReportAllocs()
	for b.Loop() {
		if rw := f.post(body); rw.Code != http.StatusOK {
			b.Fatalf("status %d: %s", rw.Code, rw.Body)
		}
	}
}
