package answers

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/crest-hpa/crest/test/bench/load"
	"github.com/crest-hpa/crest/test/stage"
)

// encoded is a list in both encodings, as an API server writes it.
func encoded(t *testing.T, list *v1beta1.ExternalMetricValueList) map[encoding][]byte {
	t.Helper()
	list.APIVersion, list.Kind = v1beta1.SchemeGroupVersion.String(), "ExternalMetricValueList"
	inJ, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	if err := v1beta1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	var inP strings.Builder
	if err := protobuf.NewSerializer(scheme, scheme).Encode(list, &inP); err != nil {
		t.Fatal(err)
	}
	return map[encoding][]byte{inJSON: inJ, inProtobuf: []byte(inP.String())}
}

func item(labels map[string]string) v1beta1.ExternalMetricValue {
	return v1beta1.ExternalMetricValue{MetricName: stage.Max, MetricLabels: labels}
}

func TestAnAnswerIsRightOnlyFromTheServerThatIsMeasuredAboutTheWorkloadThatWasAskedFor(t *testing.T) {
	asked := stage.Path(namespace, stage.Max, "deployment=item-7")
	measurement := item(map[string]string{"deployment": "item-7", "source": "datadog", "container": "istio-proxy"})
	constant := item(map[string]string{"deployment": "constant", "source": floorName})
	crest, floor := server{name: "Crest", right: rightItem}, server{name: floorName, right: constantItem}
	decoder, err := answerDecoder()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		from   server
		status int
		items  []v1beta1.ExternalMetricValue
		right  bool
	}{
		"Crest's measurement":                 {crest, 200, []v1beta1.ExternalMetricValue{measurement}, true},
		"the floor's constant":                {floor, 200, []v1beta1.ExternalMetricValue{constant}, true},
		"the other server's item":             {crest, 200, []v1beta1.ExternalMetricValue{constant}, false},
		"Crest where the floor was to answer": {floor, 200, []v1beta1.ExternalMetricValue{measurement}, false},
		"no item":                             {crest, 200, nil, false},
		"two items":                           {crest, 200, []v1beta1.ExternalMetricValue{measurement, measurement}, false},
		"not a 200":                           {crest, 503, []v1beta1.ExternalMetricValue{measurement}, false},
		"of another":                          {crest, 200, []v1beta1.ExternalMetricValue{item(map[string]string{"deployment": "item-77", "source": "datadog"})}, false},
		"of one whose name ends alike":        {crest, 200, []v1beta1.ExternalMetricValue{item(map[string]string{"deployment": "m-7", "source": "datadog"})}, false},
		"held":                                {crest, 200, []v1beta1.ExternalMetricValue{item(map[string]string{"deployment": "item-7", "source": "datadog", "adjusted": "held"})}, false},
		"from metrics-server":                 {crest, 200, []v1beta1.ExternalMetricValue{item(map[string]string{"deployment": "item-7", "source": "metrics-server"})}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for in, body := range encoded(t, &v1beta1.ExternalMetricValueList{Items: c.items}) {
				err := rightFrom(c.from, in, decoder)(load.Answer{Path: asked, ContentType: in.mediaType, Status: c.status, Body: body})
				if (err == nil) != c.right {
					t.Errorf("in %s: right is %t, the error is %v", in.name, c.right, err)
				}
			}
		})
	}
}

func TestAnAnswerInTheOtherEncodingIsNotRight(t *testing.T) {
	decoder, err := answerDecoder()
	if err != nil {
		t.Fatal(err)
	}
	list := &v1beta1.ExternalMetricValueList{Items: []v1beta1.ExternalMetricValue{item(map[string]string{"source": floorName})}}
	answer := load.Answer{ContentType: inJSON.mediaType, Status: 200, Body: encoded(t, list)[inJSON]}
	if err := rightFrom(server{right: constantItem}, inProtobuf, decoder)(answer); err == nil {
		t.Error("JSON counts where protobuf was asked for")
	}
}

func TestServersTakeTurnsSoThatADriftMeetsBoth(t *testing.T) {
	var order string
	places := map[string]int{}
	for i, s := range turns(4, server{name: "A"}, server{name: "B"}) {
		order += s.name
		places[s.name] += i
	}
	if order != "ABBAABBA" || places["A"] != places["B"] {
		t.Errorf("the order is %s: the mean places are %v", order, places)
	}
}

func TestTheSpreadIsHalfTheWayBetweenTheSlicesThatLieFarthestApart(t *testing.T) {
	for name, c := range map[string]struct {
		slices []float64
		want   float64
	}{
		"none":      {nil, 0},
		"one":       {[]float64{7}, 0},
		"several":   {[]float64{100, 90, 110}, 10},
		"all alike": {[]float64{5, 5, 5}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := spread(c.slices); math.Abs(got-c.want) > 1e-9 {
				t.Errorf("it is ± %v %%, want ± %v %%", got, c.want)
			}
		})
	}
}

func TestCPUTimeIsDividedByTheAnswersOfTheSlices(t *testing.T) {
	p := &pool{Measured: load.Measured{Answers: 4000}, cpu: time.Second}
	if got := p.perAnswer(p.cpu); got != 250*time.Microsecond {
		t.Errorf("an answer took %s, want 250µs", got)
	}
	if got := (&pool{cpu: time.Second}).perAnswer(time.Second); got != 0 {
		t.Errorf("no answer took %s", got)
	}
}

func TestTheMeanOfRatiosDoesNotPreferASide(t *testing.T) {
	if got := geometric([]float64{0.5, 2}); math.Abs(got-1) > 1e-9 {
		t.Errorf("half and double are %v together, want 1", got)
	}
}

func TestCrestMayBeWorseThanTheFloorByTheNoise(t *testing.T) {
	for name, c := range map[string]struct {
		better, noise float64
		reached       bool
	}{
		"better":                 {0.10, 2, true},
		"worse within the noise": {-0.019, 2, true},
		"worse than the noise":   {-0.021, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := notWorse("it", c.better, c.noise); got.Reached != c.reached {
				t.Errorf("reached is %t: %+v", got.Reached, got)
			}
		})
	}
}
