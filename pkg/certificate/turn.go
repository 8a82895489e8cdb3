package certificate

import (
	"bytes"
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/cert"
)

// turn looks at everything once, does what is due, and returns after how long
// to look again though nothing has changed.
func (r *Rotator) turn(ctx context.Context) time.Duration {
	next, err := r.try(ctx)
	switch {
	case ctx.Err() != nil:
		return longestPause // it has ended
	case err != nil:
		r.trouble.begin(err)
		r.retry = min(max(2*r.retry, retryFirst), retryLast)
		return min(r.retry, next)
	}
	r.trouble.end()
	r.retry = 0
	return next
}

func (r *Rotator) try(ctx context.Context) (time.Duration, error) {
	secret := r.secret()
	if secret == nil {
		return longestPause, &missingError{namespace: r.options.Namespace, name: r.options.Secret}
	}
	now := r.options.Now()
	state := Parse(secret.Data)
	r.metrics.observe(state)
	r.serve(secret, state, now)
	if secret.ResourceVersion == r.replaced {
		return longestPause, nil // the watch will bring what replaced it
	}
	after, decisions, err := r.policy.Advance(state, r.lookAtTrust(secret, state, now), now)
	if err != nil {
		return longestPause, fmt.Errorf("renewing the certificate: %w", err)
	}
	if last := len(decisions) - 1; last > 0 {
		return longestPause, r.write(ctx, secret, after, decisions[:last])
	}
	return min(decisions[0].Again.Sub(now), longestPause), r.keepTrust(ctx, secret)
}

// serve presents what the Secret holds, if it is good. What is no good is
// replaced in a moment, and until then what was served before is better.
func (r *Rotator) serve(secret *corev1.Secret, s State, now time.Time) {
	if r.policy.unfit(s, now) != "" {
		return
	}
	if r.serving.set(secret.Data[servingCert], secret.Data[servingKey]) {
		leaf := s.Serving.cert
		r.metrics.serves("serving", leaf)
		r.log.Info("Serving a certificate", "notAfter", leaf.NotAfter, "signedBy", leaf.Issuer.CommonName, "names", leaf.DNSNames)
	}
}

// write replaces the Secret that was read. If another one was faster, what it
// wrote will come with the watch.
func (r *Rotator) write(ctx context.Context, secret *corev1.Secret, s State, taken []Decision) error {
	data, err := s.Encode()
	if err != nil {
		return fmt.Errorf("renewing the certificate: %w", err)
	}
	changed := secret.DeepCopy()
	if changed.Data == nil {
		changed.Data = map[string][]byte{}
	}
	for _, key := range secretKeys() {
		delete(changed.Data, key)
	}
	for key, value := range data {
		changed.Data[key] = value
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	_, err = r.client.CoreV1().Secrets(secret.Namespace).Update(ctx, changed, metav1.UpdateOptions{})
	switch {
	case apierrors.IsConflict(err):
		r.replaced = secret.ResourceVersion
		return nil
	case err != nil:
		r.metrics.failures.WithLabelValues(updatingSecret).Inc()
		return r.explain("update", err)
	}
	r.replaced = secret.ResourceVersion
	for _, d := range taken {
		r.metrics.renewals.WithLabelValues(string(d.Step), string(d.Reason)).Inc()
		r.log.Info("The certificate was renewed", "step", d.Step, "reason", d.Reason, "secret", r.options.Namespace+"/"+r.options.Secret)
	}
	return nil
}

// seenTrust is a bundle of CAs and when it was first seen.
type seenTrust struct {
	bundle []byte
	since  time.Time
}

// lookAtTrust is what callers trust; nobody, while that is not known. Where
// nobody tells them, it is what the Secret says: they read it there.
func (r *Rotator) lookAtTrust(secret *corev1.Secret, s State, now time.Time) Trust {
	bundle, cas := secret.Data[trustedCerts], s.Trusted
	if theirs, kept, known := r.told(); !known || kept {
		bundle = theirs
		cas, _ = cert.ParseCertsPEM(theirs) // a bundle that cannot be read trusts nobody
	}
	if r.trust.since.IsZero() || !bytes.Equal(r.trust.bundle, bundle) {
		r.trust = seenTrust{bundle: bundle, since: now}
	}
	return Trust{CAs: cas, Since: r.trust.since}
}

// told is Trust of the callers, if there are any to tell.
func (r *Rotator) told() (bundle []byte, kept, known bool) {
	if r.options.Callers == nil {
		return nil, false, true
	}
	return r.options.Callers.Trust()
}

// keepTrust has callers trust what the Secret says. The Secret is read anew for
// it: the watch may be behind another replica, which has told them already.
func (r *Rotator) keepTrust(ctx context.Context, secret *corev1.Secret) error {
	theirs, kept, known := r.told()
	if !known || !kept || bytes.Equal(theirs, secret.Data[trustedCerts]) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	live, err := r.client.CoreV1().Secrets(secret.Namespace).Get(ctx, secret.Name, metav1.GetOptions{})
	if err != nil {
		return r.explain("get", err)
	}
	if live.ResourceVersion != secret.ResourceVersion {
		return nil // the watch will bring it
	}
	err = r.options.Callers.SetTrust(ctx, theirs, live.Data[trustedCerts])
	switch {
	case apierrors.IsConflict(err):
		return nil // it is seen anew
	case err != nil:
		r.metrics.failures.WithLabelValues(updatingTrust).Inc()
		return fmt.Errorf("telling callers whom to trust: %w", err)
	}
	r.log.Info("Callers are told whom to trust", "cas", len(Parse(live.Data).Trusted))
	return nil
}
