package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/crest-hpa/crest/test/stage"
)

// item is one value as kubectl shows it.
type item struct {
	labels string // sorted, joined by commas
	value  float64
}

// kubectlRaw reads a metric of a workload as a person does, and checks what
// every answer has.
func kubectlRaw(t *testing.T, w stage.Workload, metric string) []item {
	t.Helper()
	out, err := shared.Cluster.Kubectl(t.Context(), "get", "--raw", stage.Path(w.Namespace, metric, w.Selector()))
	if err != nil {
		t.Logf("%s of %s: %v", metric, w.Name, err)
		return nil
	}
	var list v1beta1.ExternalMetricValueList
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	if list.Kind != "ExternalMetricValueList" {
		t.Errorf("the answer is a %s", list.Kind)
	}
	items := make([]item, 0, len(list.Items))
	for i := range list.Items {
		v := &list.Items[i]
		if age := time.Since(v.Timestamp.Time); v.MetricName != metric || v.WindowSeconds == nil || *v.WindowSeconds < 1 || age < 0 || age > 15*time.Second {
			t.Errorf("%s: the name is %s, the window %v s, the age %s", metric, v.MetricName, v.WindowSeconds, age)
		}
		var labels []string
		for key, value := range v.MetricLabels {
			labels = append(labels, key+"="+value)
		}
		slices.Sort(labels)
		items = append(items, item{strings.Join(labels, ","), v.Value.AsApproximateFloat64()})
	}
	return items
}
