package app

import "github.com/prometheus/client_golang/prometheus"

// Now is the clock.
var Now = now

// Describe sends what an App measures, of which not everything has a value.
func (a *App) Describe(descriptions chan<- *prometheus.Desc) { a.registry.Describe(descriptions) }
