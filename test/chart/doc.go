// Package chart renders the Helm chart in charts/crest, as Helm does but without a cluster, for the tests
// beside it: what each of charts/crest/ci/*-values.yaml renders is compared with a golden file, decoded
// into the API's types, held against the restricted Pod security standard and linted; wrong values are
// refused with a message that helps; and deploy/ is what the chart renders for deploy/values.yaml.
// Those tests run without a cluster. The ones with a cluster are in package live.
package chart
