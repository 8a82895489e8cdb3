package utilization_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// live are so many Running Pods, of which so many have been Ready for an hour
// and so many since the given time.
func live(running, steady, young int, since time.Time) utilization.Live {
	l := utilization.Live{Running: running, Ready: steady + young}
	for range steady {
		l.ReadySince = append(l.ReadySince, noon.Add(-time.Hour))
	}
	for range young {
		l.ReadySince = append(l.ReadySince, since)
	}
	return l
}

func TestMoreThanATenthOfThePodsUnsettlesAMean(t *testing.T) {
	begin := noon.Add(-time.Minute)
	for name, test := range map[string]struct {
		live utilization.Live
		want bool
	}{
		"no Pods":                                           {live(0, 0, 0, begin), false},
		"all steady":                                        {live(20, 20, 0, begin), false},
		"exactly a tenth is not Ready":                      {live(20, 18, 0, begin), false},
		"more than a tenth is not Ready":                    {live(20, 17, 0, begin), true},
		"one of ten is a tenth":                             {live(10, 9, 0, begin), false},
		"one of nine is more":                               {live(9, 8, 0, begin), true},
		"exactly a tenth became Ready since":                {live(20, 18, 2, begin.Add(1)), false},
		"more than a tenth became Ready since":              {live(20, 17, 3, begin.Add(1)), true},
		"Ready from the very begin of the sample is steady": {live(20, 10, 10, begin), false},
		"one not Ready and two just Ready add up":           {live(20, 17, 2, begin.Add(1)), true},
		"all hung": {live(20, 0, 0, begin), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.live.Unsettled(begin); got != test.want {
				t.Errorf("unsettled: %v, want %v", got, test.want)
			}
		})
	}
}

func TestTargetExistsWhereAllAgreeAndOneScales(t *testing.T) {
	type targets = []utilization.Target
	for name, test := range map[string]struct {
		targets targets
		want    utilization.Percent // 0: none
	}{
		"nobody asks":                     {nil, 0},
		"one that scales":                 {targets{{"shop/item", 70, true}}, 70},
		"one that scales something else":  {targets{{"shop/item", 70, false}}, 0},
		"two of one target, one scales":   {targets{{"shop/a", 70, false}, {"shop/b", 70, true}}, 70},
		"two of two targets":              {targets{{"shop/a", 70, true}, {"shop/b", 60, true}}, 0},
		"one of two has no value":         {targets{{"shop/a", 70, true}, {"shop/b", 0, true}}, 0},
		"the first of two has no value":   {targets{{"shop/a", 0, true}, {"shop/b", 70, true}}, 0},
		"none has a target of type Value": {targets{{"shop/a", 0, true}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := utilization.Scale{Targets: test.targets}.Target()
			if ok != (test.want != 0) || got != test.want {
				t.Errorf("got %v %v, want %v", got, ok, test.want)
			}
		})
	}
}
