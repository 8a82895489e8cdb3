package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestWhatAnAnswerIsOf(t *testing.T) {
	for name, c := range map[string]struct {
		answer Answer
		want   string
	}{
		"the hottest container":           {Answer{Source: datadog, Container: proxy}, "istio-proxy"},
		"a value related to the Pods now": {Answer{Source: datadog, Container: proxy, Adjusted: "rebased", Measured: "95.1"}, "istio-proxy, rebased from 95.1"},
		"a value that is held":            {Answer{Source: metricsServer, Adjusted: "held", Reason: "FallbackScaleDown", Measured: "30.7"}, "held, 30.7 measured"},
		"the Pod average":                 {Answer{Source: metricsServer}, "Pod average"},
		"the maximum while Pods are new":  {Answer{Source: metricsServer, Container: proxy}, "istio-proxy, Ready Pods only"},
		"a failure, in one short line":    {Answer{Failure: "503 Datadog is away, and so\nis metrics-server"}, "503 Datadog is away, and so"},
		"a long failure, cut":             {Answer{Failure: strings.Repeat("x", 100)}, strings.Repeat("x", 29) + "…"},
		"nothing before the first answer": {Answer{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ofWhat(c.answer); got != c.want {
				t.Errorf("it says %q, want %q", got, c.want)
			}
		})
	}
}

// story is a short one, in which Datadog fails and everything grows.
func story() ([]*Step, []Sample) {
	steps := []*Step{{Number: 1, Name: "calm"}, {Number: 2, Name: "outage"}}
	steps[0].check(true, "it is calm", "66 %%")
	steps[1].check(false, "it holds", "12 → 6")
	var samples []Sample
	for i := range 40 {
		v := View{Load: 5900, App: 45, Proxy: 66, Average: 51, Ready: 6, Replicas: 6 + i/10}
		v.Answer = Answer{At: time.Duration(i) * time.Second, Value: 65.6, Source: datadog, Container: proxy}
		step := 1
		if i > 15 {
			step = 2
			v.Answer = Answer{At: v.Answer.At, Value: 70, Source: metricsServer, Adjusted: "held", Reason: "FallbackScaleDown", Measured: "51.0"}
		}
		samples = append(samples, Sample{At: v.Answer.At, Step: step, Item: v, Cart: v})
	}
	return steps, samples
}

func TestColumnsAreAligned(t *testing.T) {
	steps, samples := story()
	p := &printer{}
	bars := func(line string) (at []int) {
		for i, r := range []rune(line) {
			if r == '│' {
				at = append(at, i)
			}
		}
		return at
	}
	want := bars(head)
	if len(want) != 3 {
		t.Fatalf("the head has its bars at %d:\n%s", want, head)
	}
	failing := samples[0]
	failing.At, failing.Item.Answer = 71*time.Minute, Answer{Failure: strings.Repeat("long ", 50)}
	for _, now := range append(samples, failing) {
		line := p.format(steps[0], now)
		if got := bars(line); got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
			t.Fatalf("the bars are at %d, want %d:\n%s\n%s", got, want, head, line)
		}
		if n := utf8.RuneCountInString(line); n > 130 {
			t.Errorf("a line has %d characters: %s", n, line)
		}
	}
}

func TestALineOfTheTable(t *testing.T) {
	steps, samples := story()
	want := " 0:20  2 outage    5,900 │  45 %        66 %    51 % │  70.0 %  metrics-server held, 51.0 measured            │    6→8   70 %, 6→8"
	if got := (&printer{}).format(steps[1], samples[20]); got != want {
		t.Errorf("the line is\n%s, want\n%s", got, want)
	}
}

func TestColorsChangeNoText(t *testing.T) {
	steps, samples := story()
	plain := (&printer{}).format(steps[1], samples[20])
	colored := (&printer{color: true}).format(steps[1], samples[20])
	if got := strings.NewReplacer("\x1b["+yellow+"m", "", "\x1b[0m", "").Replace(colored); got != plain || colored == plain {
		t.Errorf("without its colors the line is\n%s, want\n%s", got, plain)
	}
}

func TestChecksArePrintedWithTheirMarks(t *testing.T) {
	var b strings.Builder
	(&printer{out: &b}).checks([]Check{{true, "it holds", "12"}, {false, "it does not", "6"}})
	if got, want := b.String(), "\n   ✓ it holds (12)\n   ✗ it does not (6)\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999.4: "999", 1000: "1,000", 12300: "12,300", 5900.6: "5,901"} {
		if got := thousands(v); got != want {
			t.Errorf("%g is printed as %q, want %q", v, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0:00", 65900 * time.Millisecond: "1:05", time.Hour: "60:00"} {
		if got := clock(d); got != want {
			t.Errorf("%s is printed as %q, want %q", d, got, want)
		}
	}
}
