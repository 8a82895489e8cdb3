package certificate

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clientgotesting "k8s.io/client-go/testing"
)

const (
	namespace = "crest-system"
	name      = "crest-certificate"
)

var secrets = corev1.SchemeGroupVersion.WithResource("secrets")

// cluster is an API server that holds Secrets, and refuses an update of what
// has changed.
type cluster struct {
	t      *testing.T
	client *fake.Clientset
	mu     sync.Mutex
	// refuse is the error of each update, if it is not nil.
	refuse error
	// before is what another replica writes before the first update arrives.
	before    func() map[string][]byte
	version   int
	conflicts int
	logged    []string
}

func newCluster(t *testing.T) *cluster {
	c := &cluster{t: t, client: fake.NewClientset()}
	c.client.PrependReactor("update", "secrets", c.update)
	return c
}

// inBubble runs a test in a bubble of time, whose clock goes as fast as nothing happens.
func inBubble(t *testing.T, f func(t *testing.T, c *cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newCluster(t)) })
}

func (c *cluster) update(action clientgotesting.Action) (bool, runtime.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse != nil {
		return true, nil, c.refuse
	}
	if before := c.before; before != nil {
		c.before = nil
		c.version++
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, ResourceVersion: "v" + strconv.Itoa(c.version)}, Data: before()}
		if err := c.client.Tracker().Update(secrets, s, namespace); err != nil {
			return true, nil, err
		}
	}
	changed := action.(clientgotesting.UpdateAction).GetObject().(*corev1.Secret).DeepCopy()
	current, err := c.client.Tracker().Get(secrets, namespace, changed.Name)
	if err != nil {
		return true, nil, err
	}
	if current.(*corev1.Secret).ResourceVersion != changed.ResourceVersion {
		c.conflicts++
		return true, nil, apierrors.NewConflict(secrets.GroupResource(), changed.Name, errors.New("it has changed"))
	}
	c.version++
	changed.ResourceVersion = "v" + strconv.Itoa(c.version)
	return true, changed, c.client.Tracker().Update(secrets, changed, namespace)
}

func (c *cluster) setRefusal(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = err
}

// put creates the Secret, or changes its data behind everybody's back.
func (c *cluster) put(data map[string][]byte) {
	c.t.Helper()
	c.mu.Lock()
	c.version++
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, ResourceVersion: "v" + strconv.Itoa(c.version)}, Data: data}
	c.mu.Unlock()
	err := c.client.Tracker().Update(secrets, s, namespace)
	if apierrors.IsNotFound(err) {
		err = c.client.Tracker().Add(s)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	synctest.Wait()
}

// data is that of the Secret.
func (c *cluster) data() map[string][]byte {
	c.t.Helper()
	s, err := c.client.Tracker().Get(secrets, namespace, name)
	if err != nil {
		c.t.Fatal(err)
	}
	return s.(*corev1.Secret).Data
}

func (c *cluster) conflicted() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conflicts
}

func (c *cluster) log() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.logged, "\n")
}

func (c *cluster) logger() logr.Logger {
	return funcr.New(func(_, line string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.logged = append(c.logged, line)
	}, funcr.Options{})
}

// running is a Rotator and what it measures.
type running struct {
	*Rotator
	registry *prometheus.Registry
}

// run starts a replica, which ends with the test.
func (c *cluster) run(life, caLife time.Duration, callers Callers) running {
	c.t.Helper()
	r := running{registry: prometheus.NewRegistry()}
	var err error
	r.Rotator, err = New(Options{
		Client: c.client, Namespace: namespace, Secret: name, Service: "crest", Life: life, CALife: caLife,
		Callers: callers, Registerer: r.registry, Log: c.logger(), Now: time.Now,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(c.t.Context())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	c.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			c.t.Errorf("Run: %v", err)
		}
	})
	synctest.Wait()
	return r
}

// counts are the values of a metric by the values of its labels.
func (r running) counts(t *testing.T, metric string) map[string]float64 {
	t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			if f.GetName() == metric {
				found[strings.Join(labels, " ")] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return found
}

// serves is what a replica presents; nil if it has nothing.
func (r running) serves(t *testing.T) *tls.Certificate {
	t.Helper()
	certPEM, keyPEM := r.Serving().CurrentCertKeyContent()
	if certPEM == nil {
		return nil
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return &pair
}

// apiService are callers who trust what they are told.
type apiService struct {
	mu      sync.Mutex
	bundle  []byte
	foreign bool
	unknown bool
	told    int
	refuse  error
	changed chan struct{}
}

func newAPIService() *apiService { return &apiService{changed: make(chan struct{}, 1)} }

func (a *apiService) Trust() (bundle []byte, kept, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bundle, !a.foreign, !a.unknown
}

func (a *apiService) SetTrust(_ context.Context, from, bundle []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.refuse != nil:
		return a.refuse
	case !bytes.Equal(from, a.bundle):
		return apierrors.NewConflict(secrets.GroupResource(), "apiservice", errors.New("it has changed"))
	}
	a.bundle = bundle
	a.told++
	a.signal()
	return nil
}

func (a *apiService) signal() {
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

func (a *apiService) Changes() <-chan struct{} { return a.changed }

// trusts is the bundle that is trusted now.
func (a *apiService) trusts() []byte {
	bundle, _, _ := a.Trust()
	return bundle
}

// times is how often it was told.
func (a *apiService) times() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.told
}

// set changes it from outside.
func (a *apiService) set(change func(*apiService)) {
	a.mu.Lock()
	change(a)
	a.signal()
	a.mu.Unlock()
	synctest.Wait()
}
