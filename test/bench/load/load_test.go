package load_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/bench/load"
)

// serve is an HTTPS server that speaks HTTP/2, and how it is asked.
func serve(t *testing.T, handler http.HandlerFunc) load.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	transport, ok := s.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatalf("the server's client has a transport of type %T", s.Client().Transport)
	}
	return load.Server{URL: s.URL, TLS: transport.TLSClientConfig, Header: http.Header{"X-Who": {"bench"}}}
}

// plan is a load without a rate that ends with its last answer.
func plan(most int, paths ...string) load.Plan {
	return load.Plan{Length: time.Minute, Most: most, Paths: paths, Accept: "text/x", Check: func(load.Answer) error { return nil }}
}

func TestEachClientAsksOverItsOwnHTTP2ConnectionOneQuestionAtATime(t *testing.T) {
	var mu sync.Mutex
	asking, overlaps, asked := map[string]int{}, 0, map[string]int{}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 || r.Header.Get("Accept") != "text/x" || r.Header.Get("X-Who") != "bench" {
			t.Errorf("asked over %s with %v", r.Proto, r.Header)
		}
		mu.Lock()
		asking[r.RemoteAddr]++
		if asking[r.RemoteAddr] > 1 {
			overlaps++
		}
		asked[r.URL.Path]++
		mu.Unlock()
		_, _ = w.Write([]byte("x"))
		mu.Lock()
		asking[r.RemoteAddr]--
		mu.Unlock()
	})
	clients := load.NewClients(server, 3)
	defer clients.Close()
	for range 2 {
		m, err := clients.Run(t.Context(), plan(30, "/a", "/b", "/c", "/d", "/e"))
		if err != nil || m.Answers != 30 {
			t.Fatalf("%d answers and the error %v, want 30", m.Answers, err)
		}
	}
	if len(asking) != 3 || overlaps != 0 {
		t.Errorf("%d connections, want 3 and both loads over the same; %d questions overlapped on one", len(asking), overlaps)
	}
	for _, path := range []string{"/a", "/b", "/c", "/d", "/e"} {
		if asked[path] != 12 {
			t.Errorf("%s was asked %d times, want 12: all paths in turn", path, asked[path])
		}
	}
}

func TestALoadGoesOnWhereTheOneBeforeHasEnded(t *testing.T) {
	var asked []string
	clients := load.NewClients(serve(t, func(_ http.ResponseWriter, r *http.Request) { asked = append(asked, r.URL.Path) }), 1)
	defer clients.Close()
	for range 2 {
		if _, err := clients.Run(t.Context(), plan(2, "/a", "/b", "/c")); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(asked, " "); got != "/a /b /c /a" {
		t.Errorf("asked were %s, want /a /b /c /a", got)
	}
}

func TestAPlanEndsWithItsLastAnswerAlsoWhereTheClientsCannotShareThemEvenly(t *testing.T) {
	var questions atomic.Int64
	clients := load.NewClients(serve(t, func(http.ResponseWriter, *http.Request) { questions.Add(1) }), 4)
	defer clients.Close()
	m, err := clients.Run(t.Context(), plan(10, "/"))
	if err != nil || m.Answers != 10 || questions.Load() != 10 {
		t.Errorf("%d answers to %d questions and the error %v, want 10", m.Answers, questions.Load(), err)
	}
}

func TestAPlanEndsWithItsTime(t *testing.T) {
	clients := load.NewClients(serve(t, func(http.ResponseWriter, *http.Request) {}), 2)
	defer clients.Close()
	p := plan(1_000_000_000, "/")
	p.Length = 50 * time.Millisecond
	m, err := clients.Run(t.Context(), p)
	if err != nil || m.Length < p.Length || m.Answers == 0 {
		t.Errorf("%d answers in %s and the error %v", m.Answers, m.Length, err)
	}
}

func TestARateBoundsTheQuestionsOfAllClientsTogether(t *testing.T) {
	clients := load.NewClients(serve(t, func(http.ResponseWriter, *http.Request) {}), 3)
	defer clients.Close()
	p := plan(21, "/")
	p.Rate = 200
	m, err := clients.Run(t.Context(), p)
	// The last of 21 questions is due after 20 intervals of 5 ms.
	if err != nil || m.Answers != 21 || m.Length < 100*time.Millisecond {
		t.Errorf("%d answers in %s and the error %v, want 21 in 100ms or more", m.Answers, m.Length, err)
	}
}

func TestAQuestionThatWaitsForTheOneBeforeHasWaitedSinceItWasDue(t *testing.T) {
	var first atomic.Bool
	clients := load.NewClients(serve(t, func(http.ResponseWriter, *http.Request) {
		if first.CompareAndSwap(false, true) {
			<-time.After(300 * time.Millisecond)
		}
	}), 1)
	defer clients.Close()
	p := plan(3, "/")
	p.Rate = 1000
	m, err := clients.Run(t.Context(), p)
	if err != nil || m.Answers != 3 {
		t.Fatal(m.Answers, err)
	}
	if fastest := m.Quantile(0); fastest < 200*time.Millisecond {
		t.Errorf("a question was answered within %s, though each had to wait for the first one", fastest)
	}
}

func TestTheFirstWrongAnswerEndsTheLoad(t *testing.T) {
	clients := load.NewClients(serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such metric", http.StatusNotFound) }), 2)
	defer clients.Close()
	p := plan(1_000_000, "/x")
	p.Check = func(a load.Answer) error {
		if a.Status != http.StatusOK {
			return errors.New(strings.TrimSpace(string(a.Body)))
		}
		return nil
	}
	m, err := clients.Run(t.Context(), p)
	if err == nil || !strings.Contains(err.Error(), "/x: no such metric") || m.Answers != 0 {
		t.Errorf("%d answers and the error %v, want the server's words", m.Answers, err)
	}
}

func TestAPlanWithoutAnEndIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*load.Plan){
		"no length":         func(p *load.Plan) { p.Length = 0 },
		"no last answer":    func(p *load.Plan) { p.Most = 0 },
		"no path":           func(p *load.Plan) { p.Paths = nil },
		"no check":          func(p *load.Plan) { p.Check = nil },
		"a rate below zero": func(p *load.Plan) { p.Rate = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(1, "/")
			spoil(&p)
			if _, err := load.NewClients(load.Server{}, 1).Run(t.Context(), p); err == nil {
				t.Error("it was not refused")
			}
		})
	}
}
