package inventory

import (
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// hpaRecord is all that is kept of an HPA, read already. It is immutable.
type hpaRecord struct {
	// Its namespace, name, UID and resource version.
	metav1.ObjectMeta
	ref autoscalingv2.CrossVersionObjectReference
	// canSleep says that the HPA may scale to zero and that no metric besides
	// those of Crest could wake the workload again.
	canSleep bool
	// uses are the HPA's metrics that are Crest's, in its order.
	uses     []use
	replicas replicas
}

// replicas is how many an HPA last asked for and how many it last saw; 0 is
// not known. They are not the same: it sees at each sync, and asks only when it
// has its metrics and the workload was not scaled to zero by hand.
type replicas struct{ asked, seen int }

func (r replicas) known() bool { return r.asked > 0 || r.seen > 0 }

// most and fewest are the bounds of what the HPA believes.
func (r replicas) most() int { return max(r.asked, r.seen) }

func (r replicas) fewest() int {
	if r.asked > 0 && r.seen > 0 {
		return min(r.asked, r.seen)
	}
	return r.most()
}

// use is one metric of an HPA that is Crest's.
type use struct {
	metric string
	// selector is what the HPA says, for people.
	selector string
	// refused says why the selector is outside the grammar; empty otherwise.
	refused string
	// selection is what the selector names. With hpa set, its workload is
	// that of that HPA's scaleTargetRef.
	selection utilization.Selection
	hpa       string
	// target is 0 where the target is not of type Value.
	target utilization.Percent
}

func (h *hpaRecord) key() types.NamespacedName {
	return types.NamespacedName{Namespace: h.Namespace, Name: h.Name}
}

// hpaReader turns HPAs into hpaRecords.
type hpaReader struct {
	metrics MetricNames
	parse   func(namespace string, selector labels.Selector) (utilization.Selection, string, error)
}

// trim is the HPA informer's transform: an HPA becomes an hpaRecord, anything
// else stays as it is.
func (r hpaReader) trim(obj any) (any, error) {
	hpa, ok := obj.(*autoscalingv2.HorizontalPodAutoscaler)
	if !ok {
		return obj, nil
	}
	return r.read(hpa), nil
}

func (r hpaReader) read(hpa *autoscalingv2.HorizontalPodAutoscaler) *hpaRecord {
	out := &hpaRecord{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: hpa.Namespace, Name: hpa.Name, UID: hpa.UID, ResourceVersion: hpa.ResourceVersion,
		},
		ref:      hpa.Spec.ScaleTargetRef,
		canSleep: hpa.Spec.MinReplicas != nil && *hpa.Spec.MinReplicas == 0,
		replicas: replicas{asked: int(hpa.Status.DesiredReplicas), seen: int(hpa.Status.CurrentReplicas)},
	}
	for i := range hpa.Spec.Metrics {
		m := &hpa.Spec.Metrics[i]
		if r.ours(m) {
			out.uses = append(out.uses, r.readUse(hpa.Namespace, m.External))
		} else if m.Type == autoscalingv2.ExternalMetricSourceType || m.Type == autoscalingv2.ObjectMetricSourceType {
			// Only these exist without Pods.
			out.canSleep = false
		}
	}
	return out
}

func (r hpaReader) ours(m *autoscalingv2.MetricSpec) bool {
	if m.Type != autoscalingv2.ExternalMetricSourceType || m.External == nil {
		return false
	}
	return slices.Contains([]string{r.metrics.Max, r.metrics.Container, r.metrics.PodAverage}, m.External.Metric.Name)
}

func (r hpaReader) readUse(namespace string, m *autoscalingv2.ExternalMetricSource) use {
	out := use{metric: m.Metric.Name}
	if m.Target.Type == autoscalingv2.ValueMetricType && m.Target.Value != nil {
		out.target = utilization.FromMilli(m.Target.Value.MilliValue())
	}
	selector := labels.Everything()
	if m.Metric.Selector != nil {
		var err error
		if selector, err = metav1.LabelSelectorAsSelector(m.Metric.Selector); err != nil {
			out.selector = metav1.FormatLabelSelector(m.Metric.Selector)
			out.refused = err.Error()
			return out
		}
	}
	out.selector = selector.String()
	var err error
	if out.selection, out.hpa, err = r.parse(namespace, selector); err != nil {
		out.refused = err.Error()
	}
	return out
}

// same says that two records of one HPA do not differ in anything that is used.
func (h *hpaRecord) same(other *hpaRecord) bool {
	return h.UID == other.UID && h.ref == other.ref && h.canSleep == other.canSleep &&
		h.replicas == other.replicas && slices.Equal(h.uses, other.uses)
}

// kindTable finds the configured key of what a scaleTargetRef names.
type kindTable map[schema.GroupKind]string

func newKindTable(kinds []Kind) kindTable {
	table := kindTable{}
	for _, k := range kinds {
		gv, _ := schema.ParseGroupVersion(k.APIVersion)
		gk := gv.WithKind(k.Kind).GroupKind()
		if _, taken := table[gk]; !taken {
			table[gk] = k.Key
		}
	}
	return table
}

// key goes by group and kind: an HPA may name any version of a workload.
func (t kindTable) key(ref autoscalingv2.CrossVersionObjectReference) (string, bool) {
	gv, err := schema.ParseGroupVersion(ref.APIVersion)
	if err != nil {
		return "", false
	}
	key, ok := t[gv.WithKind(ref.Kind).GroupKind()]
	return key, ok
}
