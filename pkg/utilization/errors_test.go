package utilization_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestNoShapeWithoutAPodThatCounts(t *testing.T) {
	waiting := func(why string) func(*utilization.Pod) {
		return func(p *utilization.Pod) { p.Ready, p.Waiting = false, why }
	}
	for name, test := range map[string]struct {
		pods []utilization.Pod
		want map[string]int
		says []string
	}{
		"zero Pods cannot wake the workload": {
			pods: nil, want: map[string]int{}, says: []string{`deployment "item" in namespace "shop" has no Pods`, "can never wake", "minReplicas"},
		},
		"each kind of waiting is counted": {
			pods: but(0, 2, waiting("Unschedulable"), but(2, 3, waiting("app: CrashLoopBackOff"), but(3, 4, waiting(""), but(4, 5,
				func(p *utilization.Pod) { p.Deleting, p.Waiting = true, "readiness probe of app" }, pods(5, container("app", 100)))))),
			want: map[string]int{"Unschedulable": 2, "app: CrashLoopBackOff": 1, "not Ready": 1, "being deleted": 1},
			says: []string{"none of its 5 Pods is Ready", "2: Unschedulable", "1: app: CrashLoopBackOff", "kubectl get pods --namespace shop"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := utilization.ShapeOf(all, test.pods)
			var e *utilization.NotReadyError
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want a *NotReadyError", err)
			}
			if e.Workload != item || e.Pods != len(test.pods) || !reflect.DeepEqual(e.Waiting, test.want) {
				t.Errorf("got %+v", e)
			}
			contains(t, e.Error(), test.says...)
		})
	}
}

func TestNoShapeWithoutAContainerToMeasure(t *testing.T) {
	for name, test := range map[string]struct {
		selection utilization.Containers
		says      string
	}{
		"none has a request":               {utilization.Containers{}, "app has no CPU request"},
		"the named one is in no Pod":       {utilization.Only("x"), "x is in none of 2 Pods (NotInPods)"},
		"all that there are, are excluded": {utilization.Except("app"), "its Pods have no container that the selector picks"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := utilization.ShapeOf(of(test.selection), pods(2, container("app", 0)))
			var e *utilization.NoContainerError
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want a *NoContainerError", err)
			}
			contains(t, e.Error(), e.Selection.String(), test.says)
		})
	}
}

func TestMissingWorkloadIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"it does not exist":   {&utilization.NotFoundError{Workload: item}, `deployment "item" in namespace "shop" does not exist`},
		"it is not known yet": {&utilization.PendingError{Workload: item, What: "its scale is being read"}, `deployment "item" in namespace "shop": its scale is being read`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.err.Error(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
