package main

import "fmt"

// Check is one thing that a step must show, and the numbers that show it.
type Check struct {
	OK     bool
	What   string
	Detail string
}

// Step is one step of the story and what it has shown.
type Step struct {
	Number int
	Name   string
	Checks []Check
}

// check notes whether something holds.
func (s *Step) check(ok bool, what, detail string, args ...any) {
	s.Checks = append(s.Checks, Check{ok, what, fmt.Sprintf(detail, args...)})
}

// count is how many of the checks hold, and how many there are.
func count(steps []*Step) (held, all int) {
	for _, s := range steps {
		for _, c := range s.Checks {
			all++
			if c.OK {
				held++
			}
		}
	}
	return held, all
}

// near says that two utilizations agree within some percentage points.
func near(a, b, within float64) bool { return a-b <= within && b-a <= within }

// most is the largest of what a function finds in the samples; 0 without any.
func most[T int | float64](samples []Sample, of func(Sample) T) T {
	var largest T
	for _, s := range samples {
		largest = max(largest, of(s))
	}
	return largest
}

// least is the smallest of what a function finds in the samples.
func least[T int | float64](samples []Sample, of func(Sample) T) T {
	var smallest T
	for i, s := range samples {
		if v := of(s); i == 0 || v < smallest {
			smallest = v
		}
	}
	return smallest
}

// failures are the answers that held no value.
func failures(answers []Answer) []Answer {
	var failed []Answer
	for _, a := range answers {
		if a.Failure != "" {
			failed = append(failed, a)
		}
	}
	return failed
}

// lostMetric is what the HPA of item first said when it could not scale; empty
// if it always could.
func lostMetric(samples []Sample) string {
	for _, s := range samples {
		if s.Item.Scaling != "" {
			return s.Item.Scaling
		}
	}
	return ""
}

// Needed by an HPA that follows a value: its replicas times value over target,
// rounded up; nothing changes within the HPA's tolerance of a tenth.
func needed(replicas int, value float64) int {
	ratio := value / target
	if ratio > 0.9 && ratio < 1.1 {
		return replicas
	}
	n := float64(replicas) * ratio
	whole := int(n)
	if n > float64(whole) {
		whole++
	}
	return whole
}
