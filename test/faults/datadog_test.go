package faults

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crest-hpa/crest/pkg/datadog"
	"github.com/crest-hpa/crest/pkg/utilization"
	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/world"
)

// asked is the moment at which the simulator is asked, and reads the clock:
// a minute after a bucket has ended.
var asked = time.Date(2026, 1, 2, 12, 5, 0, 0, time.UTC)

// whole is what a client understands of a workload that nothing strikes: four
// Pods, each on a node of its own.
const whole = "app 200m of 4, istio-proxy 100m of 4, until 12:05:00"

// outcome is what the adapter's client makes of an answer: the code and a part
// of the message of a failure, or else what it understands of the workload
// item, which the fault strikes, and whether cart is as it was.
type outcome struct {
	fault      datadogsim.Fault
	code, says string
	item       string
}

// outcomes are those of each kind of fault at least once.
var outcomes = map[string]outcome{
	"no fault":               {item: whole},
	"it refuses connections": {fault: datadogsim.Fault{Kind: datadogsim.Refuse}, code: "refused", says: "refuses connections"},
	"it never answers":       {fault: datadogsim.Fault{Kind: datadogsim.Hang}, code: "timeout", says: "did not answer within datadog.timeout"},
	"it answers late":        {fault: datadogsim.Fault{Kind: datadogsim.Slow, Delay: 50 * time.Millisecond}, item: whole},
	"it answers too late":    {fault: datadogsim.Fault{Kind: datadogsim.Slow, Delay: time.Minute}, code: "timeout", says: "did not answer within datadog.timeout"},
	"it cuts the connection in the body": {
		fault: datadogsim.Fault{Kind: datadogsim.Reset}, code: "network", says: "the connection to Datadog",
	},
	"it answers 500": {fault: datadogsim.Fault{Kind: datadogsim.Status, Code: 500}, code: "500", says: "status.datadoghq.com"},
	"it answers 429": {
		fault: datadogsim.Fault{Kind: datadogsim.Status, Code: 429, Delay: 40 * time.Second}, code: "429", says: "resets in 40s",
	},

	"errors in place of data": {fault: datadogsim.Fault{Kind: datadogsim.ErrorsString}, code: "rejected", says: "Query timed out"},
	"errors beside data":      {fault: datadogsim.Fault{Kind: datadogsim.ErrorsBesideData}, code: "rejected", says: "Query timed out"},
	"errors as a list":        {fault: datadogsim.Fault{Kind: datadogsim.ErrorsArray}, code: "rejected", says: "answered 200, but with an error"},
	"numbers as strings":      {fault: datadogsim.Fault{Kind: datadogsim.NumbersAsStrings}, code: "undecodable", says: "cannot be understood"},
	"no data":                 {fault: datadogsim.Fault{Kind: datadogsim.NullData}, code: "undecodable", says: "it has no data"},
	"no content":              {fault: datadogsim.Fault{Kind: datadogsim.NoContent}, code: "204", says: "no answer to a query"},
	"a page of HTML":          {fault: datadogsim.Fault{Kind: datadogsim.HTMLPage}, code: "undecodable", says: "a page of HTML"},
	"cut off":                 {fault: datadogsim.Fault{Kind: datadogsim.Truncated}, code: "undecodable", says: "it is cut off"},
	"200 MB": {
		fault: datadogsim.Fault{Kind: datadogsim.Huge, Size: 200 << 20}, code: "too_large", says: "larger than 64 MiB",
	},

	"a workload is missing":     {fault: datadogsim.Fault{Kind: datadogsim.Missing, Workload: "item"}, item: "nothing"},
	"a container is missing":    {fault: datadogsim.Fault{Kind: datadogsim.Missing, Workload: "item", Container: "app"}, item: "istio-proxy 100m of 4, until 12:05:00"},
	"its tags read N/A":         {fault: datadogsim.Fault{Kind: datadogsim.Untagged, Workload: "item"}, item: "nothing"},
	"three of four agents gone": {fault: datadogsim.Fault{Kind: datadogsim.AgentsGone, Workload: "item", Fraction: 0.75, Since: asked.Add(-2 * time.Minute)}, item: "app 200m of 1, istio-proxy 100m of 1, until 12:05:00"},
	"its data stop advancing":   {fault: datadogsim.Fault{Kind: datadogsim.Frozen, Workload: "item", Since: asked.Add(-time.Minute)}, item: "app 200m of 4, istio-proxy 100m of 4, until 12:04:00"},
	"two clusters of one name":  {fault: datadogsim.Fault{Kind: datadogsim.TwoClusters, Workload: "item"}, item: "app 200m of 8, istio-proxy 100m of 8, until 12:05:00"},
	"coarser buckets":           {fault: datadogsim.Fault{Kind: datadogsim.Coarser, Width: time.Minute}, code: "interval", says: "in buckets of 1m0s instead of 30s"},
	"no series at all":          {fault: datadogsim.Fault{Kind: datadogsim.Empty}, code: "empty", says: "Datadog has no series of"},
	"series in another order":   {fault: datadogsim.Fault{Kind: datadogsim.Shuffled}, item: whole},
	"series twice":              {fault: datadogsim.Fault{Kind: datadogsim.Doubled, Workload: "item"}, code: "undecodable", says: "it has two series for the avg of container"},
	"series of others":          {fault: datadogsim.Fault{Kind: datadogsim.Foreign, Workload: "item"}, item: whole},
	"a newest bucket of nulls":  {fault: datadogsim.Fault{Kind: datadogsim.NullTail, Workload: "item"}, item: "app 200m of 4, istio-proxy 100m of 4, until 12:04:30"},
	"rows of nulls":             {fault: datadogsim.Fault{Kind: datadogsim.NullRows, Workload: "item"}, code: "undecodable", says: "instead of a bracket"},
	"a negative value":          {fault: datadogsim.Fault{Kind: datadogsim.Absurd, Workload: "item", Value: -1}, item: "nothing"},
	"an enormous value":         {fault: datadogsim.Fault{Kind: datadogsim.Absurd, Workload: "item", Value: 1e30}, item: "nothing"},
	"NaN":                       {fault: datadogsim.Fault{Kind: datadogsim.Absurd, Workload: "item", Value: math.NaN()}, code: "undecodable", says: "cannot be understood"},
	"infinity":                  {fault: datadogsim.Fault{Kind: datadogsim.Absurd, Workload: "item", Value: math.Inf(1)}, code: "undecodable", says: "cannot be understood"},
	"rows that are too long":    {fault: datadogsim.Fault{Kind: datadogsim.RowsLong, Workload: "item"}, code: "undecodable", says: "values for"},
	"rows that are too short":   {fault: datadogsim.Fault{Kind: datadogsim.RowsShort, Workload: "item"}, code: "undecodable", says: "values for"},
	"a row too few":             {fault: datadogsim.Fault{Kind: datadogsim.RowsMissing}, code: "undecodable", says: "rows of values for"},
	"times in seconds":          {fault: datadogsim.Fault{Kind: datadogsim.TimesInSeconds}, code: "undecodable", says: "not in milliseconds"},
	"data from the future":      {fault: datadogsim.Fault{Kind: datadogsim.TimesShifted, Shift: time.Hour}, code: "empty", says: "is a clock wrong?"},
	"data of the past":          {fault: datadogsim.Fault{Kind: datadogsim.TimesShifted, Shift: -time.Hour}, code: "empty", says: "is a clock wrong?"},
	"a wrong Date":              {fault: datadogsim.Fault{Kind: datadogsim.DateShifted, Shift: time.Hour}, item: whole},
}

func TestWhatIsMadeOfEachFaultOfDatadog(t *testing.T) {
	for name, want := range outcomes {
		t.Run(name, func(t *testing.T) {
			sim, client := start(t)
			if want.fault.Kind != "" {
				if err := sim.SetFault(want.fault); err != nil {
					t.Fatal(err)
				}
			}
			item, cart := deployment("item"), deployment("cart")
			batches := client.Collect(t.Context(), []utilization.Workload{item, cart}, asked)
			if len(batches) != 1 {
				t.Fatalf("got %d batches, want one", len(batches))
			}
			failure := (*datadog.Error)(nil)
			if errors.As(batches[0].Err, &failure); failure != nil || want.code != "" {
				if failure == nil || string(failure.Code) != want.code || !strings.Contains(failure.Text, want.says) {
					t.Fatalf("got %+v, want the code %s and a text with %q", failure, want.code, want.says)
				}
				return
			}
			if got := understood(batches[0].Usage[item]); got != want.item {
				t.Errorf("of item it understands %q, want %q", got, want.item)
			}
			if got := understood(batches[0].Usage[cart]); got != whole {
				t.Errorf("of cart, which is well, it understands %q, want %q", got, whole)
			}
		})
	}
}

func TestEachKindOfFaultOfDatadogHasAnOutcome(t *testing.T) {
	for _, kind := range datadogsim.Kinds() {
		found := false
		for _, o := range outcomes {
			found = found || o.fault.Kind == kind
		}
		if !found {
			t.Errorf("no outcome says what is made of the fault %s", kind)
		}
	}
}

// understood is the newest bucket of each container of a workload.
func understood(usage map[string][]utilization.Usage) string {
	var texts []string
	until := ""
	for container, buckets := range usage {
		newest := buckets[len(buckets)-1]
		texts = append(texts, fmt.Sprintf("%s %dm of %d", container, newest.Mean/1e6, newest.Pods))
		until = ", until " + newest.End.UTC().Format(time.TimeOnly)
	}
	if len(texts) == 0 {
		return "nothing"
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ") + until
}

// start is a simulator over two workloads, and the adapter's client for it.
func start(t *testing.T) (*datadogsim.Sim, *datadog.Client) {
	t.Helper()
	w := world.New(world.Options{})
	for _, name := range []string{"item", "cart"} {
		populate(t, w, name)
	}
	w.Step(asked.Add(-10 * time.Minute))
	now := func() time.Time { return asked }
	sim, err := datadogsim.New(datadogsim.Options{
		World: w, APIKey: "api", AppKey: "app", ClusterName: "prod", AgentInterval: time.Second, HostJitter: -1, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	url, err := sim.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	client, err := datadog.New(datadog.Options{
		URL: url, ClusterTag: "kube_cluster_name", ClusterName: "prod", UsageMetric: "kubernetes.cpu.usage.total",
		Interval: 30 * time.Second, Timeout: 3 * time.Second, MaxAge: 3 * time.Minute, MaxWorkloadsPerQuery: 1000,
		Tags: map[string]string{"deployment": "kube_deployment"}, APIKey: "api", AppKey: "app",
		Registerer: prometheus.NewRegistry(), Log: logr.Discard(), Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return sim, client
}

func deployment(name string) utilization.Workload {
	return utilization.Workload{Kind: "deployment", Namespace: "shop", Name: name}
}

// populate adds a Deployment of four Pods, and its load.
func populate(t *testing.T, w *world.World, name string) {
	t.Helper()
	labels := map[string]string{"app": name}
	err := w.SetService(world.Service{
		Namespace: "shop", Name: name, Selector: labels, Load: 400,
		Cost: map[string]world.CPUSeconds{"app": 0.002, "istio-proxy": 0.001},
	})
	if err != nil {
		t.Fatal(err)
	}
	request := corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}}
	controller := true
	for i := range 4 {
		pod := fmt.Sprintf("%s-6d5f7c8b9-%d", name, i)
		w.SetPod(asked.Add(-10*time.Minute), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "shop", Name: pod, UID: types.UID(pod), Labels: labels,
				OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: name + "-6d5f7c8b9", Controller: &controller}},
			},
			Spec: corev1.PodSpec{NodeName: fmt.Sprintf("node-%d", i), Containers: []corev1.Container{
				{Name: "app", Resources: request}, {Name: "istio-proxy", Resources: request},
			}},
			Status: corev1.PodStatus{
				Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
			},
		})
	}
}
