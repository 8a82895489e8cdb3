package main

import (
	"slices"
	"testing"
	"time"
)

func TestAnHPAAsksFor(t *testing.T) {
	for name, c := range map[string]struct {
		replicas int
		value    float64
		want     int
	}{
		"as many as it has at the target":                {6, 70, 6},
		"as many as it has within a tenth of the target": {8, 76.9, 8},
		"one more for a fraction of a Pod":               {6, 91.1, 8},
		"exactly as many as fit":                         {6, 140, 12},
		"half on half of the target":                     {12, 35, 6},
	} {
		t.Run(name, func(t *testing.T) {
			if got := needed(c.replicas, c.value); got != c.want {
				t.Errorf("at %g %% an HPA with %d replicas asks for %d, want %d", c.value, c.replicas, got, c.want)
			}
		})
	}
}

func TestStepsCountTheirChecks(t *testing.T) {
	one, two := &Step{Number: 1}, &Step{Number: 2}
	one.check(true, "it holds", "%d of %d", 3, 4)
	one.check(false, "it does not", "")
	two.check(true, "it holds too", "")
	if got := one.Checks[0].Detail; got != "3 of 4" {
		t.Errorf("the detail is %q", got)
	}
	if held, all := count([]*Step{one, two}); held != 2 || all != 3 {
		t.Errorf("%d of %d checks hold, want 2 of 3", held, all)
	}
}

func TestExtremesOfSamples(t *testing.T) {
	samples := []Sample{{Item: View{Replicas: 8}}, {Item: View{Replicas: 6}}, {Item: View{Replicas: 12}}}
	if got := most(samples, itemReplicas); got != 12 {
		t.Errorf("the most replicas are %d, want 12", got)
	}
	if got := least(samples, itemReplicas); got != 6 {
		t.Errorf("the least replicas are %d, want 6", got)
	}
}

func TestOneFailedAnswerIsFound(t *testing.T) {
	answers := []Answer{{Value: 70, Source: datadog}, {Failure: "503 both are away"}, {Value: 70, Source: metricsServer}}
	if got := failures(answers); !slices.Equal(got, answers[1:2]) {
		t.Errorf("the failures are %+v", got)
	}
	if got, want := failed(answers), "1 of 3; the first at 0:00: 503 both are away"; got != want {
		t.Errorf("failed: %q, want %q", got, want)
	}
	if got, want := failed(answers[:1]), "0 of 1, read every 200ms"; got != want {
		t.Errorf("failed: %q, want %q", got, want)
	}
}

func TestAnHPAThatLostItsMetricIsFound(t *testing.T) {
	samples := []Sample{{}, {Item: View{Scaling: "FailedGetExternalMetric: 503"}}, {}}
	if got := lostMetric(samples); got != "FailedGetExternalMetric: 503" {
		t.Errorf("it says %q", got)
	}
	if got := lostMetric(samples[:1]); got != "" {
		t.Errorf("it says %q though nothing was lost", got)
	}
}

func TestASampleIsNews(t *testing.T) {
	shown := Sample{At: 10 * time.Second, Step: 2, Item: View{Replicas: 6, Answer: Answer{Source: datadog, Container: proxy}}}
	for name, c := range map[string]struct {
		change func(*Sample)
		want   bool
	}{
		"not when it tells the same":       {func(*Sample) {}, false},
		"when some seconds have passed":    {func(s *Sample) { s.At += showEvery }, true},
		"when a step begins":               {func(s *Sample) { s.Step++ }, true},
		"when another source answers":      {func(s *Sample) { s.Item.Answer.Source = metricsServer }, true},
		"when another container is hot":    {func(s *Sample) { s.Item.Answer.Container = app }, true},
		"when the answer is held":          {func(s *Sample) { s.Item.Answer.Reason = "Starting" }, true},
		"when the answer fails":            {func(s *Sample) { s.Item.Answer = Answer{Failure: "503"} }, true},
		"when the HPA wants more replicas": {func(s *Sample) { s.Item.Replicas++ }, true},
	} {
		t.Run(name, func(t *testing.T) {
			now := shown
			c.change(&now)
			if got := news(shown, now); got != c.want {
				t.Errorf("news: %t, want %t", got, c.want)
			}
		})
	}
}

func TestTheLoadOfARamp(t *testing.T) {
	begin := time.Unix(100, 0)
	load := ramp(100, 300, begin, 10*time.Second)
	for after, want := range map[time.Duration]float64{-time.Second: 100, 0: 100, 5 * time.Second: 200, 10 * time.Second: 300, time.Hour: 300} {
		if got := float64(load(begin.Add(after))); got != want {
			t.Errorf("%s after its beginning the load is %g, want %g", after, got, want)
		}
	}
}
