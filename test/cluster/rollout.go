package cluster

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/dynamic"
)

//go:embed manifests/rollout-crd.yaml
var rolloutCRD []byte

// rolloutHashLabel is on a Rollout's ReplicaSets and Pods, as Argo puts it there.
const rolloutHashLabel = "rollouts-pod-template-hash"

// rolloutPeriod is how often the Rollout controller looks at everything.
const rolloutPeriod = 200 * time.Millisecond

var rollouts = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}

// rollout is as much of a Rollout as its controller needs.
type rollout struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Replicas int32                  `json:"replicas"`
		Selector *metav1.LabelSelector  `json:"selector"`
		Template corev1.PodTemplateSpec `json:"template"`
	} `json:"spec"`
}

// InstallRollouts makes the cluster serve Argo Rollouts (argoproj.io/v1alpha1, with their
// scale subresource) and runs a small controller for them until Stop or the end of ctx: each
// Rollout gets one ReplicaSet for its present template, at once and without canary steps;
// those of earlier templates go to zero. It returns when Rollouts can be applied.
func (c *Cluster) InstallRollouts(ctx context.Context) error {
	if err := c.Apply(ctx, rolloutCRD); err != nil {
		return fmt.Errorf("installing Rollouts: %w", err)
	}
	all := c.applier.dynamic.Resource(rollouts)
	served, cancel := context.WithTimeout(ctx, startupTimeout)
	defer cancel()
	err := poll(served, func(ctx context.Context) error {
		_, err := all.List(ctx, metav1.ListOptions{})
		return err
	})
	if err != nil {
		return fmt.Errorf("installing Rollouts: waiting until they are served: %w", err)
	}
	go c.runRollouts(ctx, all)
	return nil
}

func (c *Cluster) runRollouts(ctx context.Context, all dynamic.NamespaceableResourceInterface) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ticker := time.NewTicker(rolloutPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.stopping:
			return
		case <-ticker.C:
		}
		list, err := all.List(ctx, metav1.ListOptions{})
		if err != nil {
			continue // the next look will tell
		}
		for i := range list.Items {
			if err := c.reconcileRollout(ctx, &list.Items[i]); err != nil && ctx.Err() == nil {
				c.progress(fmt.Sprintf("rollout %s/%s: %v", list.Items[i].GetNamespace(), list.Items[i].GetName(), err))
			}
		}
	}
}

// reconcileRollout brings the ReplicaSets to what the Rollout says, and the Rollout's status
// to what the ReplicaSets have.
func (c *Cluster) reconcileRollout(ctx context.Context, o *unstructured.Unstructured) error {
	r := &rollout{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, r); err != nil {
		return fmt.Errorf("reading it: %w", err)
	}
	if r.DeletionTimestamp != nil {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(r.Spec.Selector)
	if err != nil {
		return fmt.Errorf("reading its selector: %w", err)
	}
	present, err := r.replicaSet()
	if err != nil {
		return err
	}
	sets := c.client.AppsV1().ReplicaSets(r.Namespace)
	_, err = sets.Create(ctx, present, metav1.CreateOptions{})
	switch {
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return nil // the Rollout is next
	case err != nil && !apierrors.IsAlreadyExists(err):
		return fmt.Errorf("creating its ReplicaSet: %w", err)
	}
	existing, err := sets.List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return fmt.Errorf("listing its ReplicaSets: %w", err)
	}
	var replicas int32
	for _, set := range existing.Items {
		if !metav1.IsControlledBy(&set, r) {
			continue
		}
		replicas += set.Status.Replicas
		want := int32(0)
		if set.Name == present.Name {
			want = r.Spec.Replicas
		}
		if err := c.scaleReplicaSet(ctx, &set, want); err != nil {
			return err
		}
	}
	return c.reportRollout(ctx, o, replicas, selector.String())
}

func (c *Cluster) scaleReplicaSet(ctx context.Context, set *appsv1.ReplicaSet, replicas int32) error {
	if *set.Spec.Replicas == replicas {
		return nil
	}
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas)
	_, err := c.client.AppsV1().ReplicaSets(set.Namespace).Patch(ctx, set.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("scaling its ReplicaSet %s: %w", set.Name, err)
	}
	return nil
}

func (c *Cluster) reportRollout(ctx context.Context, o *unstructured.Unstructured, replicas int32, selector string) error {
	have, _, _ := unstructured.NestedInt64(o.Object, "status", "HPAReplicas")
	said, _, _ := unstructured.NestedString(o.Object, "status", "selector")
	if have == int64(replicas) && said == selector {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"HPAReplicas": replicas, "selector": selector}})
	if err != nil {
		return fmt.Errorf("encoding its status: %w", err)
	}
	_, err = c.applier.dynamic.Resource(rollouts).Namespace(o.GetNamespace()).
		Patch(ctx, o.GetName(), types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("writing its status: %w", err)
	}
	return nil
}

// replicaSet is the one that the Rollout's present template asks for.
func (r *rollout) replicaSet() (*appsv1.ReplicaSet, error) {
	text, err := json.Marshal(r.Spec.Template)
	if err != nil {
		return nil, fmt.Errorf("encoding its template: %w", err)
	}
	sum := fnv.New32a()
	_, _ = sum.Write(text) // a hash never fails
	hash := rand.SafeEncodeString(fmt.Sprint(sum.Sum32()))

	set := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: r.Namespace,
			Name:      r.Name + "-" + hash,
			Labels:    withHash(r.Spec.Template.Labels, hash),
			OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(r, rollouts.GroupVersion().WithKind("Rollout")),
			},
		},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &r.Spec.Replicas,
			Selector: r.Spec.Selector.DeepCopy(),
			Template: *r.Spec.Template.DeepCopy(),
		},
	}
	set.Spec.Selector.MatchLabels = withHash(set.Spec.Selector.MatchLabels, hash)
	set.Spec.Template.Labels = withHash(set.Spec.Template.Labels, hash)
	return set, nil
}

// withHash is a copy of labels with the hash of the template.
func withHash(labels map[string]string, hash string) map[string]string {
	labels = maps.Clone(labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[rolloutHashLabel] = hash
	return labels
}
