package outages

import (
	"errors"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/stage"
)

// scale is how many replicas the Deployment is told to have.
func scale(t *testing.T, w stage.Workload) (int32, error) {
	t.Helper()
	d, err := shared.Cluster.Client().AppsV1().Deployments(w.Namespace).Get(t.Context(), w.Name, metav1.GetOptions{})
	if err != nil {
		return 0, fmt.Errorf("reading the Deployment: %w", err)
	}
	return *d.Spec.Replicas, nil
}

// replicas is an error unless the Deployment is told to have so many.
func replicas(t *testing.T, w stage.Workload, want int32) error {
	t.Helper()
	if got, err := scale(t, w); err != nil || got != want {
		return errors.Join(err, fmt.Errorf("%s has %d replicas, want %d", w.Name, got, want))
	}
	return nil
}

// awaitReplicas waits until the HPA has scaled the workload.
func awaitReplicas(t *testing.T, w stage.Workload, want int32) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d replicas", want), func() error { return replicas(t, w, want) })
}

// keepsReplicas watches the replicas over several syncs of the HPA, which
// happen every two seconds.
func keepsReplicas(t *testing.T, w stage.Workload, want int32) {
	t.Helper()
	consistently(t, 8*time.Second, fmt.Sprintf("there are %d replicas", want), func() error { return replicas(t, w, want) })
}
