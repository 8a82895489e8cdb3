package load

import (
	"testing"
	"time"
)

// measured is a load with these latencies, of a second.
func measured(latencies ...time.Duration) Measured {
	m := Measured{Length: time.Second}
	for _, l := range latencies {
		m.note(l)
	}
	return m
}

// near is whether a latency is this one to the three digits of a histogram.
func near(got, want time.Duration) bool { return got >= want*999/1000 && got <= want*1001/1000 }

func TestLoadsAddUp(t *testing.T) {
	var all Measured
	all.Add(measured(1*time.Millisecond, 2*time.Millisecond, 3*time.Millisecond))
	all.Add(Measured{Length: time.Second}) // one without an answer
	all.Add(measured(400 * time.Millisecond))
	if all.Answers != 4 || all.Length != 3*time.Second || all.Rate() != 4.0/3 {
		t.Errorf("%d answers in %s, %v a second; want 4 in 3s", all.Answers, all.Length, all.Rate())
	}
	for percent, want := range map[float64]time.Duration{50: 2 * time.Millisecond, 75: 3 * time.Millisecond, 99.9: 400 * time.Millisecond} {
		if got := all.Quantile(percent); !near(got, want) {
			t.Errorf("p%v is %s, want %s", percent, got, want)
		}
	}
}

func TestAQuantileIsThatOfAllAnswersAndNotOfTheLoadsAlone(t *testing.T) {
	var all Measured
	for range 99 {
		all.Add(measured(5 * time.Millisecond))
	}
	all.Add(measured(70 * time.Millisecond))
	if p99, p999 := all.Quantile(99), all.Quantile(99.9); !near(p99, 5*time.Millisecond) || !near(p999, 70*time.Millisecond) {
		t.Errorf("p99 is %s and p99.9 %s, want 5ms and 70ms", p99, p999)
	}
}

func TestNothingMeasuredIsZero(t *testing.T) {
	var none Measured
	if none.Rate() != 0 || none.Quantile(99) != 0 {
		t.Errorf("%v answers a second, a p99 of %s", none.Rate(), none.Quantile(99))
	}
}
