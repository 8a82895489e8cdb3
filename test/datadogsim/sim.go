package datadogsim

import (
	"cmp"
	"crypto/tls"
	"errors"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/crest-hpa/crest/test/world"
)

// World is what the agents measure.
type World interface {
	// Tracks lists every container that ran at some moment from one to the
	// other.
	Tracks(from, to time.Time) []*world.Track
}

// Options configure a [Sim]. World and both keys are required.
type Options struct {
	World          World
	APIKey, AppKey string
	// ClusterName is the value of the tag kube_cluster_name on every series.
	ClusterName string
	// AgentInterval is how often an agent looks at its containers; 20 s if 0,
	// as the real one. A container has its first point at the second look.
	AgentInterval time.Duration
	// Lag is how old a point is when it becomes visible. [Sim.SetLag] changes
	// it.
	Lag time.Duration
	// HostJitter is how much later than that the slowest host reports; one
	// AgentInterval if 0, none if negative.
	HostJitter time.Duration
	// RateLimit is announced in headers and enforced; generous if zero.
	RateLimit RateLimit
	// TLS, where set, makes [Sim.Start] serve HTTPS.
	TLS *tls.Config
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	o.AgentInterval = cmp.Or(o.AgentInterval, 20*time.Second)
	o.HostJitter = max(cmp.Or(o.HostJitter, o.AgentInterval), 0)
	if o.RateLimit == (RateLimit{}) {
		o.RateLimit = RateLimit{Name: "query_timeseries", Limit: 100_000, Period: time.Minute}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Sim is the simulator. Its methods may be called at the same time.
type Sim struct {
	options Options
	handler http.Handler
	closed  chan struct{}

	mu     sync.Mutex
	door   *door // nil before Start
	lag    time.Duration
	lags   map[string]time.Duration // by namespace
	faults []*fault
	limit  limiter
	log    requestLog
}

// New makes a simulator that does not listen yet.
func New(o Options) (*Sim, error) {
	if o.World == nil || o.APIKey == "" || o.AppKey == "" {
		return nil, errors.New("datadogsim: Options need a World, an APIKey and an AppKey")
	}
	o = o.withDefaults()
	s := &Sim{
		options: o,
		closed:  make(chan struct{}),
		lag:     o.Lag,
		lags:    make(map[string]time.Duration),
		limit:   limiter{RateLimit: o.RateLimit},
		log:     newRequestLog(),
	}
	s.handler = s.routes()
	return s, nil
}

// Handler serves the API without a listener of its own. The fault [Refuse]
// then closes each connection without a word.
func (s *Sim) Handler() http.Handler { return s.handler }

// SetLag sets the age at which points of a namespace become visible; an empty
// namespace sets it for all that have no lag of their own.
func (s *Sim) SetLag(namespace string, lag time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if namespace == "" {
		s.lag = lag
		return
	}
	s.lags[namespace] = lag
}

// SetRateLimit replaces the rate limit and begins a new period.
func (s *Sim) SetRateLimit(r RateLimit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = limiter{RateLimit: r}
}

// delays is the lag of each namespace at one moment.
type delays struct {
	common time.Duration
	own    map[string]time.Duration
}

func (s *Sim) delays() delays {
	s.mu.Lock()
	defer s.mu.Unlock()
	return delays{s.lag, maps.Clone(s.lags)}
}

func (d delays) of(namespace string) time.Duration {
	if lag, ok := d.own[namespace]; ok {
		return lag
	}
	return d.common
}
