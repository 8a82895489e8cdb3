package soak

import (
	"fmt"
	"math"
)

// settled is an error unless a workload is as it should be when nothing is
// broken: Datadog answers, and an HPA that sees the truth leaves it alone.
func settled(a Answer, s Sight) error {
	switch {
	case !a.OK():
		return fmt.Errorf("there is no answer: %d %s", a.Code, a.Message)
	case a.Source != "datadog":
		return fmt.Errorf("the source is %s", a.Source)
	case a.Held != "":
		return fmt.Errorf("the value is held: %s", a.Held)
	case s.Pods != s.Replicas || s.Serving != s.Replicas:
		return fmt.Errorf("%d replicas, %d Pods, and %d of them serve", s.Replicas, s.Pods, s.Serving)
	}
	ratio := s.Max / Target
	wanted := max(int(math.Ceil(ratio*float64(s.Serving))), leastReplicas)
	if wanted != s.Replicas && math.Abs(ratio-1) > 0.1 {
		return fmt.Errorf("%d replicas at %.1f %%, when %d are needed", s.Replicas, s.Max, wanted)
	}
	return nil
}
