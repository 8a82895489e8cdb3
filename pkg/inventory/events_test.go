package inventory

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestEventsGoToTheHPAsThatNameTheSelectionAndToNobodyElse(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.create(item, "a", "app=item")
		sel := utilization.Selection{Workload: item}
		c.Warn(sel, "Stranger", "nobody names it")
		synctest.Wait()
		c.createHPA(hpaOf("h", item))
		c.Warn(sel, "Bad", "the source has gone")
		time.Sleep(time.Second) // an Event is named by its time
		c.Inform(sel, "Good", "the source is back")
		c.Warn(utilization.Selection{Workload: utilization.Workload{Kind: "unheard", Name: "x"}}, "Nowhere", "kind not configured")
		synctest.Wait()
		list, err := c.core.CoreV1().Events("shop").List(t.Context(), metav1.ListOptions{})
		c.must(err)
		got := map[string]string{}
		for _, e := range list.Items {
			got[e.Reason] = e.Type + " " + e.InvolvedObject.Kind + "/" + e.InvolvedObject.Name + " " + string(e.InvolvedObject.UID)
		}
		want := map[string]string{"Bad": "Warning HorizontalPodAutoscaler/h uid-of-h", "Good": "Normal HorizontalPodAutoscaler/h uid-of-h"}
		if !maps.Equal(got, want) {
			t.Errorf("Events are %v, want %v", got, want)
		}
	})
}

func TestANoteThatIsTooLongIsCutBetweenCharacters(t *testing.T) {
	for name, tc := range map[string]struct {
		note string
		want string
	}{
		"a short one is left alone":          {"why", "why"},
		"one that just fits too":             {strings.Repeat("x", 1024), strings.Repeat("x", 1024)},
		"one of single bytes":                {strings.Repeat("x", 3000), strings.Repeat("x", 1021) + "…"},
		"one whose cut falls into an umlaut": {strings.Repeat("ü", 3000), strings.Repeat("ü", 510) + "…"},
		"one whose cut falls into an emoji":  {"xx" + strings.Repeat("🔥", 800), "xx" + strings.Repeat("🔥", 254) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := shortened(tc.note); got != tc.want || !utf8.ValidString(got) {
				t.Errorf("%d bytes that end in %q, want %d", len(got), got[len(got)-8:], len(tc.want))
			}
		})
	}
}
