package certificate

import (
	"crypto/x509"

	"github.com/prometheus/client_golang/prometheus"
)

// What can fail, as the label of a metric.
const (
	updatingSecret = "update_secret"
	updatingTrust  = "update_trust"
)

type metrics struct {
	notAfter *prometheus.GaugeVec
	renewals *prometheus.CounterVec
	failures *prometheus.CounterVec
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		notAfter: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "crest_certificate_not_after_timestamp_seconds",
			Help: "When a certificate ends, in seconds since 1970: serving is what this replica serves, ca and next_ca are the CAs in the Secret. Only with certificate.rotate.",
		}, []string{"what"}),
		renewals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crest_certificate_renewals_total",
			Help: "Steps of the renewal of certificates that this replica took, by step (MakeCA, IssueLeaf, AddNextCA, SwitchLeaf, DropOldCA) and by reason (Missing, Unusable, Ended, OtherNames, Untrusted, Due, Trusted, LastLeafEnded).",
		}, []string{"step", "reason"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crest_certificate_failures_total",
			Help: "Attempts to keep the certificate that failed: update_secret or update_trust (the APIService). That another replica was faster is no failure.",
		}, []string{"operation"}),
	}
	for _, operation := range []string{updatingSecret, updatingTrust} {
		m.failures.WithLabelValues(operation)
	}
	for _, c := range []prometheus.Collector{m.notAfter, m.renewals, m.failures} {
		if err := registerer.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// observe publishes when the CAs of a state end.
func (m *metrics) observe(s State) {
	m.ends("ca", s.Signing)
	m.ends("next_ca", s.Next)
}

func (m *metrics) ends(what string, p *Pair) {
	if p == nil {
		m.notAfter.DeleteLabelValues(what)
		return
	}
	m.serves(what, p.cert)
}

func (m *metrics) serves(what string, c *x509.Certificate) {
	m.notAfter.WithLabelValues(what).Set(float64(c.NotAfter.Unix()))
}
