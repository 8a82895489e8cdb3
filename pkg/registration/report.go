package registration

import (
	"sync"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
)

// owner is whose an APIService is, as the label of a metric.
type owner string

const (
	ours     owner = "ours"
	foreign  owner = "foreign"
	insecure owner = "insecure" // ours, and nobody verifies it
	absent   owner = "absent"
)

// report tells whose the APIService is, when that changes.
type report struct {
	options Options
	log     logr.Logger
	gauge   *prometheus.GaugeVec

	mu   sync.Mutex
	last string
}

func newReport(o Options) (*report, error) {
	r := &report{options: o, log: o.Log, gauge: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "crest_apiservice_owner",
		Help: "1 for the Service that the APIService leads to, and whose it is: ours; foreign, and then Crest leaves it alone; insecure, which is ours and verifies nothing; or absent. Only with certificate.rotate.",
	}, []string{"owner", "service"})}
	return r, o.Registerer.Register(r.gauge)
}

func (r *report) update(a *apiService) {
	whose, service := absent, Service{}
	if a != nil {
		service = a.service
		switch {
		case service != r.options.Service:
			whose = foreign
		case a.insecure:
			whose = insecure
		default:
			whose = ours
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := string(whose) + " " + service.String()
	if now == r.last {
		return
	}
	r.last = now
	r.gauge.Reset()
	r.gauge.WithLabelValues(string(whose), service.String()).Set(1)
	r.tell(whose, service)
}

func (r *report) tell(whose owner, service Service) {
	log := r.log.WithValues("apiService", r.options.APIService, "ours", r.options.Service.String())
	switch whose {
	case ours:
		log.Info("The APIService leads to Crest, which keeps its caBundle")
	case foreign:
		log.Info("The APIService leads to another Service: another adapter serves this API, and Crest leaves it alone", "service", service.String())
	case insecure:
		log.Info("The APIService leads to Crest and says insecureSkipTLSVerify: nobody verifies Crest's certificate, and no caBundle is kept")
	case absent:
		log.Info("The APIService does not exist: no HPA reaches Crest until it does")
	}
}
