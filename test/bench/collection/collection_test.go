package collection

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/bench/collection/measurement"
)

func TestBothWaysToCollectReadTheSameAnswersToTheSameQuestions(t *testing.T) {
	c, err := buildClient(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	got, err := compare(t.Context(), c, 1001, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got.calls != 2 {
		t.Errorf("1,001 workloads are %d calls, want 2", got.calls)
	}
	if len(got.crest) != 2 || len(got.plain) != 2 {
		t.Fatalf("%d collections by Crest and %d plain ones, want 2 of each", len(got.crest), len(got.plain))
	}
	for _, m := range append(got.crest, got.plain...) {
		if m.CPU <= 0 || m.Wall <= 0 || m.Allocated <= int64(got.bytes) {
			t.Errorf("a collection of %d bytes has cost %+v", got.bytes, m)
		}
	}
}

func TestACollectionThatLacksSomethingIsNotCompared(t *testing.T) {
	c := comparison{workloads: 10}
	if err := c.add(measurement.Task{How: measurement.Crest}, measurement.Measurement{Containers: 29}); err == nil {
		t.Error("29 of 30 containers are taken for all")
	}
	if err := c.add(measurement.Task{How: measurement.Plain}, measurement.Measurement{Series: 59}); err == nil {
		t.Error("59 of 60 series are taken for all")
	}
	if len(c.crest)+len(c.plain) != 0 {
		t.Error("what is incomplete was kept")
	}
}

func TestAMedianIsTheMiddleOneOrBetweenTheTwoInTheMiddle(t *testing.T) {
	of := func(times ...time.Duration) []measurement.Measurement {
		var all []measurement.Measurement
		for _, d := range times {
			all = append(all, measurement.Measurement{CPU: d})
		}
		return all
	}
	for name, c := range map[string]struct {
		all  []measurement.Measurement
		want time.Duration
	}{
		"one":   {of(7), 7},
		"three": {of(100, 1, 3), 3},
		"four":  {of(9, 1, 5, 3), 4},
	} {
		if got := median(c.all, cpu); got != c.want {
			t.Errorf("the median of %s is %d, want %d", name, got, c.want)
		}
	}
}

func TestAQuestionIsPutToTheSimulatorOnce(t *testing.T) {
	asked := 0
	r := &recording{answers: map[string][]byte{}, sim: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write([]byte("an answer"))
	})}
	for range 3 {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("a question")))
		if w.Code != http.StatusOK || w.Body.String() != "an answer" {
			t.Errorf("the answer is %d %q", w.Code, w.Body)
		}
	}
	if asked != 1 {
		t.Errorf("the simulator was asked %d times", asked)
	}
}
