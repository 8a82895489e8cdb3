package pods

import (
	"context"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// token is a ServiceAccount's, bound to a Pod, and when it is to be replaced.
type token struct {
	text    string
	renewAt time.Time
}

// token asks for a token that ends with the Pod, and for another one after four fifths of
// its life.
func (w *worker) token(ctx context.Context, want *corev1.ServiceAccountTokenProjection) (string, error) {
	if have, found := w.tokens[want.Path]; found && time.Now().Before(have.renewAt) {
		return have.text, nil
	}
	pod := w.latest()
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: want.ExpirationSeconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
	}}
	if want.Audience != "" {
		request.Spec.Audiences = []string{want.Audience}
	}
	asked := time.Now()
	answer, err := w.options.Client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, pod.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("asking for a token of the ServiceAccount %s: %w", pod.Spec.ServiceAccountName, err)
	}
	life := answer.Status.ExpirationTimestamp.Sub(asked)
	w.tokens[want.Path] = token{text: answer.Status.Token, renewAt: asked.Add(life * 4 / 5)}
	return answer.Status.Token, nil
}
