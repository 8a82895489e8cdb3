package code

import (
	"math"
	"strings"
	"testing"
)

const printed = `goos: linux
goarch: amd64
pkg: github.com/crest-hpa/crest/pkg/provider
cpu: some
BenchmarkGetExternalMetric/floor-2         	  861108	       400 ns/op	     616 B/op	       5 allocs/op
BenchmarkGetExternalMetric/10_workloads-2  	  241210	      1200 ns/op	    1064 B/op	       9 allocs/op
BenchmarkDecode/plain_encoding/json-2      	       3	 121452342 ns/op	  90.41 MB/s	24603437 B/op	  570119 allocs/op
PASS
`

func TestWhatBenchmarksPrintIsReadByNameWithoutTheNumberOfCPUs(t *testing.T) {
	s := samples{}
	for range 2 {
		if err := s.add(strings.NewReader(printed)); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]struct {
		unit  string
		value float64
	}{
		listAlone: {seconds, 400e-9},
		readFew:   {allocations, 9},
		plainJSON: {bytesOf, 24603437},
	} {
		values, err := s.values(name, want.unit)
		same := func(v float64) bool { return math.Abs(v/want.value-1) < 1e-9 } // nanoseconds become seconds
		if err != nil || len(values) != 2 || !same(values[0]) || !same(values[1]) {
			t.Errorf("the values of %s are %v %s and %v, want %v twice", name, values, want.unit, err, want.value)
		}
	}
	if _, err := s.values(readMany, seconds); err == nil || !strings.Contains(err.Error(), readMany) {
		t.Errorf("the error for a benchmark that is missing is %v, want one that names it", err)
	}
}

func TestARatioIsTheMedianOfThoseOfEachRun(t *testing.T) {
	s := samples{
		"fast": {seconds: {1, 10, 100}}, // the machine gets slower from run to run
		"slow": {seconds: {2, 20, 300}},
		"once": {seconds: {1}},
	}
	if ratio, err := s.ratio("slow", "fast", seconds); err != nil || ratio != 2 {
		t.Errorf("the ratio is %v and %v, want 2", ratio, err)
	}
	if _, err := s.ratio("once", "fast", seconds); err == nil {
		t.Error("benchmarks that ran a different number of times are compared")
	}
}
