package apptest

import (
	"io"
	"net/http"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// age is how old all objects are: nothing is starting up.
const age = time.Hour

// handleObjects serves what the inventory and the fallback read.
func (c *Cluster) handleObjects(mux *http.ServeMux) {
	begun := c.now().Add(-age)
	serve := func(path string, body func() any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, body()) })
	}
	serve("/apis/apps/v1", func() any { return appsDiscovery() })
	serve("/apis/autoscaling/v2/horizontalpodautoscalers", func() any {
		var items []autoscalingv2.HorizontalPodAutoscaler
		for _, w := range c.workloads {
			if w.Metric != "" {
				items = append(items, w.hpa(begun))
			}
		}
		return list("autoscaling/v2", "HorizontalPodAutoscalerList", items)
	})
	serve("/api/v1/pods", func() any {
		var items []corev1.Pod
		c.eachPod(func(w Workload, i int) { items = append(items, w.pod(i, begun)) })
		return list("v1", "PodList", items)
	})
	serve("/apis/apps/v1/deployments", func() any {
		var items []metav1.PartialObjectMetadata
		for _, w := range c.workloads {
			items = append(items, w.object(begun))
		}
		return list("meta.k8s.io/v1", "PartialObjectMetadataList", items)
	})
	serve("/apis/apps/v1/statefulsets", func() any {
		return list("meta.k8s.io/v1", "PartialObjectMetadataList", []metav1.PartialObjectMetadata{})
	})
	serve("/apis/metrics.k8s.io/v1beta1/namespaces/"+Namespace+"/pods", func() any {
		var items []metricsv1beta1.PodMetrics
		c.eachPod(func(w Workload, i int) { items = append(items, w.podMetrics(i, c.now().Add(-time.Second))) })
		return list("metrics.k8s.io/v1beta1", "PodMetricsList", items)
	})
	for _, w := range c.workloads {
		serve("/apis/apps/v1/namespaces/"+Namespace+"/deployments/"+w.Name+"/scale", func() any { return w.scale(begun) })
	}
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		w.WriteHeader(http.StatusCreated)
		_, _ = io.Copy(w, r.Body) // the client has gone
	}
	mux.HandleFunc("POST /apis/events.k8s.io/v1/namespaces/"+Namespace+"/events", echo)
	mux.HandleFunc("POST /api/v1/namespaces/"+Namespace+"/events", echo)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusNotFound, status(metav1.StatusReasonNotFound, http.StatusNotFound))
	})
}

func (c *Cluster) eachPod(do func(w Workload, i int)) {
	for _, w := range c.workloads {
		for i := range replicas {
			do(w, i)
		}
	}
}

func (w Workload) scale(begun time.Time) autoscalingv1.Scale {
	return autoscalingv1.Scale{
		TypeMeta:   metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "Scale"},
		ObjectMeta: w.meta(w.Name, begun),
		Spec:       autoscalingv1.ScaleSpec{Replicas: replicas},
		Status:     autoscalingv1.ScaleStatus{Replicas: replicas, Selector: "app=" + w.Name},
	}
}

func appsDiscovery() metav1.APIResourceList {
	resources := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: "apps/v1"}
	for name, kind := range map[string]string{"deployments": "Deployment", "statefulsets": "StatefulSet"} {
		resources.APIResources = append(resources.APIResources,
			metav1.APIResource{Name: name, Namespaced: true, Kind: kind, Verbs: metav1.Verbs{"get", "list", "watch"}},
			metav1.APIResource{Name: name + "/scale", Namespaced: true, Group: "autoscaling", Version: "v1", Kind: "Scale", Verbs: metav1.Verbs{"get"}})
	}
	return resources
}
