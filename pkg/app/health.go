package app

import (
	"errors"
	"fmt"
	"net/http"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/healthz"
)

// addHealthChecks says what ready and live mean. Neither depends on Datadog or
// metrics-server: the API would vanish exactly when the fallback is needed.
func (a *App) addHealthChecks(s *genericapiserver.GenericAPIServer) error {
	err := errors.Join(
		s.AddReadyzChecks(
			healthz.NamedCheck("informers", func(*http.Request) error {
				if !a.inventory.Synced() {
					return errors.New("the HPAs and Pods have not been listed yet")
				}
				return nil
			}),
			healthz.NamedCheck("collection", func(*http.Request) error {
				if !a.collector.Collected() {
					return errors.New("the first collection has not finished yet")
				}
				return nil
			})),
		s.AddLivezChecks(0, healthz.NamedCheck("loop", func(*http.Request) error {
			if !a.collector.Collected() {
				return nil // a restart would not make the API server list faster
			}
			return a.collector.Turning(now())
		})))
	if err != nil {
		return fmt.Errorf("adding health checks: %w", err)
	}
	return nil
}
