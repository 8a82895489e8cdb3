package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// keep leaves everything up until the context ends, and says what to try.
func keep(ctx context.Context, p *printer, s *Story) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for commands: %w", err)
	}
	server := &http.Server{Handler: s.shop.control(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	s.print.invitation(s.shop, "http://"+listener.Addr().String())
	select {
	case <-ctx.Done():
	case err := <-ended:
		return fmt.Errorf("serving commands: %w", err)
	}
	p.line("")
	p.line("Cleaning up.")
	err = server.Close()
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// control serves commands by hand, to this machine alone: those of Datadog's
// simulator, and POST /load?rps=12300&traffic=small.
func (s *Shop) control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/crest-sim/", s.stage.Datadog.Control())
	mux.HandleFunc("POST /load", s.setLoad)
	return mux
}

// setLoad changes the load and the traffic of both services.
func (s *Shop) setLoad(rw http.ResponseWriter, r *http.Request) {
	load, err := strconv.ParseFloat(r.URL.Query().Get("rps"), 64)
	traffic, known := map[string]Traffic{"": mixed, "mixed": mixed, "small": small}[r.URL.Query().Get("traffic")]
	if err != nil || load < 0 || !known {
		http.Error(rw, "try /load?rps=12300&traffic=small (or traffic=mixed)", http.StatusBadRequest)
		return
	}
	if err := s.serve(traffic, constant(world.RPS(load))); err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.WriteHeader(http.StatusNoContent)
}

// invitation says what there is to try.
func (p *printer) invitation(s *Shop, control string) {
	bin, err := filepath.Abs(".bin")
	if err != nil {
		bin = "test/.bin" // as seen from the repository's root
	}
	raw := func(path string) string { return "  kubectl get --raw '" + path + "'" }
	p.line("")
	p.line(p.paint(bold, "Everything stays up until Ctrl-C. In another terminal:"))
	for _, line := range []string{
		"",
		"  export KUBECONFIG=" + s.stage.Cluster.Kubeconfig(),
		"  alias kubectl=" + filepath.Join(bin, "kubectl") + "   # the one that was built with the control plane",
		"",
		"  # what was installed (helm is beside kubectl), and its Pods",
		"  " + filepath.Join(bin, "helm") + " list --namespace=" + stage.ReleaseNamespace,
		"  kubectl get pods,apiservices --namespace=" + stage.ReleaseNamespace + " --selector=app.kubernetes.io/instance=" + stage.ReleaseName,
		"",
		"  # what Crest serves, and its three metrics",
		raw("/apis/external.metrics.k8s.io/v1beta1"),
		raw(stage.Path(namespace, stage.Max, selectors[item])),
		raw(stage.Path(namespace, stage.Containers, selectors[cart])),
		raw(stage.Path(namespace, stage.PodAverage, selectors[item])),
		"",
		"  # one container; and a selector that is wrong",
		raw(stage.Path(namespace, stage.Max, "deployment=item,container=app")),
		raw(stage.Path(namespace, stage.Max, "deploy=item")),
		"",
		"  # the HPAs, and what they say",
		"  kubectl get hpa --namespace=shop --watch",
		"  kubectl describe hpa item --namespace=shop",
		"",
		"  # more load: small requests heat istio-proxy, mixed ones app as well",
		"  curl -X POST '" + control + "/load?rps=12300&traffic=small'",
		"",
		"  # Datadog fails, in one of many ways, and recovers",
		"  curl -X POST '" + control + "/crest-sim/fault?name=refuse'",
		"  curl -X POST '" + control + "/crest-sim/fault?name=status&code=503'",
		"  curl -X POST '" + control + "/crest-sim/clear'",
		"",
		"  # what Crest's Pods log meanwhile",
		"  tail -f " + filepath.Join(s.stage.Cluster.Logs(), "crest-*.crest.log"),
	} {
		p.line(line)
	}
}
