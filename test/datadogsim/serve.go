package datadogsim

import (
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"
)

// mostBody is the largest request that is read, in bytes.
const mostBody = 16 << 20

func (s *Sim) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v2/query/timeseries", func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			fail(rw, http.StatusMethodNotAllowed, "Method not allowed")
			return
		}
		s.timeseries(rw, r)
	})
	mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) {
		fail(rw, http.StatusNotFound, "Not found")
	})
	return mux
}

// timeseries answers one request and writes it into the log, whatever happens.
func (s *Sim) timeseries(rw http.ResponseWriter, r *http.Request) {
	entry := Request{Time: s.options.Now(), Client: r.RemoteAddr}
	out := &recorder{ResponseWriter: rw}
	defer func() {
		entry.Status, entry.AnswerBytes = out.status, out.bytes
		entry.announce(out.Header())
		entry.Took = s.options.Now().Sub(entry.Time)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.log.add(entry)
	}()
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, mostBody))
	if err != nil {
		fail(out, http.StatusBadRequest, "The body could not be read")
		return
	}
	entry.BodyBytes = len(body)
	asked, bad := decodeRequest(body)
	entry.Queries, entry.From, entry.To = asked.texts, asked.from, asked.to
	struck := s.strike(asked)
	for _, f := range struck {
		entry.Faults = append(entry.Faults, f.Kind)
	}
	if s.transportFault(out, r, struck) {
		return
	}
	if !s.admit(out, r.Header) {
		return
	}
	if bad != nil {
		fail(out, http.StatusBadRequest, bad.Error())
		return
	}
	a := s.answer(asked, struck)
	entry.Series = len(a.rows)
	s.send(out, a, struck)
}

// admit checks the keys and the rate limit.
func (s *Sim) admit(rw http.ResponseWriter, header http.Header) bool {
	api, app := header.Get("DD-API-KEY"), header.Get("DD-APPLICATION-KEY")
	if api == "" || app == "" {
		fail(rw, http.StatusUnauthorized, "Unauthorized")
		return false
	}
	if !equal(api, s.options.APIKey) || !equal(app, s.options.AppKey) {
		fail(rw, http.StatusForbidden, "Forbidden")
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.limit.take(s.options.Now(), rw.Header()) {
		fail(rw, http.StatusTooManyRequests, "Rate limit of the endpoint reached. Please try again later.")
		return false
	}
	return true
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// answer evaluates a request over what the agents have sent until now.
func (s *Sim) answer(r request, faults []Fault) answer {
	r = damageRequest(r, faults)
	first := r.from
	for _, q := range r.queries {
		if g := newGrid(r, q); g.first.Before(first) {
			first = g.first
		}
	}
	e := evaluation{
		request: r,
		window:  window{to: r.to, now: s.options.Now(), delays: s.delays(), every: s.options.AgentInterval},
		sources: damageSources(s.sources(first.Add(-s.options.AgentInterval), r.to), faults),
	}
	a := e.evaluate()
	a.damage(faults)
	return a
}

// sources are the series that the agents have ever sent in a span of time.
func (s *Sim) sources(from, to time.Time) []*source {
	tracks := s.options.World.Tracks(from, to)
	sources := make([]*source, 0, len(tracks))
	hosts := make(map[string]*host)
	for _, t := range tracks {
		h := hosts[t.Node]
		if h == nil {
			h = s.options.newHost(t.Node)
			hosts[t.Node] = h
		}
		sources = append(sources, &source{track: t, cluster: s.options.ClusterName, host: h})
	}
	return sources
}

// send writes an answer, damaged by the faults of the body.
func (s *Sim) send(rw http.ResponseWriter, a answer, faults []Fault) {
	has := func(kind FaultKind) bool {
		return slices.ContainsFunc(faults, func(f Fault) bool { return f.Kind == kind })
	}
	rw.Header().Set("Content-Type", "application/vnd.api+json")
	body := a.encode(has(NumbersAsStrings))
	size := 0
	for _, f := range faults {
		switch f.Kind {
		case Huge:
			size = cmp.Or(f.Size, defaultSize)
		case DateShifted:
			rw.Header().Set("Date", s.options.Now().Add(f.Shift).UTC().Format(http.TimeFormat))
		default:
			body = f.damageBody(rw.Header(), body)
		}
	}
	switch {
	case has(Reset):
		reset(rw, body)
	case has(NoContent):
		rw.WriteHeader(http.StatusNoContent)
	default:
		// A client that has gone away needs no answer.
		_, _ = rw.Write(body)
		pad(rw, size-len(body))
	}
}

// fail answers an error in the service's form.
func fail(rw http.ResponseWriter, status int, message string) {
	body, err := json.Marshal(map[string][]string{"errors": {message}})
	if err != nil {
		// A map of strings always has a JSON form.
		panic(err)
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_, _ = rw.Write(body)
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status, bytes int
}

// WriteHeader implements [http.ResponseWriter].
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (r *recorder) Write(body []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(body)
	r.bytes += n
	return n, err
}

// Unwrap lets [http.ResponseController] reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
