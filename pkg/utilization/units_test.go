package utilization_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestThousandMillicoresAreOneCoreOfNanocores(t *testing.T) {
	if got := utilization.FromMillicores(1000); got != 1e9 {
		t.Errorf("1000m are %d nanocores, want 1e9", got)
	}
}

func TestPercentOfRequest(t *testing.T) {
	for name, test := range map[string]struct {
		usage, request utilization.Nanocores
		want           utilization.Percent
	}{
		"all that was asked for is 100":                  {m(200), m(200), 100},
		"there is no upper end":                          {m(900), m(200), 450},
		"nothing used is 0":                              {0, m(200), 0},
		"fractions are kept":                             {m(1), m(800), 0.125},
		"a request of nothing is 0 and never infinite":   {m(1), 0, 0},
		"a thousand Pods of sixty cores do not overflow": {60_000 * m(1000), 120_000 * m(1000), 50},
	} {
		t.Run(name, func(t *testing.T) {
			if got := utilization.PercentOf(test.usage, test.request); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestPercentTravelsInThousandths(t *testing.T) {
	for name, test := range map[string]struct {
		percent utilization.Percent
		milli   int64
	}{
		"a whole number":                        {70, 70_000},
		"three decimals are kept":               {78.412, 78_412},
		"the fourth decimal rounds down":        {78.4124, 78_412},
		"the fourth decimal rounds up":          {78.4126, 78_413},
		"half of a thousandth rounds away":      {0.0625, 63},
		"a negative number rounds like another": {-0.0625, -63},
		"zero":                                  {0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.percent.Milli(); got != test.milli {
				t.Errorf("%v travels as %d, want %d", test.percent, got, test.milli)
			}
		})
	}
}

func TestEveryTargetComesBackFromThousandthsUnchanged(t *testing.T) {
	for milli := int64(1); milli < 2_000_000; milli += 7 {
		if got := utilization.FromMilli(milli).Milli(); got != milli {
			t.Fatalf("%d thousandths come back as %d", milli, got)
		}
	}
}

func TestSpanKnowsItsWindowAndItsAge(t *testing.T) {
	s := ago(45 * time.Second)
	if s.Window() != 30*time.Second || s.Age(noon) != 45*time.Second {
		t.Errorf("window %v and age %v, want 30s and 45s", s.Window(), s.Age(noon))
	}
}
