package config

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validate returns all that cannot work, in the order of the keys.
func (c AdapterConfiguration) Validate() field.ErrorList {
	var l checklist
	l.head(c)
	l.datadog(field.NewPath("datadog"), c.Datadog)
	l.atLeast(field.NewPath("shutdownDelay"), c.ShutdownDelay, 0, "")
	l.atLeast(field.NewPath("downscaleStabilization"), c.DownscaleStabilization, 0, "")
	l.fallback(field.NewPath("fallback"), c.Fallback)
	l.combination(c)
	l.workloads(field.NewPath("workloads"), c.Workloads)
	l.certificate(field.NewPath("certificate"), c.Certificate)
	return l.problems
}

// checklist collects what the checks find.
type checklist struct{ problems field.ErrorList }

// add takes nil for a check that holds.
func (l *checklist) add(problem *field.Error) {
	if problem != nil {
		l.problems = append(l.problems, problem)
	}
}

func (l *checklist) head(c AdapterConfiguration) {
	exactly := func(path *field.Path, value, want string) {
		switch value {
		case want:
		case "":
			l.add(field.Required(path, "must be "+want))
		default:
			l.add(field.NotSupported(path, value, []string{want}))
		}
	}
	exactly(field.NewPath("apiVersion"), c.APIVersion, APIVersion)
	exactly(field.NewPath("kind"), c.Kind, Kind)
}

func (l *checklist) datadog(path *field.Path, d Datadog) {
	if d.Site != "" {
		l.add(validateSite(path.Child("site"), d.Site))
	}
	if d.URL != "" {
		l.add(validateURL(path.Child("url"), d.URL))
	}
	switch {
	case d.ClusterName != "":
		l.add(validateTagValue(path.Child("clusterName"), d.ClusterName))
	case d.Enabled:
		l.add(field.Required(path.Child("clusterName"),
			"every query is limited to this cluster, by the value of clusterTag that its metrics carry, such as prod-tokyo; without Datadog, set datadog.enabled to false"))
	}
	l.add(validateTag(path.Child("clusterTag"), d.ClusterTag))
	l.add(validateMetric(path.Child("usageMetric"), d.UsageMetric))
	l.keyFiles(path, d)
	l.datadogTimes(path, d)
	l.count(path.Child("failureThreshold"), d.FailureThreshold, 1, "")
	l.count(path.Child("recoveryThreshold"), d.RecoveryThreshold, 1, "")
	l.count(path.Child("maxWorkloadsPerQuery"), d.MaxWorkloadsPerQuery, 50, ", the size below which a query that times out is not halved")
}

func (l *checklist) keyFiles(path *field.Path, d Datadog) {
	const both = "Datadog needs both keys: set both files, or neither to use DD_API_KEY and DD_APP_KEY"
	if d.APIKeyFile == "" && d.AppKeyFile != "" {
		l.add(field.Required(path.Child("apiKeyFile"), both))
	}
	if d.AppKeyFile == "" && d.APIKeyFile != "" {
		l.add(field.Required(path.Child("appKeyFile"), both))
	}
}

func (l *checklist) datadogTimes(path *field.Path, d Datadog) {
	interval := path.Child("interval")
	l.atLeast(interval, d.Interval, time.Second, "")
	possible := d.Interval.Duration >= time.Second
	if possible && d.Interval.Duration%time.Second != 0 {
		l.add(field.Invalid(interval, d.Interval.String(), "must be whole seconds, because it is the length of a bucket in the query"))
	}
	l.atLeast(path.Child("retryInterval"), d.RetryInterval, time.Second, "")
	if possible && d.RetryInterval.Duration > d.Interval.Duration {
		l.add(field.Invalid(path.Child("retryInterval"), d.RetryInterval.String(), "must be at most datadog.interval ("+d.Interval.String()+"), because an outage is recognized by the retries"))
	}
	timeout := path.Child("timeout")
	if d.Timeout.Duration <= 0 || possible && d.Timeout.Duration > d.Interval.Duration {
		l.add(field.Invalid(timeout, d.Timeout.String(), "must be above 0 and at most datadog.interval ("+d.Interval.String()+"), so that a call has ended when the next is due"))
	}
	l.atLeast(path.Child("maxAge"), d.MaxAge, times(4, d.Interval),
		", four times datadog.interval: Datadog is believed again once its samples are at most half as old as this, and a sample is up to two intervals old when it is read, "+
			"because the newest bucket is often incomplete")
}

func (l *checklist) fallback(path *field.Path, f Fallback) {
	if modes := []Mode{PodAverage, CalibratedPodAverage, MaxContainer}; !slices.Contains(modes, f.Mode) {
		l.add(field.NotSupported(path.Child("mode"), f.Mode, modes))
	}
	if when := []ScaleDown{ScaleDownAuto, ScaleDownAlways, ScaleDownNever}; !slices.Contains(when, f.ScaleDown) {
		l.add(field.NotSupported(path.Child("scaleDown"), f.ScaleDown, when))
	}
	l.atLeast(path.Child("interval"), f.Interval, time.Second, "")
	l.atLeast(path.Child("maxAge"), f.MaxAge, times(2, f.Interval), ", twice fallback.interval, so that one reading of metrics-server may fail")
}

// times does not overflow: what is too long to multiply is out of reach anyway.
func times(n time.Duration, d Duration) time.Duration {
	const longest = time.Duration(1<<63 - 1)
	if d.Duration > longest/n {
		return longest
	}
	return n * d.Duration
}

// combination finds what makes no sense together, though each key does alone.
func (l *checklist) combination(c AdapterConfiguration) {
	if !c.Datadog.Enabled && c.Fallback.Mode == PodAverage && c.Fallback.ScaleDown == ScaleDownAuto {
		l.add(field.Invalid(field.NewPath("fallback", "mode"), c.Fallback.Mode, "without Datadog no workload would ever shrink, because scaleDown: auto lets a Pod average lower the replicas only "+
			"while Datadog has shown that it hides no hot container; leave mode out (MaxContainer), or set scaleDown to always (a hot sidecar may be overlooked) or never (that is meant)"))
	}
}

func (l *checklist) workloads(path *field.Path, workloads []Workload) {
	if len(workloads) == 0 {
		l.add(field.Required(path, "a selector must be able to name one kind at least, such as {key: deployment, apiVersion: apps/v1, kind: Deployment, tag: kube_deployment}"))
	}
	keys, kinds := map[string]bool{}, map[string]bool{}
	for i, w := range workloads {
		item := path.Index(i)
		l.workload(item, w)
		if w.Key != "" && keys[w.Key] {
			l.add(field.Duplicate(item.Child("key"), w.Key))
		}
		group, _, _ := strings.Cut(w.APIVersion, "/")
		kind := w.Kind + "." + group
		if w.Kind != "" && kinds[kind] {
			problem := field.Duplicate(item.Child("kind"), w.Kind)
			problem.Detail = "another key has this kind of this group; what an HPA scales must have one key"
			l.add(problem)
		}
		keys[w.Key], kinds[kind] = true, true
	}
}

func (l *checklist) workload(path *field.Path, w Workload) {
	l.add(validateKey(path.Child("key"), w.Key))
	l.add(validateAPIVersion(path.Child("apiVersion"), w.APIVersion))
	if w.Kind == "" {
		l.add(field.Required(path.Child("kind"), "the kind of the workload, such as Deployment"))
	} else if len(validation.IsDNS1035Label(strings.ToLower(w.Kind))) > 0 {
		l.add(field.Invalid(path.Child("kind"), w.Kind, "must be the name of a kind, such as Deployment"))
	}
	l.add(validateTag(path.Child("tag"), w.Tag))
}

func (l *checklist) certificate(path *field.Path, c Certificate) {
	if !c.Rotate {
		return
	}
	l.name(path.Child("namespace"), c.Namespace, validation.IsDNS1123Label,
		"the namespace of the Secret and the Service: the one that Crest is installed in")
	l.name(path.Child("secret"), c.Secret, validation.IsDNS1123Subdomain, "the Secret that keeps the certificate, such as crest-certificate")
	l.name(path.Child("service"), c.Service, validation.IsDNS1123Label, "the Service that leads to Crest, such as crest")
	if c.APIService != "" {
		l.name(path.Child("apiService"), c.APIService, validation.IsDNS1123Subdomain, "")
	}
	l.atLeast(path.Child("life"), c.Life, 30*time.Second, ", so that a renewal can be tried again")
	l.atLeast(path.Child("caLife"), c.CALife, times(3, c.Life),
		", three times certificate.life: the CA is renewed after two thirds of its life, and each certificate that it signed must end before it does")
}

// name checks the name of an object; what says what it is.
func (l *checklist) name(path *field.Path, name string, check func(string) []string, what string) {
	if name == "" {
		l.add(field.Required(path, what))
	} else if why := check(name); len(why) > 0 {
		l.add(field.Invalid(path, name, "must be the name of an object: "+strings.Join(why, "; ")))
	}
}

func (l *checklist) atLeast(path *field.Path, value Duration, least time.Duration, why string) {
	if value.Duration < least {
		l.add(field.Invalid(path, value.String(), "must be at least "+Duration{least}.String()+why))
	}
}

func (l *checklist) count(path *field.Path, value, least int, why string) {
	if value < least {
		l.add(field.Invalid(path, value, "must be at least "+strconv.Itoa(least)+why))
	}
}
