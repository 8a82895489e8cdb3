package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// PodLog is everything that a container of a Pod that RunPods runs has printed, over all
// its restarts.
func (c *Cluster) PodLog(pod, container string) (string, error) {
	text, err := os.ReadFile(filepath.Join(c.options.LogDir, pod+"."+container+".log"))
	if err != nil {
		return "", fmt.Errorf("reading the log of Pod %s: %w", pod, err)
	}
	return string(text), nil
}

// asKubelet answers kubectl logs, of the Pods that RunPods runs, and leaves all else to
// metrics. It does not follow a log.
func (c *Cluster) asKubelet(metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", metrics)
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		text, err := c.PodLog(r.PathValue("pod"), r.PathValue("container"))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			http.Error(w, "this Pod does not run: kwok plays it", http.StatusNotFound)
			return
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if n, err := strconv.Atoi(r.FormValue("tailLines")); err == nil {
			lines := strings.SplitAfter(text, "\n")
			text = strings.Join(lines[max(0, len(lines)-1-n):], "")
		}
		_, _ = w.Write([]byte(text)) // a client that has gone is no news
	})
	return mux
}
