package datadogsim

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Control serves a way to command the simulator by hand, from this machine
// only. It belongs on a listener of its own: [Refuse] closes the other one.
//
//	POST /crest-sim/fault?name=status&code=503&namespace=shop&requests=3
//	POST /crest-sim/clear
//	POST /crest-sim/lag?lag=60s&namespace=shop
//	GET  /crest-sim/requests
//
// The parameters of a fault are the fields of [Fault]: namespace, workload,
// container, requests, code, body, delay, size, host (may be repeated),
// fraction, width, value, shift.
func (s *Sim) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /crest-sim/fault", command(func(p url.Values) error {
		f, err := parseFault(p)
		if err != nil {
			return err
		}
		return s.SetFault(f)
	}))
	mux.HandleFunc("POST /crest-sim/clear", command(func(url.Values) error { return s.ClearFaults() }))
	mux.HandleFunc("POST /crest-sim/lag", command(func(p url.Values) error {
		lag, err := time.ParseDuration(p.Get("lag"))
		if err != nil {
			return fmt.Errorf("lag: %w", err)
		}
		s.SetLag(p.Get("namespace"), lag)
		return nil
	}))
	mux.HandleFunc("GET /crest-sim/requests", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		// A client that has gone away needs no answer.
		_ = json.NewEncoder(rw).Encode(s.Requests())
	})
	return local(mux)
}

// command turns a function into a handler that answers 204 or 400.
func command(do func(url.Values) error) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		if err := do(r.URL.Query()); err != nil {
			fail(rw, http.StatusBadRequest, err.Error())
			return
		}
		rw.WriteHeader(http.StatusNoContent)
	}
}

// local refuses callers of other machines.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			fail(rw, http.StatusForbidden, "only from this machine")
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// parseFault reads a fault from the parameters of a URL. A parameter that
// cannot be read is an error; one that is missing is zero.
func parseFault(p url.Values) (Fault, error) {
	r := reader{values: p}
	f := Fault{
		Kind:      FaultKind(p.Get("name")),
		Namespace: p.Get("namespace"),
		Workload:  p.Get("workload"),
		Container: p.Get("container"),
		Body:      p.Get("body"),
		Hosts:     p["host"],
		Requests:  read(&r, "requests", strconv.Atoi),
		Code:      read(&r, "code", strconv.Atoi),
		Size:      read(&r, "size", strconv.Atoi),
		Delay:     read(&r, "delay", time.ParseDuration),
		Width:     read(&r, "width", time.ParseDuration),
		Shift:     read(&r, "shift", time.ParseDuration),
		Fraction:  read(&r, "fraction", parseFloat),
		Value:     read(&r, "value", parseFloat),
	}
	return f, r.err
}

// reader keeps the first error.
type reader struct {
	values url.Values
	err    error
}

func read[T any](r *reader, key string, parse func(string) (T, error)) T {
	var zero T
	text := r.values.Get(key)
	if text == "" {
		return zero
	}
	value, err := parse(text)
	if err != nil {
		if r.err == nil {
			r.err = fmt.Errorf("%s: %w", key, err)
		}
		return zero
	}
	return value
}

func parseFloat(text string) (float64, error) { return strconv.ParseFloat(text, 64) }
