package oracle

import (
	"context"
	"net/http"
	"testing"
	"time"

	client "github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/world"
)

// simulated is the moment at which the simulator is asked.
var simulated = time.Date(2026, 1, 2, 12, 2, 0, 0, time.UTC)

// start serves a simulator over one Pod that has idled for two minutes.
func start(t *testing.T) (*datadogsim.Sim, context.Context, *datadogV2.MetricsApi) {
	t.Helper()
	w := world.New(world.Options{})
	request := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}
	w.SetPod(simulated.Add(-2*time.Minute), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "item-0", UID: "1"},
		Spec: corev1.PodSpec{NodeName: "node-0", Containers: []corev1.Container{
			{Name: "app", Resources: corev1.ResourceRequirements{Requests: request}},
		}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	})
	w.Step(simulated.Add(-2 * time.Minute))
	sim, err := datadogsim.New(datadogsim.Options{
		World: w, APIKey: "api", AppKey: "app", ClusterName: "prod",
		AgentInterval: time.Second, HostJitter: -1, Now: func() time.Time { return simulated },
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
	configuration := client.NewConfiguration()
	configuration.Servers = client.ServerConfigurations{{URL: url}}
	configuration.HTTPClient = &http.Client{Timeout: 10 * time.Second}
	ctx := context.WithValue(t.Context(), client.ContextAPIKeys, map[string]client.APIKey{
		"apiKeyAuth": {Key: "api"}, "appKeyAuth": {Key: "app"},
	})
	return sim, ctx, datadogV2.NewMetricsApi(client.NewAPIClient(configuration))
}

// request asks for one metric over the last minute.
func request(metric string) datadogV2.TimeseriesFormulaQueryRequest {
	name := "a"
	interval := int64(30_000)
	return datadogV2.TimeseriesFormulaQueryRequest{Data: datadogV2.TimeseriesFormulaRequest{
		Type: datadogV2.TIMESERIESFORMULAREQUESTTYPE_TIMESERIES_REQUEST,
		Attributes: datadogV2.TimeseriesFormulaRequestAttributes{
			From: simulated.Add(-time.Minute).UnixMilli(), To: simulated.UnixMilli(), Interval: &interval,
			Formulas: []datadogV2.QueryFormula{{Formula: name}},
			Queries: []datadogV2.TimeseriesQuery{{MetricsTimeseriesQuery: &datadogV2.MetricsTimeseriesQuery{
				DataSource: datadogV2.METRICSDATASOURCE_METRICS,
				Name:       &name,
				Query:      "avg:" + metric + "{kube_cluster_name:prod} by {kube_namespace,kube_container_name}.rollup(avg,30).fill(null)",
			}}},
		},
	}}
}

// read asks once, through the client.
func read(ctx context.Context, api *datadogV2.MetricsApi, metric string) (datadogV2.TimeseriesFormulaQueryResponse, error) {
	answer, response, err := api.QueryTimeseriesData(ctx, request(metric))
	if response != nil {
		response.Body.Close()
	}
	return answer, err
}

func TestTheClientsModelsUnderstandTheSimulator(t *testing.T) {
	for name, metric := range map[string]string{
		"a metric with a unit":    "kubernetes.cpu.usage.total",
		"a metric without a unit": "kubernetes.cpu.requests",
		"a metric without series": "nothing",
	} {
		t.Run(name, func(t *testing.T) {
			_, ctx, api := start(t)
			answer, err := read(ctx, api, metric)
			if err != nil {
				t.Fatal(err)
			}
			if unparsed, _ := client.ContainsUnparsedObject(answer); unparsed || answer.Data == nil || answer.Errors != nil {
				t.Fatalf("the models understood %+v", answer)
			}
			attributes := answer.Data.Attributes
			series, rows := attributes.GetSeries(), attributes.GetValues()
			if metric == "nothing" {
				if len(series)+len(rows) != 0 {
					t.Errorf("got %d series, %d rows", len(series), len(rows))
				}
				return
			}
			if len(series) != 1 || len(rows) != 1 || len(attributes.GetTimes()) != 2 || len(rows[0]) != 2 || rows[0][1] == nil {
				t.Fatalf("got %+v", attributes)
			}
			if tags := series[0].GetGroupTags(); len(tags) != 2 || tags[1] != "kube_container_name:app" {
				t.Errorf("got tags %q", tags)
			}
		})
	}
}

func TestTheClientsModelsSeeTheFaultsThatTheyCanSee(t *testing.T) {
	tests := map[string]struct {
		kind datadogsim.FaultKind
		sees func(datadogV2.TimeseriesFormulaQueryResponse, error) bool
	}{
		"errors as a string": {datadogsim.ErrorsString, func(r datadogV2.TimeseriesFormulaQueryResponse, err error) bool {
			return err == nil && r.GetErrors() != "" && r.Data == nil
		}},
		"errors beside data": {datadogsim.ErrorsBesideData, func(r datadogV2.TimeseriesFormulaQueryResponse, err error) bool {
			return err == nil && r.GetErrors() != "" && r.Data != nil
		}},
		"errors as an array": {datadogsim.ErrorsArray, unparsed},
		"numbers as strings": {datadogsim.NumbersAsStrings, unparsed},
		"data that are null": {datadogsim.NullData, func(r datadogV2.TimeseriesFormulaQueryResponse, err error) bool {
			return err == nil && r.Data == nil
		}},
		"a truncated answer": {datadogsim.Truncated, failed},
		"a page of a proxy":  {datadogsim.HTMLPage, failed},
		"a status":           {datadogsim.Status, failed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sim, ctx, api := start(t)
			if err := sim.SetFault(datadogsim.Fault{Kind: test.kind}); err != nil {
				t.Fatal(err)
			}
			answer, err := read(ctx, api, "kubernetes.cpu.usage.total")
			if !test.sees(answer, err) {
				t.Errorf("got %+v, %v", answer, err)
			}
		})
	}
}

func unparsed(r datadogV2.TimeseriesFormulaQueryResponse, err error) bool {
	found, _ := client.ContainsUnparsedObject(r)
	return err == nil && found
}

func failed(_ datadogV2.TimeseriesFormulaQueryResponse, err error) bool { return err != nil }
