package config

// What the head of a configuration file says.
const (
	APIVersion = "crest/v1alpha1"
	Kind       = "AdapterConfiguration"
)

// AdapterConfiguration is the whole file.
type AdapterConfiguration struct {
	// Always `crest/v1alpha1`.
	APIVersion string `yaml:"apiVersion"`
	// Always `AdapterConfiguration`.
	Kind string `yaml:"kind"`
	// The primary source.
	Datadog Datadog `yaml:"datadog"`
	// How long the adapter says that it is not ready before it stops to listen, so that
	// the API server has turned to another replica by then.
	ShutdownDelay Duration `yaml:"shutdownDelay"`
	// What the kube-controller-manager's `--horizontal-pod-autoscaler-downscale-stabilization`
	// is. After a start, or after two fifths of this time without an answer, a value below the target is
	// held until a source has been good for so long, because the HPA has forgotten
	// its own stabilization by then.
	DownscaleStabilization Duration `yaml:"downscaleStabilization"`
	// The secondary source: any server of `metrics.k8s.io/v1beta1`.
	Fallback Fallback `yaml:"fallback"`
	// The kinds that a selector can name. A list in the file replaces the default list as a whole.
	Workloads []Workload `yaml:"workloads"`
	// Crest's own serving certificate.
	Certificate Certificate `yaml:"certificate"`
}

// Datadog says where Datadog is, what is asked, and when it is believed.
type Datadog struct {
	// Whether Datadog is asked at all. Without it the answers come from metrics-server alone.
	Enabled bool `yaml:"enabled"`
	// The Datadog site, a host name such as `datadoghq.eu`. The API is at `api.` and this name.
	Site string `yaml:"site"`
	// A base URL in the place of the site's, for a proxy: `http://127.0.0.1:8126`.
	URL string `yaml:"url"`
	// The value of `clusterTag` that this cluster's metrics carry, in lower case, as Datadog writes all tags. Every query is limited to it.
	// Required while Datadog is enabled.
	ClusterName string `yaml:"clusterName"`
	// The tag that tells clusters apart.
	ClusterTag string `yaml:"clusterTag"`
	// The metric that is a container's CPU usage, in nanocores.
	UsageMetric string `yaml:"usageMetric"`
	// A file with the API key, read anew when it changes. Both key files are set or neither;
	// without them the keys are those of `DD_API_KEY` and `DD_APP_KEY`.
	APIKeyFile string `yaml:"apiKeyFile"`
	// A file with the application key, which needs the permission `timeseries_query`.
	AppKeyFile string `yaml:"appKeyFile"`
	// The time between two collections and the length of a bucket: whole seconds, at least 1s.
	Interval Duration `yaml:"interval"`
	// The time from a failed collection to the next attempt, at least 1s and at most `interval`.
	RetryInterval Duration `yaml:"retryInterval"`
	// How long one call may take, at most `interval`.
	Timeout Duration `yaml:"timeout"`
	// How old a sample may be to be believed, at least four times `interval`. Datadog is believed again
	// after an outage once its samples are at most half as old, and a sample is up to two intervals old when it is read.
	// What was last seen of the cluster's Pods is believed as long while they cannot be followed.
	MaxAge Duration `yaml:"maxAge"`
	// After how many failed collections in a row Datadog is no longer believed.
	FailureThreshold int `yaml:"failureThreshold"`
	// After how many good collections in a row Datadog is believed again.
	RecoveryThreshold int `yaml:"recoveryThreshold"`
	// How many workloads one query asks for, at least 50. A query that times out is halved, but not below 50.
	MaxWorkloadsPerQuery int `yaml:"maxWorkloadsPerQuery"`
}

// Mode is what the fallback serves.
type Mode string

// The modes of the fallback.
const (
	// PodAverage is the Pod average from metrics-server.
	PodAverage Mode = "PodAverage"
	// CalibratedPodAverage is the Pod average times the remembered skew.
	CalibratedPodAverage Mode = "CalibratedPodAverage"
	// MaxContainer is the maximum over containers, from metrics-server.
	MaxContainer Mode = "MaxContainer"
)

// ScaleDown says whether the fallback alone may shrink a workload.
type ScaleDown string

// When the fallback alone may shrink a workload.
const (
	// ScaleDownAuto is in mode MaxContainer, or while the skew is known and small.
	ScaleDownAuto ScaleDown = "auto"
	// ScaleDownAlways is always.
	ScaleDownAlways ScaleDown = "always"
	// ScaleDownNever is never.
	ScaleDownNever ScaleDown = "never"
)

// Fallback says what metrics-server is used for.
type Fallback struct {
	// What is served while Datadog is not believed: `PodAverage`; `CalibratedPodAverage`, the Pod average times the
	// skew that was remembered from Datadog; or `MaxContainer`, the maximum over containers. `PodAverage` together with
	// `datadog.enabled: false` and `scaleDown: auto` is refused: no workload would ever shrink.
	Mode Mode `yaml:"mode"`
	// Whether the fallback alone may shrink a workload: `auto` (in mode `MaxContainer`, or while the remembered skew
	// is known and at most 1.10, and so is that of metrics-server's own sample), `always` or `never`.
	ScaleDown ScaleDown `yaml:"scaleDown"`
	// The time between two readings of metrics-server while it is needed, at least 1s. While Datadog is healthy it is read
	// every four intervals, but at least once a minute, or once an interval where that is longer. One reading may take one interval, at most 15s.
	Interval Duration `yaml:"interval"`
	// How old a Pod's metrics may be to count, at least twice `interval`, so that one reading may fail.
	MaxAge Duration `yaml:"maxAge"`
}

// Workload makes one kind of workload known to selectors.
type Workload struct {
	// The label key that names a workload of this kind in a selector. `container`, `hpa`, `source`, `adjusted`, `measured` and `reason` are taken.
	Key string `yaml:"key"`
	// The group and version of the kind, which must have a `scale` subresource.
	APIVersion string `yaml:"apiVersion"`
	// The kind.
	Kind string `yaml:"kind"`
	// The tag that carries the workload's name at Datadog.
	Tag string `yaml:"tag"`
}

// Certificate says whether Crest makes its serving certificate itself, and where
// it keeps it.
type Certificate struct {
	// Whether Crest makes its CA and its serving certificate, keeps them in the Secret, and renews both without a restart.
	// The other keys say how, and are ignored without it. The flags `--tls-cert-file` and `--tls-private-key-file` must not be given then.
	Rotate bool `yaml:"rotate"`
	// The namespace of the Secret and the Service. Required with `rotate`.
	Namespace string `yaml:"namespace"`
	// The Secret. It must exist, and may be empty: Crest may not create one. Whoever calls Crest past the API server trusts its `ca.crt`.
	Secret string `yaml:"secret"`
	// The Service. The certificate is for `SERVICE.NAMESPACE.svc` and `SERVICE.NAMESPACE.svc.cluster.local`.
	Service string `yaml:"service"`
	// The APIService whose `caBundle` is kept equal to the Secret's `ca.crt`, if it leads to the Service. With `""` none is.
	APIService string `yaml:"apiService"`
	// How long the serving certificate is valid, at least 30s. It is renewed after two thirds of this time.
	Life Duration `yaml:"life"`
	// How long the CA is valid, at least three times `life`: it too is renewed after two thirds of its time, and
	// every certificate that it signed ends before it does.
	CALife Duration `yaml:"caLife"`
}
