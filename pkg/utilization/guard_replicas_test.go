package utilization_test

import (
	"testing"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestWhatTheHPASawCountsAsMuchAsWhatItAskedFor(t *testing.T) {
	hung := live(40, 25, 0, noon)
	tell(t, map[string]story{
		"scaled by hand from 10 to 40, a high value of the 25 that are Ready does not shrink it": {
			fallback(90, 25), between(10, 40, hung), answer{Value: target, Held: utilization.TooFewReady},
		},
		"scaled by hand from 40 to 10, a low value of all that are still Ready does not grow it": {
			fallback(35, 40), between(10, 40, terminating(10, 30)), answer{Value: target, Held: utilization.MoreReadyThanReplicas},
		},
		"a high value that asks for more than either is served": {
			fallback(140, 25), between(10, 40, hung), answer{Value: 140},
		},
		"a low value that asks for no more than either is served": {
			fallback(17, 40), between(10, 40, terminating(10, 30)), answer{Value: 17},
		},
	})
}
