package utilization

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// NotFoundError says that a workload does not exist.
type NotFoundError struct {
	Workload Workload
}

func (e *NotFoundError) Error() string {
	return e.Workload.String() + " does not exist"
}

// PendingError says that something about a workload is not known yet, and
// what; the answer may come with the next collection.
type PendingError struct {
	Workload Workload
	// What is missing, why, and what to do, as a sentence without a period.
	What string
}

func (e *PendingError) Error() string {
	return e.Workload.String() + ": " + e.What
}

// NotReadyError says that no Pod of a workload counts.
type NotReadyError struct {
	Workload Workload
	// Pods is how many there are; Waiting counts them by what they wait for.
	Pods    int
	Waiting map[string]int
}

func (e *NotReadyError) Error() string {
	if e.Pods == 0 {
		return e.Workload.String() + " has no Pods: a utilization does not exist at zero Pods, and this metric " +
			"alone can never wake the workload; set minReplicas to at least 1, scale it up, or add another metric to the HPA"
	}
	waiting := make([]string, 0, len(e.Waiting))
	for _, why := range slices.Sorted(maps.Keys(e.Waiting)) {
		waiting = append(waiting, fmt.Sprintf("%d: %s", e.Waiting[why], why))
	}
	return fmt.Sprintf("%s: none of its %d Pods is Ready (%s); see kubectl get pods --namespace %s",
		e.Workload, e.Pods, strings.Join(waiting, "; "), e.Workload.Namespace)
}

// NoContainerError says that no container is left to measure.
type NoContainerError struct {
	Selection Selection
	LeftOut   []LeftOut
}

func (e *NoContainerError) Error() string {
	why := make([]string, 0, len(e.LeftOut))
	for _, l := range e.LeftOut {
		why = append(why, l.String())
	}
	if len(why) == 0 {
		why = append(why, "its Pods have no container that the selector picks")
	}
	return fmt.Sprintf("%s: no container is left to measure: %s", e.Selection, strings.Join(why, "; "))
}
