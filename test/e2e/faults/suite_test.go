// Package faults breaks what the adapter hears from Datadog, in each way of
// docs/faults.md, and looks at what a real HPA then sees: which source answers,
// with what value, how long that took, that no answer failed and that the
// replicas stayed; and at the calls, which must be as few as intervals, retries
// and announced rate limits allow.
//
// Its intervals are a second. Rows of one stage follow one another, for a
// cluster has one adapter that its HPAs read; there are two stages, side by
// side: on one the adapter speaks to Datadog itself, on the other through an
// HTTP proxy, with a site by name and a certificate.
package faults

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// theatre is a stage on which one test plays at a time.
type theatre struct {
	*scene.Scene
	turn sync.Mutex
	// way is what lies between the adapter and Datadog; nil for nothing.
	way *way
}

var direct, proxied = newTheatre("direct", (*theatre).startDirect), newTheatre("proxied", (*theatre).startProxied)

func newTheatre(name string, begin func(*theatre, context.Context) (*stage.Stage, error)) *theatre {
	h := &theatre{}
	h.Scene = scene.Lazy(name, func(ctx context.Context) (*stage.Stage, error) { return begin(h, ctx) })
	return h
}

func TestMain(m *testing.M) {
	code := scene.Main(m, direct.Scene, proxied.Scene)
	if proxied.way != nil {
		proxied.way.close()
	}
	os.Exit(code) //nolint:forbidigo // this is the program's main
}

// limit is the rate limit that Datadog announces between the rows: what the
// intervals need, and half as much again.
var limit = datadogsim.RateLimit{Name: "query_timeseries", Limit: 100, Period: time.Minute}

func (*theatre) startDirect(ctx context.Context) (*stage.Stage, error) {
	s, err := stage.Start(ctx, stage.Options{Cluster: cluster.Options{Nodes: 4}, Progress: os.Stderr})
	if err != nil {
		return nil, err
	}
	s.Datadog.SetRateLimit(limit)
	return s, nil
}

// startProxied starts a stage whose adapter knows Datadog by a name that only
// its proxy can resolve, and trusts one authority.
func (h *theatre) startProxied(ctx context.Context) (*stage.Stage, error) {
	var err error
	if h.way, err = newWay(); err != nil {
		return nil, err
	}
	s, err := stage.Start(ctx, stage.Options{
		Cluster: cluster.Options{Nodes: 4}, DatadogTLS: h.way.tls(), Env: h.way.environment(), WithoutAdapter: true, Progress: os.Stderr,
	})
	if err != nil {
		return nil, err
	}
	h.Common = stage.Config{Datadog: map[string]any{"url": "", "site": site}}
	s.Datadog.SetRateLimit(limit)
	if err := h.way.leadTo(s.DatadogURL); err != nil {
		s.Stop()
		return nil, err
	}
	if err := s.InstallAdapter(ctx, h.Common); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// take waits for the theatre, which is the test's until its end.
func (h *theatre) take(t *testing.T) {
	t.Helper()
	h.turn.Lock()
	t.Cleanup(h.turn.Unlock)
	h.Open(t)
}
