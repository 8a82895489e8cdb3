package answers

import (
	"fmt"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/crest-hpa/crest/test/bench/load"
	"github.com/crest-hpa/crest/test/stage"
)

// encoding is one in which an API server of Kubernetes answers.
type encoding struct{ name, mediaType string }

var (
	inJSON     = encoding{"JSON", runtime.ContentTypeJSON}
	inProtobuf = encoding{"protobuf", runtime.ContentTypeProtobuf}
)

// answerDecoder reads both encodings.
func answerDecoder() (runtime.Decoder, error) {
	scheme := runtime.NewScheme()
	if err := v1beta1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("making a decoder of answers: %w", err)
	}
	return serializer.NewCodecFactory(scheme).UniversalDeserializer(), nil
}

// rightFrom is the check of a load: one item, of the metric and the workload that were asked for, in the encoding that
// was asked for. The floor knows no workload and answers in its own name.
func rightFrom(who server, in encoding, decoder runtime.Decoder) func(load.Answer) error {
	return func(a load.Answer) error {
		if a.Status != http.StatusOK || a.ContentType != in.mediaType {
			return fmt.Errorf("%d %s, want a 200 in %s: %.300s", a.Status, a.ContentType, in.mediaType, a.Body)
		}
		object, err := runtime.Decode(decoder, a.Body)
		if err != nil {
			return fmt.Errorf("reading the answer: %w", err)
		}
		list, ok := object.(*v1beta1.ExternalMetricValueList)
		if !ok || len(list.Items) != 1 {
			return fmt.Errorf("want a list of one item, got %v", object)
		}
		return who.right(a.Path, list.Items[0])
	}
}

// rightItem is an error unless it is Crest's own measurement, from Datadog, of the workload that the path names.
func rightItem(path string, item v1beta1.ExternalMetricValue) error {
	labels := item.MetricLabels
	if item.MetricName != stage.Max || !strings.HasSuffix(path, "%3D"+labels["deployment"]) {
		return fmt.Errorf("the item is %s of %v", item.MetricName, labels)
	}
	if labels["source"] != "datadog" || labels["adjusted"] != "" {
		return fmt.Errorf("want a value from Datadog as measured, got %v", labels)
	}
	return nil
}

// constantItem is an error unless it is the floor's.
func constantItem(_ string, item v1beta1.ExternalMetricValue) error {
	if item.MetricLabels["source"] != floorName {
		return fmt.Errorf("want the floor's constant, got %v", item.MetricLabels)
	}
	return nil
}
