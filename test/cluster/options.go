package cluster

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// Options say what kind of cluster to start. The zero value is a small cluster with a
// fast HPA controller and without metrics-server.
type Options struct {
	// Bin is the directory that Build filled. Empty: Start calls Build itself.
	Bin string

	// Dir holds keys, data and logs. Empty: a temporary directory that Stop removes.
	Dir string

	// LogDir holds one log file a process. Empty: Dir/logs.
	LogDir string

	// Bare leaves out everything that would change what is written: kube-controller-manager,
	// kube-scheduler and kwok. Objects stay as their writer left them, so that large numbers of
	// them cost nothing but their place; he also makes what controllers would have made, such as
	// the default ServiceAccount of each namespace, and gives Pods their node and their status.
	Bare bool

	// Nodes is the number of kwok nodes, each with 256 CPUs and room for 10,000 Pods. Zero: 2.
	Nodes int

	// KubeletHandler answers GET /metrics/resource/<node> for all nodes, in the Prometheus
	// text format; metrics-server scrapes it over TLS. Nil: no metrics-server is started.
	KubeletHandler http.Handler

	// MetricsResolution is metrics-server's scraping interval. Zero: 2s.
	MetricsResolution time.Duration

	// HPASync is the interval at which the HPA controller looks at each HPA. Zero: 2s.
	HPASync time.Duration

	// DownscaleStabilization is the controller's own scale-down window, for HPAs that name none. Zero: 10s.
	DownscaleStabilization time.Duration

	// InitialReadinessDelay and CPUInitializationPeriod are how long the HPA controller
	// distrusts the CPU metrics of a young Pod. Zero is zero: it does not.
	InitialReadinessDelay   time.Duration
	CPUInitializationPeriod time.Duration

	// DefaultHPA leaves every flag of the HPA controller at its real default (sync 15s,
	// stabilization 5m, readiness delay 30s, CPU initialization 5m, 20 requests/s). The four
	// settings above are then ignored.
	DefaultHPA bool

	// Audit has the API server note all that ServiceAccounts ask, for (*Cluster).Audited.
	Audit bool

	// Progress is told each step and how long it took. Nil: silence.
	Progress io.Writer

	// Verbose raises the verbosity of the components' logs from 1 to 4.
	Verbose bool
}

func (o Options) withDefaults() Options {
	if o.Nodes == 0 {
		o.Nodes = 2
	}
	if o.MetricsResolution == 0 {
		o.MetricsResolution = 2 * time.Second
	}
	if o.HPASync == 0 {
		o.HPASync = 2 * time.Second
	}
	if o.DownscaleStabilization == 0 {
		o.DownscaleStabilization = 10 * time.Second
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	o.Progress = &serialWriter{to: o.Progress}
	return o
}

// serialWriter lets several goroutines write, one after another.
type serialWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *serialWriter) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(text)
}

// verbosity is the components' -v.
func (o Options) verbosity() string {
	if o.Verbose {
		return "4"
	}
	return "1"
}
