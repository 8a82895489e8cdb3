package provider

import (
	"errors"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/crest-hpa/crest/pkg/utilization"
)

var testGrammar = NewGrammar([]string{"deployment", "statefulset", "rollout"})

func parse(t testing.TB, selector string) (utilization.Selection, string, error) {
	t.Helper()
	parsed, err := labels.Parse(selector)
	if err != nil {
		t.Fatalf("the library would refuse %q before us: %v", selector, err)
	}
	return testGrammar.Parse("shop", parsed)
}

func workload(kind, name string) utilization.Workload {
	return utilization.Workload{Kind: kind, Namespace: "shop", Name: name}
}

func TestGrammarAccepts(t *testing.T) {
	item := workload("deployment", "item")
	tests := map[string]struct {
		selector string
		want     utilization.Selection
		hpa      string
	}{
		"a Deployment, and so all of its containers": {"deployment=item", utilization.Selection{Workload: item}, ""},
		"two equals signs":                           {"deployment==item", utilization.Selection{Workload: item}, ""},
		"a StatefulSet":                              {"statefulset=db", utilization.Selection{Workload: workload("statefulset", "db")}, ""},
		"a Rollout":                                  {"rollout=item", utilization.Selection{Workload: workload("rollout", "item")}, ""},
		"a name with dots":                           {"deployment=item.v2", utilization.Selection{Workload: workload("deployment", "item.v2")}, ""},
		"the workload of an HPA":                     {"hpa=item", utilization.Selection{Workload: workload("", "")}, "item"},
		"the workload of an HPA and a container":     {"hpa=item,container=app", utilization.Selection{Workload: workload("", ""), Containers: utilization.Only("app")}, "item"},
		"one container":                              {"deployment=item,container=app", utilization.Selection{Workload: item, Containers: utilization.Only("app")}, ""},
		"one container in a list":                    {"deployment=item,container in (app)", utilization.Selection{Workload: item, Containers: utilization.Only("app")}, ""},
		"two containers, in any order and twice": {
			"deployment=item,container in (istio-proxy,app,istio-proxy)",
			utilization.Selection{Workload: item, Containers: utilization.Only("app", "istio-proxy")},
			"",
		},
		"all containers but one": {"container notin (log),deployment=item", utilization.Selection{Workload: item, Containers: utilization.Except("log")}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, hpa, err := parse(t, test.selector)
			if err != nil || got != test.want || hpa != test.hpa {
				t.Errorf("got %v, HPA %q, %v; want %v, HPA %q", got, hpa, err, test.want, test.hpa)
			}
		})
	}
}

func TestGrammarRefuses(t *testing.T) {
	tests := map[string]struct {
		selector   string
		problem    string
		suggestion string
	}{
		"no requirement":                           {"", "names no workload", "deployment=my-app"},
		"no workload":                              {"container=app", "names no workload", "deployment=my-app,container=app"},
		"two workloads":                            {"deployment=item,statefulset=db", "more than one workload", "deployment=item"},
		"one workload twice":                       {"deployment=item,deployment=cart", "more than one workload", "deployment="},
		"a workload and an HPA":                    {"deployment=item,hpa=item", "more than one workload", "deployment=item"},
		"a list of workloads":                      {"deployment in (item,cart)", `"deployment in (cart,item)"`, "deployment=cart"},
		"a list of one workload":                   {"deployment in (item)", `"deployment in (item)" does not name one workload; use deployment=NAME`, "deployment=item"},
		"every workload but one":                   {"deployment!=item", `"deployment!=item"`, "deployment=item"},
		"every workload but some":                  {"deployment notin (item)", `"deployment notin (item)"`, "deployment=item"},
		"any workload":                             {"deployment", `"deployment" does not name one workload`, "deployment=my-app"},
		"any workload and a container":             {"deployment,container=app", `"deployment"`, "deployment=my-app,container=app"},
		"no workload of a kind":                    {"!deployment,hpa=item", `"!deployment"`, "hpa=item"},
		"a name that no object can have":           {"deployment=Item", `"deployment=Item": that cannot be the name of an object`, "deployment=my-app"},
		"an empty name":                            {"deployment=", `"deployment="`, "deployment=my-app"},
		"a key that is no kind":                    {"app=item", `there is no key "app"; name the workload by one of deployment, statefulset, rollout, hpa`, "deployment=item"},
		"a key in another case":                    {"Deployment=item", `there is no key "Deployment"`, "deployment=item"},
		"a key beside a good selector":             {"deployment=item,version=v2", `there is no key "version"`, "deployment=item"},
		"every container but one":                  {"deployment=item,container!=log", `"container!=log" is not understood; use container=NAME`, "deployment=item,container notin (log)"},
		"any container":                            {"deployment=item,container", `"container" is not understood`, "deployment=item"},
		"an empty container":                       {"deployment=item,container=", `"" cannot be the name of a container`, "deployment=item"},
		"an empty container in a list":             {"deployment=item,container in (app,)", `"" cannot be the name of a container`, "deployment=item,container=app"},
		"a name that no container can have":        {"deployment=item,container=App", `"App" cannot be the name of a container`, "deployment=item"},
		"a container's name with a dot":            {"deployment=item,container=app.v2", `"app.v2" cannot be the name of a container`, "deployment=item"},
		"two requirements on the container":        {"deployment=item,container=app,container in (log)", "more than one requirement on container", "deployment=item,container in (app,log)"},
		"containers that are in and that are not":  {"deployment=item,container in (app),container notin (log)", "more than one requirement on container", "deployment=item,container=app"},
		"a comparison":                             {"deployment>4", `"deployment>4"`, "deployment=4"},
		"no key that is ours, and a container too": {"service=item,container in (a,b)", `there is no key "service"`, "deployment=item,container in (a,b)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := parse(t, test.selector)
			var refused *SelectorError
			if !errors.As(err, &refused) {
				t.Fatalf("got %v, want a *SelectorError", err)
			}
			if !strings.Contains(err.Error(), test.problem) {
				t.Errorf("the message does not say %q: %v", test.problem, err)
			}
			if !strings.HasPrefix(refused.Suggestion, test.suggestion) {
				t.Errorf("suggests %q, want %q", refused.Suggestion, test.suggestion)
			}
			if _, _, err := parse(t, refused.Suggestion); err != nil {
				t.Errorf("what it suggests is refused too: %v", err)
			}
		})
	}
}

func TestGrammarRefusesASelectorThatSelectsNothing(t *testing.T) {
	_, _, err := testGrammar.Parse("shop", labels.Nothing())
	if err == nil || !strings.Contains(err.Error(), "selects nothing") {
		t.Errorf("got %v", err)
	}
}

func TestGrammarReadsWhatAnHPASpells(t *testing.T) {
	selector, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{
		MatchLabels:      map[string]string{"deployment": "item"},
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "container", Operator: metav1.LabelSelectorOpIn, Values: []string{"app", "istio-proxy"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	inProcess, _, err := testGrammar.Parse("shop", selector)
	if err != nil {
		t.Fatal(err)
	}
	// The HPA sends its text.
	onTheWire, _, err := parse(t, selector.String())
	if err != nil || onTheWire != inProcess {
		t.Errorf("on the wire it is %v (%v), in process %v", onTheWire, err, inProcess)
	}
}

// spell is a selection as a selector.
func spell(sel utilization.Selection, hpa string) string {
	text := sel.Workload.Kind + "=" + sel.Workload.Name
	if hpa != "" {
		text = "hpa=" + hpa
	}
	if containers := sel.Containers.String(); containers != "" {
		text += "," + containers
	}
	return text
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"deployment=item", "hpa==item,container in (b,a,a)", "statefulset=db,container notin (x)", "deployment!=item", "app=item", "!deployment,container", "x>1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		selector, err := labels.Parse(text)
		if err != nil {
			return // refused by the library, before us
		}
		sel, hpa, err := testGrammar.Parse("shop", selector)
		var refused *SelectorError
		if errors.As(err, &refused) {
			if _, _, err := parse(t, refused.Suggestion); err != nil {
				t.Errorf("%q: what it suggests is refused too: %v", text, err)
			}
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		again, hpaAgain, err := parse(t, spell(sel, hpa))
		if err != nil || again != sel || hpaAgain != hpa {
			t.Errorf("%q is %v, HPA %q, but %q is %v, HPA %q (%v)", text, sel, hpa, spell(sel, hpa), again, hpaAgain, err)
		}
	})
}
