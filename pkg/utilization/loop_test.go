package utilization_test

import (
	"math"
	"slices"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// loop is a closed loop of an HPA, its workload and a source whose data are
// late. Times are in seconds; load is in percent of a Pod's request, spread
// evenly over the Pods that serve.
type loop struct {
	// lag is how long after its end a sample is served, window how long it is.
	lag, window int
	// startup is how long a Pod takes to become Ready, grace how long one
	// that is being deleted stays Running and Ready.
	startup, grace int
	// phase is when in its interval of 15 s the HPA looks.
	phase int
	// buckets says that samples are aligned to the clock and that each Pod
	// is averaged over time before the mean over Pods is taken, as Datadog
	// does; else it is the mean over time of the mean over serving Pods.
	buckets bool
	// limited has the default scale-up policy of an HPA: at most twice the
	// replicas or 4 more in 15 s.
	limited bool
	// stabilization is how long the HPA remembers its highest recommendation.
	stabilization int
	// answer is what the HPA gets of a sample.
	answer func(utilization.Measured, utilization.Scale) utilization.Percent
	// load at a time.
	load func(second int) float64
}

const (
	begin, end  = -300, 1200
	maxReplicas = 400
)

// pod lives from created, serves from ready to deleted, and is gone at gone.
type pod struct{ created, ready, deleted, gone int }

const never = math.MaxInt

type run struct {
	loop
	t        int
	replicas int
	pods     []pod
	// serving and each are, for each second, the Pods that serve and what
	// one of them uses.
	serving map[int]int
	each    map[int]float64
	asked   []int // recommendations, one a sync
}

// play runs the loop from 20 Ready Pods and is the replicas at each second.
func (l loop) play() map[int]int {
	r := &run{loop: l, replicas: 20, serving: map[int]int{}, each: map[int]float64{}}
	for range r.replicas {
		r.pods = append(r.pods, pod{2 * begin, 2 * begin, never, never})
	}
	replicas := map[int]int{}
	for r.t = begin; r.t < end; r.t++ {
		r.serving[r.t] = r.count(func(p pod) bool { return p.ready <= r.t && r.t < p.deleted })
		r.each[r.t] = l.load(r.t) / float64(r.serving[r.t])
		if r.t >= begin/2 && (r.t-l.phase)%15 == 0 {
			r.sync()
		}
		replicas[r.t] = r.replicas
	}
	return replicas
}

func (r *run) count(is func(pod) bool) (n int) {
	for _, p := range r.pods {
		if is(p) {
			n++
		}
	}
	return n
}

// at is a second as a moment.
func at(second int) time.Time { return noon.Add(time.Duration(second) * time.Second) }

// sample is what the source serves now.
func (r *run) sample() utilization.Measured {
	to := r.t - r.lag
	if r.buckets {
		to -= ((to % r.window) + r.window) % r.window
	}
	from := to - r.window
	var value, ready float64
	for s := from; s < to; s++ {
		value += r.each[s] / float64(r.window)
		ready += float64(r.serving[s]) / float64(r.window)
	}
	var of int
	if r.buckets {
		value, of = r.meanOfPods(from, to)
	}
	return utilization.Measured{MeanOverPods: true, Sample: utilization.Sample{
		Value: utilization.Percent(value), Ready: ready, MeanOf: of, Span: utilization.Span{Begin: at(from), End: at(to)},
	}}
}

// meanOfPods is the mean and how many Pods it is of.
func (r *run) meanOfPods(from, to int) (mean float64, n int) {
	var sum float64
	for _, p := range r.pods {
		first, last := max(from, p.created), min(to, p.gone)
		if first >= last {
			continue
		}
		n++
		for s := max(first, p.ready); s < min(last, p.deleted); s++ {
			sum += r.each[s] / float64(last-first)
		}
	}
	return sum / float64(n), n
}

// scale is what is true of the workload now.
func (r *run) scale() utilization.Scale {
	s := utilization.Scale{Replicas: r.replicas, FewestReplicas: r.replicas, Targets: []utilization.Target{{HPA: "shop/item", Value: target, Scales: true}}}
	s.Running = r.count(func(p pod) bool { return r.t < p.deleted })
	s.Ready = r.count(func(p pod) bool { return p.ready <= r.t && r.t < p.gone })
	for _, p := range r.pods {
		if p.ready <= r.t && r.t < p.deleted {
			s.ReadySince = append(s.ReadySince, at(p.ready))
		}
	}
	slices.SortFunc(s.ReadySince, time.Time.Compare)
	return s
}

// sync is one look of the HPA: tolerance, ratio × Ready Pods, stabilization,
// scale-up policy, bounds.
func (r *run) sync() {
	scale := r.scale()
	want := r.replicas
	ratio := float64(r.answer(r.sample(), scale).Milli()) / (target * 1000)
	if math.Abs(ratio-1) > 0.1 {
		want = int(math.Ceil(ratio * float64(scale.Ready)))
	}
	r.asked = append(r.asked, want)
	if want < r.replicas {
		highest := slices.Max(r.asked[max(0, len(r.asked)-1-r.stabilization/15):])
		want = min(highest, r.replicas)
	}
	if r.limited {
		want = min(want, max(2*r.replicas, r.replicas+4))
	}
	r.become(min(max(want, 1), maxReplicas))
}

// become adds Pods, or deletes the newest ones.
func (r *run) become(replicas int) {
	for ; r.replicas < replicas; r.replicas++ {
		r.pods = append(r.pods, pod{r.t, r.t + r.startup, never, never})
	}
	for i := len(r.pods) - 1; r.replicas > replicas; i-- {
		if p := &r.pods[i]; p.deleted == never {
			p.deleted, p.gone = r.t, r.t+r.grace
			r.replicas--
		}
	}
}
