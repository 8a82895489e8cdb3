package chart_test

import (
	"fmt"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/crest-hpa/crest/test/chart"
)

// The way of a request: APIService, Service, container, the flag by which Crest listens.
func TestARequestFindsItsWay(t *testing.T) {
	everyRelease(t, func(t *testing.T, _ string, r chart.Release) {
		all := objects(t, r)
		name := fullname(t, r)
		var to corev1.Service
		into(t, find(t, all, "Service", name), &to)
		var deployment appsv1.Deployment
		into(t, find(t, all, "Deployment", name), &deployment)
		container := deployment.Spec.Template.Spec.Containers[0]
		port := container.Ports[0]
		if to.Spec.Ports[0].TargetPort.StrVal != port.Name || !slices.Contains(container.Args, fmt.Sprintf("--secure-port=%d", port.ContainerPort)) {
			t.Errorf("the Service leads to %s, the container's port is %+v, its arguments are %q", &to.Spec.Ports[0].TargetPort, port, container.Args)
		}
		for _, o := range all {
			if o.GetKind() != "APIService" {
				continue
			}
			var api apiregistration.APIService
			into(t, o, &api)
			if s := api.Spec.Service; s.Name != name || s.Namespace != r.Namespace || *s.Port != to.Spec.Ports[0].Port {
				t.Errorf("the APIService leads to %+v", s)
			}
		}
	})
}

// What a container mounts is a volume, and what a volume needs is rendered or the user's.
func TestEachMountHasItsVolume(t *testing.T) {
	everyRelease(t, func(t *testing.T, _ string, r chart.Release) {
		var deployment appsv1.Deployment
		into(t, find(t, objects(t, r), "Deployment", fullname(t, r)), &deployment)
		pod := deployment.Spec.Template.Spec
		for _, mount := range pod.Containers[0].VolumeMounts {
			if !slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name }) {
				t.Errorf("%s is mounted and is no volume", mount.Name)
			}
			if mount.SubPath != "" {
				t.Errorf("%s is mounted through subPath, and would never be renewed", mount.MountPath)
			}
		}
	})
}

// Kubernetes knows each kind by its resource; the rules name that.
func TestTheRulesFollowTheWorkloads(t *testing.T) {
	for name, want := range map[string][]string{
		"minimal":         {"apps/deployments", "apps/deployments/scale", "apps/statefulsets", "apps/statefulsets/scale", "argoproj.io/rollouts", "argoproj.io/rollouts/scale"},
		"without-datadog": {"apps.kruise.io/clonesets", "apps.kruise.io/clonesets/scale", "apps/deployments", "apps/deployments/scale"},
	} {
		t.Run(name, func(t *testing.T) {
			role := find(t, objects(t, chart.Release{Values: values(t, name), Namespace: "crest-system"}), "ClusterRole", "crest")
			if got := workloadRules(role.Object["rules"]); !slices.Equal(got, want) {
				t.Errorf("the rules are for %q, want %q", got, want)
			}
		})
	}
}
