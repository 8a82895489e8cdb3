package provider

import (
	"errors"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/metrics/pkg/apis/external_metrics"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// apiError is the Status of an error, with its message as it stands. What is
// not the caller's to mend is a 503, on which an HPA holds its replicas.
func apiError(metric string, err error) error {
	var (
		noMetric    *MetricError
		namespace   *NamespaceError
		selector    *SelectorError
		target      *TargetError
		notFound    *utilization.NotFoundError
		noContainer *utilization.NoContainerError
	)
	switch {
	case errors.As(err, &selector), errors.As(err, &namespace), errors.As(err, &target):
		return apierrors.NewBadRequest(err.Error())
	case errors.As(err, &noMetric):
		return newNotFound("", metric, err)
	case errors.As(err, &notFound):
		return newNotFound(notFound.Workload.Kind, notFound.Workload.Name, err)
	case errors.As(err, &noContainer):
		return newInvalid(metric, noContainer, err)
	}
	return apierrors.NewServiceUnavailable(err.Error())
}

// newNotFound is like apierrors.NewNotFound, whose message would name neither
// the namespace nor what there is instead.
func newNotFound(kind, name string, err error) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    http.StatusNotFound,
		Reason:  metav1.StatusReasonNotFound,
		Details: &metav1.StatusDetails{Group: external_metrics.GroupName, Kind: kind, Name: name},
		Message: err.Error(),
	}}
}

// newInvalid has a cause for each container that was left out.
func newInvalid(metric string, e *utilization.NoContainerError, err error) error {
	causes := make(field.ErrorList, 0, len(e.LeftOut))
	for _, l := range e.LeftOut {
		causes = append(causes, field.Invalid(field.NewPath(containerKey), l.Container, l.Detail+" ("+string(l.Reason)+")"))
	}
	kind := schema.GroupKind{Group: external_metrics.GroupName, Kind: metric}
	invalid := apierrors.NewInvalid(kind, e.Selection.Workload.Name, causes)
	invalid.ErrStatus.Message = err.Error()
	return invalid
}
