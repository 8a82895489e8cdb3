package main

import (
	"cmp"
	"context"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// The load of item, in requests/s. With mixed traffic, 6 Pods bear the calm
// load at 66 % of istio-proxy's request; with small requests, the hot load is
// 91 % of it, and 12 Pods bear the peak.
const (
	calmLoad world.RPS = 5900
	hotLoad  world.RPS = 8200
	peakLoad world.RPS = 12300
)

// script is the story. A step's error is what keeps it from being told;
// what it shows, or does not, are its checks.
var script = []struct {
	name, prose string
	play        func(context.Context, *Story, *Step) error
}{
	{"calm", calmProse, calm},
	{"hot", hotProse, hot},
	{"outage", outageProse, outage},
	{"return", returnProse, comeBack},
	{"fall", fallProse, fall},
}

const calmProse = `Each of the 6 Pods of "item" runs app and istio-proxy. The HPA's target is 70 %.
For its first seconds Crest answers exactly the target ("held"): after a start it does not let an HPA
shrink anything before it has watched for a while. Then it answers what the hottest container uses.`

func calm(ctx context.Context, s *Story, step *Step) error {
	now, err := s.until(ctx, "Crest answers a plain maximum from Datadog", func(x Sample) bool {
		return x.Item.Answer.Plain() && x.Cart.Answer.Plain()
	})
	if err != nil {
		return err
	}
	if err := s.linger(ctx, 6*time.Second); err != nil {
		return err
	}
	seen, _ := s.since(now.At)
	last := seen[len(seen)-1]
	step.check(near(last.Item.Answer.Value, last.Item.Proxy, 3), "the answer is the utilization of the hottest container",
		"%.1f %%, %s is at %.1f %%", last.Item.Answer.Value, last.Item.Answer.Container, last.Item.Proxy)
	average := s.shop.stage.Read(ctx, namespace, stage.PodAverage, selectors[item])
	step.check(near(average.Value(), last.Item.Average, 3), "the Pod average can be read beside it",
		"pod_cpu_utilization says %.1f %%, it is %.1f %%", average.Value(), last.Item.Average)
	step.check(most(s.samples, itemReplicas) == 6 && least(s.samples, itemReplicas) == 6, "the HPA has nothing to do", "6 replicas throughout")
	return nil
}

const hotProse = `Now the requests become many and small: little work for app, but for istio-proxy a request is a request.
istio-proxy passes 90 %, and requests begin to queue in it. The Pod average says 41 %: an HPA on it would sleep,
or even shrink. Crest answers the hottest container, and the HPA scales out. Then the load goes on growing.
(While many Pods are new, the answer is metrics-server's maximum over the Ready ones: a mean over all of them,
which is what Datadog gives, would look too low.)`

func hot(ctx context.Context, s *Story, step *Step) error {
	begin := s.now()
	if err := s.shop.serve(small, constant(hotLoad)); err != nil {
		return err
	}
	_, err := s.until(ctx, "the HPA scales item out", func(x Sample) bool { return x.Item.Replicas > 6 })
	if err != nil {
		return err
	}
	before, answers := s.since(begin)
	hottest := before[max(0, len(before)-2)] // the last look at which there were 6 replicas
	step.check(hottest.Item.Proxy >= 90 && hottest.Item.App <= 25, "istio-proxy is hot, app is not",
		"istio-proxy %.0f %%, app %.0f %%", hottest.Item.Proxy, hottest.Item.App)
	decided := highest(answers, datadog)
	step.check(decided.Container == proxy && decided.Value > tolerated, "Datadog's number moved the HPA",
		"%.1f %% of %s; from %.0f %% on an HPA with target %g acts", decided.Value, decided.Container, tolerated, target)
	if err := s.shop.serve(small, ramp(hotLoad, peakLoad, time.Now(), 12*time.Second)); err != nil {
		return err
	}
	enough := int(bearing(peakLoad)) // the HPA tolerates a tenth more than the target
	_, err = s.until(ctx, "item has the Pods that its load needs, and they have settled", func(x Sample) bool {
		return x.Item.Load >= float64(peakLoad) && x.Item.Replicas >= enough && x.Item.content() && x.Cart.content()
	})
	if err != nil {
		return err
	}
	if err := s.linger(ctx, 4*time.Second); err != nil {
		return err
	}
	return s.afterHot(ctx, begin, enough)
}

// afterHot checks the whole of the second step.
func (s *Story) afterHot(ctx context.Context, begin time.Duration, enough int) error {
	step := s.step()
	seen, _ := s.since(begin)
	last := seen[len(seen)-1]
	average := most(seen, func(x Sample) float64 { return x.Item.Average })
	step.check(average < target, "the Pod average stayed under the target all the time", "at most %.0f %% of %g %%", average, target)
	replicas := most(seen, itemReplicas)
	step.check(replicas >= enough && replicas <= enough+2, "the HPA scaled out to what the load needs, and not beyond",
		"6 → %d replicas; %.1f bear it at the target", replicas, bearing(peakLoad))
	step.check(last.Cart.Replicas > 3 && last.Cart.Answer.Container == proxy, "so did cart, whose istio-proxy is a native sidecar",
		"3 → %d replicas", last.Cart.Replicas)
	table, err := s.shop.stage.Cluster.Kubectl(ctx, "get", "hpa", "--namespace="+namespace)
	if err != nil {
		return err
	}
	s.print.quote("kubectl get hpa --namespace=shop", table)
	return nil
}

// bearing is how many Pods of item bear a load with istio-proxy at the target.
func bearing(load world.RPS) float64 {
	return float64(load) * float64(proxyCost) / (proxyRequest * target / 100)
}

func itemReplicas(x Sample) int { return x.Item.Replicas }
func cartReplicas(x Sample) int { return x.Cart.Replicas }

// highest is the answer of a source with the highest value.
func highest(answers []Answer, source string) Answer {
	var found Answer
	for _, a := range answers {
		if a.Source == source && a.Value > found.Value {
			found = a
		}
	}
	return found
}

const outageProse = `Datadog refuses connections. After two failed collections Crest turns to metrics-server, and says so.
What that gives for scaling is the Pod average, which reads about a third while istio-proxy works near its target:
taken at its word, it would halve the Deployment. Crest knows from Datadog how far the two are apart, so it does not
let the fallback alone shrink this workload: it answers the target ("held"), and the HPA keeps its replicas.`

func outage(ctx context.Context, s *Story, step *Step) error {
	begin := s.now()
	if err := s.shop.stage.Datadog.SetFault(datadogsim.Fault{Kind: datadogsim.Refuse}); err != nil {
		return err
	}
	turned, err := s.until(ctx, "Crest answers from metrics-server", func(x Sample) bool { return x.Item.Answer.Fallback() && x.Cart.Answer.Fallback() })
	if err != nil {
		return err
	}
	// Longer than the HPA's scale-down stabilization of 10 s, so that the
	// replicas are not kept by that.
	if err := s.linger(ctx, 16*time.Second); err != nil {
		return err
	}
	seen, answers := s.since(begin)
	last := seen[len(seen)-1]
	a := last.Item.Answer
	step.check(a.Fallback(), "metrics-server answers in Datadog's place", "%.1f s after the first refusal", (turned.At - begin).Seconds())
	step.check(len(failures(answers)) == 0, "no answer failed in between", "%s", failed(answers))
	step.check(a.Value == target && a.Reason == "FallbackScaleDown", "the answer is held at the target",
		"%g %%, reason %s, measured %s %%", a.Value, a.Reason, a.Measured)
	step.check(lostMetric(seen) == "", "the HPA never lost its metric", "%s", cmp.Or(lostMetric(seen), "its condition ScalingActive stays true"))
	kept := least(seen, itemReplicas) == most(seen, itemReplicas) && least(seen, cartReplicas) == most(seen, cartReplicas)
	step.check(kept, "both Deployments keep their replicas", "item %d, cart %d; on the bare average item would go to %d",
		last.Item.Replicas, last.Cart.Replicas, needed(last.Item.Replicas, last.Item.Average))
	return nil
}

const returnProse = `Datadog answers again. One good answer could be luck: Crest returns to it after two in a row.`

func comeBack(ctx context.Context, s *Story, step *Step) error {
	begin, at := s.now(), time.Now()
	if err := s.shop.stage.Datadog.ClearFaults(); err != nil {
		return err
	}
	_, err := s.until(ctx, "Crest answers from Datadog again", func(x Sample) bool { return x.Item.Answer.Plain() && x.Cart.Answer.Plain() })
	if err != nil {
		return err
	}
	if err := s.linger(ctx, 5*time.Second); err != nil {
		return err
	}
	seen, answers := s.since(begin)
	first := firstFrom(answers, datadog)
	good := s.goodCollections(at, s.began.Add(first.At))
	step.check(first.Source == datadog, "Datadog answers again", "%.1f s after its return", (first.At - begin).Seconds())
	step.check(good >= 2, "not before two good collections", "%d of them", good)
	step.check(len(failures(answers)) == 0, "no answer failed in between", "%s", failed(answers))
	step.check(least(seen, itemReplicas) == most(seen, itemReplicas), "the replicas do not notice", "item keeps %d", seen[len(seen)-1].Item.Replicas)
	return nil
}

func firstFrom(answers []Answer, source string) Answer {
	for _, a := range answers {
		if a.Source == source {
			return a
		}
	}
	return Answer{}
}

// goodCollections counts the calls of one replica that Datadog answered well in that time: the
// most of any connection. Each replica has one of its own, and both had to make a new one.
func (s *Story) goodCollections(from, to time.Time) int {
	good, most := map[string]int{}, 0
	for _, r := range s.shop.stage.Datadog.Requests() {
		if r.Time.After(from) && r.Time.Add(r.Took).Before(to) && r.Status == 200 && r.Series > 0 {
			good[r.Client]++
			most = max(most, good[r.Client])
		}
	}
	return most
}

const fallProse = `The load falls to where it began. The HPA waits out its stabilization (10 s here, 5 min by default),
then scales in: to what the load needs, and no further.`

func fall(ctx context.Context, s *Story, step *Step) error {
	begin := s.now()
	if err := s.shop.serve(mixed, constant(calmLoad)); err != nil {
		return err
	}
	_, err := s.until(ctx, "the HPAs scale in", func(x Sample) bool {
		return x.Item.Replicas <= 6 && x.Item.Ready == x.Item.Replicas && x.Cart.Replicas <= 3 && x.Item.Answer.Plain()
	})
	if err != nil {
		return err
	}
	// Another stabilization, in which an undershoot would show.
	if err := s.linger(ctx, 12*time.Second); err != nil {
		return err
	}
	seen, answers := s.since(begin)
	last := seen[len(seen)-1]
	step.check(last.Item.Replicas == 6, "the HPA scales item in", "%d → %d replicas", seen[0].Item.Replicas, last.Item.Replicas)
	step.check(least(seen, itemReplicas) >= 6, "and not below what the load needs", "never under %d", least(seen, itemReplicas))
	step.check(last.Cart.Replicas == 3, "cart too", "%d → %d replicas", seen[0].Cart.Replicas, last.Cart.Replicas)
	step.check(len(failures(answers)) == 0, "no answer failed", "%s", failed(answers))
	return nil
}
