package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// seen is what a container says of itself.
type seen struct {
	Pid  int
	Args []string
	Env  map[string]string
}

// runContainer is a container of a Pod. The first argument says what it does: "exit" ends with
// the code that follows, "serve" answers at the address that follows, over TLS, until a
// SIGTERM and then for three seconds more, in which it is not ready.
func runContainer(args []string) error {
	if args[0] == "exit" {
		code, err := strconv.Atoi(args[1])
		if err == nil {
			_, err = fmt.Fprintln(os.Stdout, "leaving with", code)
		}
		if err == nil {
			os.Exit(code) //nolint:forbidigo // it is a program of its own here
		}
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", args[1])
	if err != nil {
		return err
	}
	server := httptest.NewUnstartedServer(container(ctx))
	server.Listener = listener
	server.StartTLS()
	<-ctx.Done()
	<-time.After(3 * time.Second)
	return nil
}

// container answers the probes /readyz and /livez, which POST /unready and POST /dead have
// fail; GET /file tells a file of its argument name; all else, what the container sees of itself.
func container(ctx context.Context) http.Handler {
	var unready, dead atomic.Bool
	fails := func(failing func() bool) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if failing() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", fails(func() bool { return unready.Load() || ctx.Err() != nil }))
	mux.HandleFunc("GET /livez", fails(dead.Load))
	mux.HandleFunc("POST /unready", func(http.ResponseWriter, *http.Request) { unready.Store(true) })
	mux.HandleFunc("POST /dead", func(http.ResponseWriter, *http.Request) { dead.Store(true) })
	mux.HandleFunc("GET /file", func(w http.ResponseWriter, r *http.Request) {
		text, err := os.ReadFile(r.FormValue("name"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
		}
		_, _ = w.Write(text)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		s := seen{Pid: os.Getpid(), Args: os.Args[1:], Env: map[string]string{}}
		for _, name := range []string{"POD_IP", "POD_NAME", "KEY", "MEMORY", "KEY_FILE", "KUBERNETES_SERVICE_PORT"} {
			s.Env[name] = os.Getenv(name)
		}
		_ = json.NewEncoder(w).Encode(s)
	})
	return mux
}
