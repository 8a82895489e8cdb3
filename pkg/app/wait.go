package app

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// What the library looks up at its start.
const (
	lookupNamespace = "kube-system"
	lookupName      = "extension-apiserver-authentication"
	lookupTimeout   = 10 * time.Second
)

// waitForAPIServer returns true when the Kubernetes API server answers what
// the library will ask at its start, false when ctx ends before. The library
// asks once: a node that starts before its control plane would otherwise lose
// the adapter. The error is of the kubeconfig.
func (a *App) waitForAPIServer(ctx context.Context) (bool, error) {
	client, err := a.options.library.authenticationClient(lookupTimeout)
	if err != nil || client == nil {
		return err == nil, err
	}
	backoff := wait.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.1, Steps: 5, Cap: 15 * time.Second}
	said := ""
	// What is polled for never fails, so the only error is that ctx ended.
	err = backoff.DelayFunc().Until(ctx, true, false, func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ConfigMaps(lookupNamespace).Get(ctx, lookupName, metav1.GetOptions{})
		if err == nil {
			return true, nil
		}
		if reason := err.Error(); reason != said && ctx.Err() == nil {
			said = reason
			a.log.Info("waiting for the Kubernetes API server", "for", "configmap "+lookupNamespace+"/"+lookupName, "error", reason, "do", remedy(err))
		}
		return false, nil
	})
	return err == nil, nil
}

// remedy is what to do about an error of the lookup.
func remedy(err error) string {
	switch {
	case apierrors.IsForbidden(err):
		return "bind the Role extension-apiserver-authentication-reader in kube-system to the adapter's service account"
	case apierrors.IsUnauthorized(err):
		return "check the token or certificate of the adapter's kubeconfig or service account"
	case apierrors.IsNotFound(err):
		return "the kube-apiserver writes it when it runs with --requestheader-client-ca-file; enable its aggregation layer"
	}
	return "nothing, if the API server is starting; else check that it can be reached from here"
}
