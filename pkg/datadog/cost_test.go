//go:build !race

// The race detector allocates by itself.

package datadog

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// allocated is what was allocated meanwhile, by the whole process.
type allocated struct{ objects, bytes uint64 }

func measureAllocated(do func()) allocated {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return allocated{after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc}
}

func costOfDecoding(t *testing.T, workloads int) (ours, plain allocated) {
	t.Helper()
	q, body := largeAnswer(workloads)
	ours = measureAllocated(func() {
		if usage, err := q.Decode(body); err != nil || len(usage) != workloads {
			t.Fatalf("%d workloads, %v", len(usage), err)
		}
	})
	plain = measureAllocated(func() {
		if err := json.Unmarshal(body, new(plainAnswer)); err != nil {
			t.Fatal(err)
		}
	})
	return ours, plain
}

func TestCostOfDecodingGrowsNoFasterThanTheAnswer(t *testing.T) {
	few, _ := costOfDecoding(t, 200)
	many, _ := costOfDecoding(t, 2000)
	if most := 13 * few.objects; many.objects > most {
		t.Errorf("an answer about ten times the workloads allocates %d objects instead of %d", many.objects, few.objects)
	}
	if most := 13 * few.bytes; many.bytes > most {
		t.Errorf("an answer about ten times the workloads allocates %d bytes instead of %d", many.bytes, few.bytes)
	}
}

func TestCostOfDecodingIsNearThatOfPlainJSON(t *testing.T) {
	ours, plain := costOfDecoding(t, 1000)
	if ours.objects > plain.objects {
		t.Errorf("decoding allocates %d objects, encoding/json into plain structs %d", ours.objects, plain.objects)
	}
	if most := plain.bytes * 3 / 2; ours.bytes > most {
		t.Errorf("decoding allocates %d bytes, encoding/json into plain structs %d", ours.bytes, plain.bytes)
	}
}

// padded is a Datadog whose answers, about nothing much, are as large as those
// about thousands of workloads. At the end of each it looks at the memory in use.
type padded struct {
	size int

	mu   sync.Mutex
	live []uint64
}

// RoundTrip implements [http.RoundTripper].
func (p *padded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := `{"data":{"type":"timeseries_response","attributes":{"series":[],"times":[],"values":[]}}}`
	body := io.MultiReader(strings.NewReader(answer), &spaces{left: p.size - len(answer), end: p.look})
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body), Request: r}, nil
}

func (p *padded) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live = append(p.live, inUse())
}

// spaces are so many of them; end is called when the last one has been read.
type spaces struct {
	left int
	end  func()
}

// Read implements [io.Reader].
func (s *spaces) Read(b []byte) (int, error) {
	if s.left == 0 {
		s.end()
		return 0, io.EOF
	}
	n := min(len(b), s.left)
	for i := range n {
		b[i] = ' '
	}
	s.left -= n
	return n, nil
}

// inUse is the bytes in use.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestCostOfACollectionIsTheMemoryOfAFewAnswersHoweverManyThereAre(t *testing.T) {
	const questions, size = 40, 2 << 20
	p := &padded{size: size}
	o := testOptions("http://127.0.0.1:1")
	o.Transport, o.MaxWorkloadsPerQuery = p, 1
	workloads := make([]utilization.Workload, 0, questions)
	for i := range questions {
		workloads = append(workloads, utilization.Workload{Kind: "deployment", Namespace: "shop", Name: fmt.Sprintf("item-%d", i)})
	}
	c := newClient(t, o)
	before := inUse()
	c.Collect(t.Context(), workloads, noon)
	if len(p.live) != questions {
		t.Fatalf("Datadog was asked %d times, want %d", len(p.live), questions)
	}
	most := uint64(0)
	for _, live := range p.live {
		most = max(most, live)
	}
	// A body that is being read is copied to a larger place now and then.
	if bound := uint64(inParallel) * size * 5 / 2; most > before+bound {
		t.Errorf("%d answers of %d bytes each take %d bytes at once, want at most %d", questions, size, most-before, bound)
	}
}
