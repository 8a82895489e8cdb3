package utilization_test

import (
	"slices"
	"testing"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestContainersSayWhatTheyPick(t *testing.T) {
	type c = utilization.Containers
	for name, test := range map[string]struct {
		containers             c
		all                    bool
		names                  []string
		picks, refuses         []string
		asksFor, doesNotAskFor []string
		single                 string
		text                   string
	}{
		"the zero value picks all": {
			containers: c{}, all: true, picks: []string{"app", ""}, doesNotAskFor: []string{"app", ""}, text: "",
		},
		"one by its name": {
			containers: utilization.Only("app"), names: []string{"app"}, picks: []string{"app"}, refuses: []string{"ap", "apps", "istio-proxy", ""},
			asksFor: []string{"app"}, doesNotAskFor: []string{"ap", "istio-proxy"}, single: "app", text: "container=app",
		},
		"several by their names, which come sorted and once": {
			containers: utilization.Only("istio-proxy", "app", "app"), names: []string{"app", "istio-proxy"},
			picks: []string{"app", "istio-proxy"}, refuses: []string{"proxy", "app,istio-proxy"},
			asksFor: []string{"app", "istio-proxy"}, doesNotAskFor: []string{"log"}, text: "container in (app,istio-proxy)",
		},
		"all but one": {
			containers: utilization.Except("log"), names: []string{"log"}, picks: []string{"app", "lo"}, refuses: []string{"log"},
			doesNotAskFor: []string{"app", "log"}, text: "container notin (log)",
		},
		"all but several": {
			containers: utilization.Except("log", "app"), names: []string{"app", "log"}, picks: []string{"istio-proxy"},
			refuses: []string{"app", "log"}, doesNotAskFor: []string{"istio-proxy"}, text: "container notin (app,log)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := test.containers
			single, isSingle := got.Single()
			if got.All() != test.all || !slices.Equal(got.Names(), test.names) || got.String() != test.text ||
				isSingle != (test.single != "") || isSingle && single != test.single {
				t.Errorf("all %v, names %v, single %q %v, text %q", got.All(), got.Names(), single, isSingle, got)
			}
			each := func(what string, is func(string) bool, want bool, names []string) {
				for _, n := range names {
					if is(n) != want {
						t.Errorf("%s(%q) is %v", what, n, !want)
					}
				}
			}
			each("Pick", got.Pick, true, test.picks)
			each("Pick", got.Pick, false, test.refuses)
			each("AsksFor", got.AsksFor, true, test.asksFor)
			each("AsksFor", got.AsksFor, false, test.doesNotAskFor)
		})
	}
}

func TestTwoSpellingsOfOneSelectorAreOneSelection(t *testing.T) {
	for name, test := range map[string]struct {
		one, other utilization.Containers
		same       bool
	}{
		"order does not matter":             {utilization.Only("a", "b"), utilization.Only("b", "a"), true},
		"a doubled name does not matter":    {utilization.Only("a", "a"), utilization.Only("a"), true},
		"excluding nothing is picking all":  {utilization.Except(), utilization.Containers{}, true},
		"naming nothing is picking all":     {utilization.Only(), utilization.Containers{}, true},
		"excluded ones may be in any order": {utilization.Except("a", "b"), utilization.Except("b", "a", "b"), true},
		"wanting is not excluding":          {utilization.Only("a"), utilization.Except("a"), false},
		"another name is another choice":    {utilization.Only("a"), utilization.Only("b"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if same := of(test.one) == of(test.other); same != test.same {
				t.Errorf("%q and %q are equal: %v, want %v", test.one, test.other, same, test.same)
			}
		})
	}
}

func TestMakingAChoiceLeavesItsArgumentsAlone(t *testing.T) {
	names := []string{"b", "a"}
	utilization.Only(names...)
	if names[0] != "b" {
		t.Error("Only sorted the caller's slice")
	}
}

func TestSelectionReadsAsAPersonWouldSayIt(t *testing.T) {
	for name, test := range map[string]struct {
		selection utilization.Selection
		want      string
	}{
		"of all containers": {all, `deployment "item" in namespace "shop"`},
		"of some":           {of(utilization.Only("app")), `deployment "item" in namespace "shop" (container=app)`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.selection.String(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
