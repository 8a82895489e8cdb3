// Package query reads the text of a Datadog metric query.
//
//	avg:kubernetes.cpu.usage.total{kube_cluster_name:prod AND kube_namespace IN (a,b)} by {kube_namespace}.rollup(avg,30).fill(null)
//	└┬┘ └────────────┬───────────┘ └──────────────────────┬────────────────────────┘      └──────┬─────┘ └─────┬─────┘ └───┬────┘
//	space aggregator metric                             filter                               grouping    rollup in time   fill
//
// It understands what one plain query may hold and refuses the rest as the
// service does: no functions, no arithmetic, and no filter that mixes the
// symbols "," and "!" with the words AND, OR, NOT and IN. The package knows
// nothing of HTTP or of series; [Filter.Match] asks the caller for tags.
package query
