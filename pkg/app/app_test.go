package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/pkg/app"
	"github.com/crest-hpa/crest/pkg/app/apptest"
)

// shop has a workload for each of the stories below.
func shop(t testing.TB) *apptest.Cluster {
	pair := func(app, proxy string) []apptest.Container {
		return []apptest.Container{{Name: "app", Request: "100m", Usage: app}, {Name: "istio-proxy", Request: "100m", Usage: proxy}}
	}
	const metric = "max_container_cpu_utilization"
	return apptest.NewCluster(t, app.Now,
		apptest.Workload{Name: "item", Containers: pair("10m", "90m"), Metric: metric, Target: "70"},
		apptest.Workload{Name: "calm", Containers: pair("5m", "7m"), Metric: metric, Target: "70"},
		apptest.Workload{Name: "bare", Containers: []apptest.Container{{Name: "app", Usage: "10m"}}, Metric: metric, Target: "70"},
		apptest.Workload{Name: "hung", Containers: pair("1m", "1m"), NotReady: true, Metric: metric, Target: "70"},
		apptest.Workload{Name: "unnamed", Containers: pair("20m", "30m")},
	)
}

func TestAnswers(t *testing.T) {
	a := start(t, options(t, shop(t).Kubeconfig, withoutDatadog))
	a.answering()
	type item struct {
		value  string
		labels map[string]string
	}
	tests := map[string]struct {
		metric, selector string
		want             []item
	}{
		"the hottest container is the answer": {
			"max_container_cpu_utilization", "deployment%3Ditem",
			[]item{{"90", map[string]string{"deployment": "item", "container": "istio-proxy", "source": "metrics-server"}}},
		},
		"the workload may be that of an HPA": {
			"max_container_cpu_utilization", "hpa%3Ditem",
			[]item{{"90", map[string]string{"deployment": "item", "container": "istio-proxy", "source": "metrics-server"}}},
		},
		"each container is an item, sorted by name": {
			"container_cpu_utilization", "deployment%3Ditem",
			[]item{
				{"10", map[string]string{"deployment": "item", "container": "app", "source": "metrics-server"}},
				{"90", map[string]string{"deployment": "item", "container": "istio-proxy", "source": "metrics-server"}},
			},
		},
		"the Pod average is of no container": {
			"pod_cpu_utilization", "deployment%3Ditem",
			[]item{{"50", map[string]string{"deployment": "item", "source": "metrics-server"}}},
		},
		"a value below the target is held after a start, with what was measured": {
			"max_container_cpu_utilization", "deployment%3Dcalm",
			[]item{{"70", map[string]string{
				"deployment": "calm", "container": "istio-proxy", "source": "metrics-server",
				"adjusted": "held", "measured": "7.0", "reason": "Starting",
			}}},
		},
		"the first look at a workload that no HPA names answers": {
			"max_container_cpu_utilization", "deployment%3Dunnamed,container%3Dapp",
			[]item{{"20", map[string]string{"deployment": "unnamed", "container": "app", "source": "metrics-server"}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []item
			for _, i := range a.metric(test.metric, test.selector).items(t) {
				got = append(got, item{i.Value.String(), i.MetricLabels})
				if i.Timestamp.IsZero() || app.Now().Before(i.Timestamp.Time) || i.WindowSeconds == nil || *i.WindowSeconds != 15 {
					t.Errorf("the item does not say when it was measured: %+v", i)
				}
			}
			equal := len(got) == len(test.want)
			for i := 0; equal && i < len(got); i++ {
				equal = got[i].value == test.want[i].value && maps.Equal(got[i].labels, test.want[i].labels)
			}
			if !equal {
				t.Errorf("got  %v\nwant %v", got, test.want)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	a := start(t, options(t, shop(t).Kubeconfig, withoutDatadog))
	a.answering()
	tests := map[string]struct {
		metric, selector string
		code             int
		reason           string
		message          []string
	}{
		"a selector without a workload": {
			"max_container_cpu_utilization", "container%3Dapp", http.StatusBadRequest, "BadRequest",
			[]string{"names no workload", "deployment=my-app,container=app"},
		},
		"no selector": {
			"max_container_cpu_utilization", "", http.StatusBadRequest, "BadRequest", []string{"deployment=my-app"},
		},
		"a metric that is not ours": {
			"cpu", "deployment%3Ditem", http.StatusNotFound, "NotFound",
			[]string{"max_container_cpu_utilization", "container_cpu_utilization", "pod_cpu_utilization"},
		},
		"a workload that does not exist": {
			"max_container_cpu_utilization", "deployment%3Dgone", http.StatusNotFound, "NotFound",
			[]string{`deployment "gone" in namespace "shop" does not exist`},
		},
		"an HPA that does not exist": {
			"max_container_cpu_utilization", "hpa%3Dgone", http.StatusNotFound, "NotFound",
			[]string{`hpa "gone" in namespace "shop" does not exist`},
		},
		"no container has a request": {
			"max_container_cpu_utilization", "deployment%3Dbare", http.StatusUnprocessableEntity, "Invalid",
			[]string{"app has no CPU request", "NoRequest"},
		},
		"no Pod is Ready": {
			"max_container_cpu_utilization", "deployment%3Dhung", http.StatusServiceUnavailable, "ServiceUnavailable",
			[]string{"none of its 2 Pods is Ready"},
		},
		"a kind that the cluster does not serve": {
			"max_container_cpu_utilization", "rollout%3Ditem", http.StatusServiceUnavailable, "ServiceUnavailable",
			[]string{`rollout "item" in namespace "shop"`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			// What is not known yet, such as the Pods of a workload, is a 503 too.
			var got answer
			var status metav1.Status
			a.in(t).eventually(fmt.Sprintf("answer %d with %q", test.code, test.message), func() bool {
				got = a.metric(test.metric, test.selector)
				status = got.status(t)
				return got.code == test.code && strings.Contains(status.Message, test.message[0])
			})
			if got.code != test.code || string(status.Reason) != test.reason {
				t.Errorf("got %d %s, want %d %s: %s", got.code, status.Reason, test.code, test.reason, status.Message)
			}
			for _, part := range test.message {
				if !strings.Contains(status.Message, part) {
					t.Errorf("the message does not name %q: %s", part, status.Message)
				}
			}
			if got.header.Get("Retry-After") != "" {
				t.Error("client-go would retry inside the HPA's worker: Retry-After is set")
			}
		})
	}
}
