package resourcemetrics

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
	"k8s.io/metrics/pkg/client/clientset/versioned/scheme"
)

// server answers for metrics.k8s.io: answer gets the namespace.
func server(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, namespace string)) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := strings.CutPrefix(r.URL.Path, "/apis/metrics.k8s.io/v1beta1/namespaces/")
		namespace, ok2 := strings.CutSuffix(rest, "/pods")
		if !ok || !ok2 {
			t.Errorf("asked for %s", r.URL)
		}
		answer(w, r, namespace)
	}))
	t.Cleanup(s.Close)
	return s
}

func client(t *testing.T, s *httptest.Server, log logr.Logger) *Client {
	t.Helper()
	c, err := New(Options{
		Config: &rest.Config{Host: s.URL}, Timeout: 5 * time.Second,
		Registerer: prometheus.NewRegistry(), Log: log, Now: func() time.Time { return noon },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// list answers with Pods, in protobuf.
func list(t *testing.T, w http.ResponseWriter, pods ...metricsv1beta1.PodMetrics) {
	t.Helper()
	info, ok := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeProtobuf)
	if !ok {
		t.Fatal("no protobuf")
	}
	w.Header().Set("Content-Type", runtime.ContentTypeProtobuf)
	encoder := scheme.Codecs.EncoderForVersion(info.Serializer, metricsv1beta1.SchemeGroupVersion)
	if err := encoder.Encode(&metricsv1beta1.PodMetricsList{Items: pods}, w); err != nil {
		t.Errorf("encoding: %v", err)
	}
}

func fail(w http.ResponseWriter, err *apierrors.StatusError) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(int(err.ErrStatus.Code))
	status := err.ErrStatus
	status.APIVersion, status.Kind = "v1", "Status"
	encoder := scheme.Codecs.LegacyCodec(schema.GroupVersion{Version: "v1"})
	_ = encoder.Encode(&status, w)
}

var pods = schema.GroupResource{Group: "metrics.k8s.io", Resource: "pods"}

func TestEachNamespaceIsOneListInProtobuf(t *testing.T) {
	var asked sync.Map
	s := server(t, func(w http.ResponseWriter, r *http.Request, namespace string) {
		if _, twice := asked.LoadOrStore(namespace, true); twice {
			t.Errorf("namespace %s was asked for twice", namespace)
		}
		if accept := r.Header.Get("Accept"); !strings.HasPrefix(accept, runtime.ContentTypeProtobuf) {
			t.Errorf("accepts %q, want protobuf first", accept)
		}
		list(t, w, podMetrics("pod-of-"+namespace, map[string]string{"app": "250m"}))
	})
	c := client(t, s, logr.Discard())
	var namespaces []string
	for n := range 30 {
		namespaces = append(namespaces, fmt.Sprintf("ns-%d", n))
	}
	got := c.Collect(t.Context(), append(namespaces, namespaces[0]))
	if len(got) != len(namespaces) {
		t.Errorf("%d namespaces came back, want %d", len(got), len(namespaces))
	}
	for _, namespace := range namespaces {
		p := got[namespace].Pods["pod-of-"+namespace]
		if got[namespace].Err != nil || p.Containers["app"] != 250_000_000 || !p.End.Equal(noon) {
			t.Errorf("namespace %s: %+v", namespace, got[namespace])
		}
	}
	if count := testutil.ToFloat64(c.metrics.requests.WithLabelValues("200")); count != 30 {
		t.Errorf("%v requests counted, want 30", count)
	}
}

func TestANamespaceFailsOnItsOwn(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, _ *http.Request, namespace string) {
		if namespace == "secret" {
			fail(w, apierrors.NewForbidden(pods, "", errors.New("no")))
			return
		}
		list(t, w)
	})
	got := client(t, s, logr.Discard()).Collect(t.Context(), []string{"secret", "shop"})
	if err := got["secret"].Err; err == nil || !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `"list" pods`) {
		t.Errorf("secret: %v, want a forbidden that says what to grant", err)
	}
	if got["shop"].Err != nil {
		t.Errorf("shop: %v", got["shop"].Err)
	}
}

func TestErrorsSayWhatIsWrongAndWhatToDo(t *testing.T) {
	missing := apierrors.NewGenericServerResponse(http.StatusNotFound, "get", pods, "", "page not found", 0, true)
	cases := map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		want   string
		code   string
	}{
		"no metrics-server": {
			answer: func(w http.ResponseWriter, _ *http.Request) { fail(w, missing) },
			want:   "metrics-server is not installed or not registered; see kubectl get apiservice v1beta1.metrics.k8s.io", code: "404",
		},
		"metrics-server is down": {
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "3600")
				http.Error(w, "service unavailable", http.StatusServiceUnavailable)
			},
			want: "registered but not available", code: "503",
		},
		"credentials that do not hold": {
			answer: func(w http.ResponseWriter, _ *http.Request) { fail(w, apierrors.NewUnauthorized("expired")) },
			want:   "does not accept Crest's credentials", code: "401",
		},
		"too many requests": {
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "3600")
				fail(w, apierrors.NewTooManyRequests("slow down", 3600))
			},
			want: "slow down", code: "429",
		},
		"an answer that is none": {
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", runtime.ContentTypeProtobuf)
				_, _ = w.Write([]byte("k8s\x00 but not really"))
			},
			want: `in namespace "shop"`, code: "error",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			s := server(t, func(w http.ResponseWriter, r *http.Request, _ string) {
				calls.Add(1)
				c.answer(w, r)
			})
			metrics := client(t, s, logr.Discard())
			err := metrics.Collect(t.Context(), []string{"shop"})["shop"].Err
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if calls.Load() != 1 {
				t.Errorf("%d calls, want one and no retry", calls.Load())
			}
			if count := testutil.ToFloat64(metrics.metrics.requests.WithLabelValues(c.code)); count != 1 {
				t.Errorf("not counted under code %s", c.code)
			}
		})
	}
}

func TestAServerThatHangsIsATimeout(t *testing.T) {
	release := make(chan struct{})
	s := server(t, func(_ http.ResponseWriter, r *http.Request, _ string) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	c := client(t, s, logr.Discard())
	c.timeout = 20 * time.Millisecond
	err := c.Collect(t.Context(), []string{"shop"})["shop"].Err
	if err == nil || !strings.Contains(err.Error(), "did not answer within 20ms") {
		t.Errorf("error %v, want a timeout", err)
	}
	if count := testutil.ToFloat64(c.metrics.requests.WithLabelValues("timeout")); count != 1 {
		t.Error("not counted as a timeout")
	}
}

func TestAnAPIThatIsDownIsNotAskedForEveryNamespace(t *testing.T) {
	var calls atomic.Int32
	s := server(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		calls.Add(1)
		http.Error(w, "service unavailable", http.StatusServiceUnavailable)
	})
	var namespaces []string
	for n := range 200 {
		namespaces = append(namespaces, fmt.Sprintf("ns-%d", n))
	}
	got := client(t, s, logr.Discard()).Collect(t.Context(), namespaces)
	for _, namespace := range namespaces {
		if !apierrors.IsServiceUnavailable(got[namespace].Err) {
			t.Errorf("%s: %v", namespace, got[namespace].Err)
		}
	}
	if n := calls.Load(); n > 2*parallel {
		t.Errorf("%d calls for 200 namespaces", n)
	}
}

func TestUnusablePodsAreLoggedWhenThatChanges(t *testing.T) {
	var lines []string
	log := funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{})
	var bad atomic.Bool
	s := server(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		if bad.Load() {
			list(t, w, podMetrics("item-1", map[string]string{"app": "-1"}))
			return
		}
		list(t, w, podMetrics("item-1", map[string]string{"app": "1"}))
	})
	c := client(t, s, log)
	for _, now := range []bool{false, true, true, false, false} {
		bad.Store(now)
		c.Collect(t.Context(), []string{"shop"})
	}
	if len(lines) != 2 || !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, `"pods"=1`) }) {
		t.Errorf("logged %q, want once when it began and once when it ended", lines)
	}
}

func TestNewWantsAllThatItNeeds(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("no error without a client configuration")
	}
}
