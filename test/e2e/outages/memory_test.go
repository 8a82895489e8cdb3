package outages

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

const (
	// wholly is almost the 64 MiB that the adapter reads of one answer.
	wholly = 60 << 20
	// tooLarge is what it must not read.
	tooLarge = 200 << 20
)

func TestHugeAnswersDoNotReachTheMemoryLimit(t *testing.T) {
	limit := memoryLimit(t)
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	between := inflate(t)
	slow := stage.Config{Datadog: map[string]any{"interval": "15s", "retryInterval": "1s", "timeout": "15s", "maxAge": "1m"}}
	a := replica(t, slow, between.URL)
	ask, pid := shared.AsAdmin(t, a, w), a.Pid()
	scene.AwaitAnswer(t, ask, reads("datadog", "istio-proxy", 70))
	t.Logf("before: %s", peak(t, pid))

	between.on.Store(true)
	scene.Eventually(t, "two answers of 60 MiB were sent", func() error { return between.answered(2) })
	shared.SetLoad(t, w, 4.2)
	scene.AwaitAnswer(t, ask, reads("datadog", "istio-proxy", 73.5))
	t.Logf("with valid answers of 60 MiB: %s", peak(t, pid))
	between.on.Store(false)

	logged := len(a.Logs())
	shared.Strike(t, datadogsim.Fault{Kind: datadogsim.Huge, Size: tooLarge})
	scene.AwaitAnswer(t, ask, held("FallbackScaleDown"))
	if err := scene.SaysAll(a.Logs()[logged:], "larger than 64 MiB"); err != nil {
		t.Error(err)
	}
	shared.Heal(t)
	scene.AwaitAnswer(t, ask, reads("datadog", "istio-proxy", 73.5))
	most := peak(t, pid)
	t.Logf("and with answers of 200 MiB: %s of %s", most, limit)
	if most.Cmp(*limit) >= 0 {
		t.Errorf("it took %s, and its Pod may take %s", most, limit)
	}
	if a.Pid() != pid || ended(a.Done()) {
		t.Error("the adapter did not survive")
	}
}

// memoryLimit is that of the adapter's container, by its manifest.
func memoryLimit(t *testing.T) *resource.Quantity {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "deploy", "deployment.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`limits:\s+memory: (\w+)`).FindSubmatch(text)
	if found == nil {
		t.Fatal("deploy/deployment.yaml sets no limit of memory")
	}
	limit := resource.MustParse(string(found[1]))
	return &limit
}

// peak is the most memory that a process has had resident, its program too.
func peak(t *testing.T, pid int) *resource.Quantity {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no VmHWM in %s", text)
	}
	kib, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return resource.NewQuantity(kib<<10, resource.BinarySI)
}

// inflater stands between an adapter and the simulator and, while it is on,
// fills answers up with series of others.
type inflater struct {
	*httptest.Server
	on    atomic.Bool
	count atomic.Int64
}

func inflate(t *testing.T) *inflater {
	t.Helper()
	to, err := url.Parse(shared.DatadogURL)
	if err != nil {
		t.Fatal(err)
	}
	i := &inflater{}
	i.Server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Del("Accept-Encoding")
		},
		Transport:      &http.Transport{DisableCompression: true},
		ModifyResponse: i.fill,
	})
	t.Cleanup(i.Close)
	return i
}

// answered is an error until so many answers were filled up.
func (i *inflater) answered(want int64) error {
	if n := i.count.Load(); n < want {
		return fmt.Errorf("%d were sent", n)
	}
	return nil
}

func (i *inflater) fill(r *http.Response) error {
	if !i.on.Load() || r.StatusCode != http.StatusOK {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return fmt.Errorf("reading the simulator's answer: %w", err)
	}
	filled, err := fill(body)
	if err != nil {
		return err
	}
	r.Body = &told{Reader: bytes.NewReader(filled), told: func() { i.count.Add(1) }}
	r.ContentLength = int64(len(filled))
	r.Header.Set("Content-Length", strconv.Itoa(len(filled)))
	return nil
}

// told is a body that tells of its end.
type told struct {
	io.Reader
	told func()
}

func (b *told) Close() error { b.told(); return nil }

// answer is what an answer of Datadog must have to be filled up.
type answer struct {
	Data struct {
		Type       string `json:"type"`
		Attributes struct {
			Series json.RawMessage `json:"series"`
			Times  []int64         `json:"times"`
			Values json.RawMessage `json:"values"`
		} `json:"attributes"`
	} `json:"data"`
}

// fill adds series of other workloads, with their values, up to 60 MiB.
func fill(body []byte) ([]byte, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, fmt.Errorf("reading the simulator's answer: %w", err)
	}
	times, err := json.Marshal(a.Data.Attributes.Times)
	if err != nil {
		return nil, fmt.Errorf("writing the times: %w", err)
	}
	row := bytes.Repeat([]byte("12345678.5,"), len(a.Data.Attributes.Times))
	row = fmt.Appendf(nil, "[%s]", bytes.TrimSuffix(row, []byte(",")))
	series, values := items(a.Data.Attributes.Series), items(a.Data.Attributes.Values)
	for n := 0; len(series)+len(values) < wholly; n++ {
		series = fmt.Appendf(series, `,{"group_tags":["kube_namespace:foreign-%d","kube_deployment:foreign-%d","kube_container_name:app"],"query_index":%d}`, n, n, n%2)
		values = append(append(values, ','), row...)
	}
	return fmt.Appendf(nil, `{"data":{"type":%q,"attributes":{"series":[%s],"times":%s,"values":[%s]}}}`, a.Data.Type, series, times, values), nil
}

// items are those of a JSON list, without its brackets.
func items(list json.RawMessage) []byte {
	list = bytes.TrimSpace(list)
	return bytes.Clone(list[1 : len(list)-1])
}
