package inventory

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
)

// misuseReport tells of each misuse once, and again only after it was gone.
type misuseReport struct {
	log   logr.Logger
	gauge *prometheus.GaugeVec
	known map[misuse]string
}

func newMisuseReport(log logr.Logger, registerer prometheus.Registerer) (*misuseReport, error) {
	r := &misuseReport{
		log: log,
		gauge: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "crest_hpa_misuses",
			Help: "Metrics of HorizontalPodAutoscalers that use Crest in a way that cannot work, by reason (a count).",
		}, []string{"reason"}),
	}
	for _, reason := range Reasons() {
		r.gauge.WithLabelValues(string(reason)).Set(0)
	}
	return r, registerer.Register(r.gauge)
}

// update takes the misuses of this moment, and calls event for the new ones.
func (r *misuseReport) update(now map[misuse]string, event func(hpa types.NamespacedName, reason, note string)) {
	counts := map[Reason]int{}
	for _, m := range slices.SortedFunc(maps.Keys(now), compareMisuses) {
		counts[m.reason]++
		if _, told := r.known[m]; told {
			continue
		}
		r.log.Info("An HPA misuses a metric of Crest", "hpa", m.hpa.String(), "reason", string(m.reason),
			"selector", m.selector, "what", now[m])
		event(m.hpa, string(m.reason), now[m])
	}
	for _, reason := range Reasons() {
		r.gauge.WithLabelValues(string(reason)).Set(float64(counts[reason]))
	}
	r.known = now
}

func compareMisuses(a, b misuse) int {
	return cmp.Or(strings.Compare(a.hpa.String(), b.hpa.String()),
		strings.Compare(string(a.reason), string(b.reason)), strings.Compare(a.selector, b.selector))
}
