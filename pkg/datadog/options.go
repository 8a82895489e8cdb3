package datadog

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
)

// Options are what a Client needs to know. There are no defaults: those of the
// configuration file are the only ones.
type Options struct {
	// Site is a Datadog site, such as datadoghq.com; its API is at
	// https://api.<site>. URL, if not empty, is a base URL that is used
	// instead, such as that of a proxy: http://127.0.0.1:8126.
	Site, URL string
	// ClusterTag and ClusterName limit each query to one cluster.
	ClusterTag, ClusterName string
	// UsageMetric is a gauge of CPU usage in nanocores, one series a
	// container: kubernetes.cpu.usage.total.
	UsageMetric string
	// Interval is how often to ask, and the width of a bucket, in whole
	// seconds. Timeout is that of one call, its body included. MaxAge is how
	// old a bucket may be and still be of use.
	Interval, Timeout, MaxAge time.Duration
	// MaxWorkloadsPerQuery bounds a batch.
	MaxWorkloadsPerQuery int
	// Tags are the Datadog tag of each kind of workload, by the kind's
	// selector key: "deployment" → "kube_deployment".
	Tags map[string]string
	// APIKeyFile and AppKeyFile are read anew for each collection. Where one
	// is empty, APIKey or AppKey is the key itself.
	APIKeyFile, AppKeyFile string
	APIKey, AppKey         string
	// Registerer takes the metrics of the client; nil is nowhere.
	Registerer prometheus.Registerer
	// Log hears of changes only, never of a key.
	Log logr.Logger
	// Now is the clock, by which calls are measured.
	Now func() time.Time
	// Transport carries the calls; nil is one like http.DefaultTransport,
	// which honours HTTPS_PROXY.
	Transport http.RoundTripper
}

// validate is everything that is wrong with the options, at once.
func (o *Options) validate() error {
	_, err := o.baseURL()
	errs := []error{err}
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	refuse(!isTagKey(o.ClusterTag), "datadog.clusterTag %q is not a tag: letters, digits and _ - . / after a letter", o.ClusterTag)
	refuse(!isTagValue(o.ClusterName), "datadog.clusterName %q is not the value of a tag: letters, digits and _ - . / : only", o.ClusterName)
	refuse(!isMetricName(o.UsageMetric), "datadog.usageMetric %q is not a metric: letters, digits, _ and . after a letter", o.UsageMetric)
	refuse(o.Interval < time.Second, "datadog.interval is %s: at least 1s", o.Interval)
	refuse(o.Timeout <= 0, "datadog.timeout is %s: more than 0", o.Timeout)
	refuse(o.MaxAge < o.Interval, "datadog.maxAge is %s: at least datadog.interval (%s)", o.MaxAge, o.Interval)
	refuse(o.MaxWorkloadsPerQuery < 1, "datadog.maxWorkloadsPerQuery is %d: at least 1", o.MaxWorkloadsPerQuery)
	refuse(len(o.Tags) == 0, "workloads is empty: no kind has a Datadog tag")
	for kind, tag := range o.Tags {
		refuse(!isTagKey(tag), "workloads: the tag %q of %q is not a tag: letters, digits and _ - . / after a letter", tag, kind)
	}
	refuse(o.Now == nil, "Options.Now is nil: calls are measured by a clock")
	refuse(o.APIKeyFile == "" && o.APIKey == "", "there is no Datadog API key: set DD_API_KEY or datadog.apiKeyFile")
	refuse(o.AppKeyFile == "" && o.AppKey == "", "there is no Datadog application key: set DD_APP_KEY or datadog.appKeyFile")
	return errors.Join(errs...)
}

// baseURL is where the API is, without a slash at its end.
func (o *Options) baseURL() (string, error) {
	if o.URL == "" {
		if !isHost(o.Site) {
			return "", fmt.Errorf("datadog.site %q is not a host name such as datadoghq.com or us5.datadoghq.com", o.Site)
		}
		return "https://api." + o.Site, nil
	}
	u, err := url.Parse(o.URL)
	// The text of err holds the URL, and a URL may hold a password.
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return "", errors.New("datadog.url is not a base URL such as https://api.datadoghq.com")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("datadog.url takes a scheme, a host, a port and a path, but no user, query or fragment")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func (o *Options) scope() Scope {
	return Scope{
		ClusterTag:  o.ClusterTag,
		ClusterName: o.ClusterName,
		UsageMetric: o.UsageMetric,
		Tags:        o.Tags,
		Step:        o.Interval.Truncate(time.Second),
		MaxAge:      o.MaxAge,
	}
}
