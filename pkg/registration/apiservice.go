package registration

import (
	"encoding/base64"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// resource is read through the dynamic client: the types belong to
// kube-aggregator, a server of which two fields are needed.
var resource = schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}

// Service names a Service. The zero value is none.
type Service struct{ Namespace, Name string }

func (s Service) String() string {
	if s == (Service{}) {
		return "none"
	}
	return s.Namespace + "/" + s.Name
}

// apiService is what is read of an APIService.
type apiService struct {
	name, resourceVersion string
	uid                   types.UID
	// service is whom kube-apiserver asks; the zero value is itself.
	service Service
	// caBundle is PEM. With insecure it is empty: nobody verifies.
	caBundle []byte
	insecure bool
	// available is the condition of this name; nil before the first look.
	available *metav1.Condition
}

// parse reads the object. What is not there is empty, as it is in the API.
func parse(o *unstructured.Unstructured) apiService {
	text := func(fields ...string) string {
		value, _, _ := unstructured.NestedString(o.Object, fields...)
		return value
	}
	a := apiService{
		name: o.GetName(), resourceVersion: o.GetResourceVersion(), uid: o.GetUID(),
		service: Service{Namespace: text("spec", "service", "namespace"), Name: text("spec", "service", "name")},
	}
	a.insecure, _, _ = unstructured.NestedBool(o.Object, "spec", "insecureSkipTLSVerify")
	a.caBundle, _ = base64.StdEncoding.DecodeString(text("spec", "caBundle"))
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, each := range conditions {
		c, _ := each.(map[string]any)
		if c["type"] == "Available" {
			said := func(key string) string { value, _ := c[key].(string); return value }
			a.available = &metav1.Condition{
				Status: metav1.ConditionStatus(said("status")), Reason: said("reason"), Message: strings.TrimSpace(said("message")),
			}
		}
	}
	return a
}

// foreignError says whose an APIService is.
type foreignError struct {
	apiService  string
	owner, ours Service
}

func (e *foreignError) Error() string {
	if e.owner == (Service{}) {
		return fmt.Sprintf("the APIService %s leads to no Service, and not to %s", e.apiService, e.ours)
	}
	return fmt.Sprintf("the APIService %s leads to the Service %s, and not to %s: another adapter serves this API, and a cluster has one",
		e.apiService, e.owner, e.ours)
}
