package collection

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/crest-hpa/crest/test/bench/fleet"
	"github.com/crest-hpa/crest/test/datadogsim"
)

// begin is when the Pods start, and now when all collections are made.
var (
	begin = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	now   = begin.Add(10 * time.Minute)
)

// recording is a Datadog that answers a question that it knows with the bytes of the first time.
type recording struct {
	sim    http.Handler
	server *http.Server
	url    string

	mu sync.Mutex
	// answers are known by the body of the question; questions are those bodies, in the order in which they came.
	answers   map[string][]byte
	questions []string
}

// newRecording is a Datadog for a fleet, which listens on the loopback interface.
func newRecording(f *fleet.Fleet) (*recording, error) {
	sim, err := datadogsim.New(datadogsim.Options{
		World: f.World, APIKey: fleet.APIKey, AppKey: fleet.AppKey, ClusterName: fleet.Cluster, Lag: 15 * time.Second,
		Now: func() time.Time { return now },
	})
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &recording{sim: sim.Handler(), answers: map[string][]byte{}, url: "http://" + listener.Addr().String()}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = r.server.Serve(listener) }() // it ends when the server is closed
	return r, nil
}

func (r *recording) close() error { return r.server.Close() }

// ServeHTTP implements [http.Handler].
func (r *recording) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	question, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer, err := r.answer(request, string(question))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.api+json")
	_, _ = w.Write(answer) // a client that has gone away needs no answer
}

// answer asks the simulator what it has not been asked before.
func (r *recording) answer(request *http.Request, question string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if answer, known := r.answers[question]; known {
		return answer, nil
	}
	again := request.Clone(request.Context())
	again.Body = io.NopCloser(bytes.NewReader([]byte(question)))
	said := httptest.NewRecorder()
	r.sim.ServeHTTP(said, again)
	if said.Code != http.StatusOK {
		return nil, errors.New("the simulator answers " + said.Body.String())
	}
	r.answers[question] = said.Body.Bytes()
	r.questions = append(r.questions, question)
	return r.answers[question], nil
}

// heard is the questions so far, in the order in which they came.
func (r *recording) heard() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.questions...)
}

// bytes is the size of the answers to some questions.
func (r *recording) bytes(questions []string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, q := range questions {
		n += len(r.answers[q])
	}
	return n
}
