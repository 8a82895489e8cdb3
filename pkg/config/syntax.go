package config

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What stands in a query unquoted. A space, comma, parenthesis, brace or quote
// would end it, and an asterisk would match more than this cluster.
var (
	tagName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*$`)
	tagValue = regexp.MustCompile(`^[A-Za-z0-9_.:/-]+$`)
	metric   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]*$`)
)

// longestTag is Datadog's limit for a tag.
const longestTag = 200

func validateTag(path *field.Path, tag string) *field.Error {
	switch {
	case tag == "":
		return field.Required(path, "the name of a Datadog tag, such as kube_deployment")
	case len(tag) > longestTag || !tagName.MatchString(tag):
		return field.Invalid(path, tag, "must be the name of a Datadog tag: a letter, then letters, digits and _ - . /, 200 at most")
	}
	return validateCase(path, tag)
}

// validateCase refuses what no tag at Datadog can match.
func validateCase(path *field.Path, text string) *field.Error {
	if lower := strings.ToLower(text); lower != text {
		return field.Invalid(path, text, "Datadog writes all tags in lower case: write "+lower)
	}
	return nil
}

func validateTagValue(path *field.Path, value string) *field.Error {
	if len(value) > longestTag || !tagValue.MatchString(value) {
		return field.Invalid(path, value, "must be the value of a Datadog tag: letters, digits and _ - . : /, 200 at most")
	}
	return validateCase(path, value)
}

func validateMetric(path *field.Path, name string) *field.Error {
	switch {
	case name == "":
		return field.Required(path, "the metric of CPU usage in nanocores, such as kubernetes.cpu.usage.total")
	case len(name) > longestTag || !metric.MatchString(name):
		return field.Invalid(path, name, "must be the name of a Datadog metric: a letter, then letters, digits and _ ., 200 at most")
	}
	return nil
}

// validateSite takes any host name, because Datadog adds sites.
func validateSite(path *field.Path, site string) *field.Error {
	const want = "must be the host name of a Datadog site, without scheme or path, such as datadoghq.com, us5.datadoghq.com or datadoghq.eu"
	if len(validation.IsDNS1123Subdomain(site)) > 0 || !strings.Contains(site, ".") {
		return field.Invalid(path, site, want)
	}
	for _, host := range []string{"api.", "app."} {
		if rest, found := strings.CutPrefix(site, host); found {
			return field.Invalid(path, site, "must be the site, not a host of it: "+rest)
		}
	}
	return nil
}

// validateURL never repeats a URL that may hold a password.
func validateURL(path *field.Path, text string) *field.Error {
	const want = "must be an absolute http or https URL without query, such as http://127.0.0.1:8126"
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return field.Invalid(path, field.OmitValueType{}, want)
	case u.User != nil:
		return field.Forbidden(path, "must not hold credentials")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return field.Invalid(path, text, want)
	}
	return nil
}

func validateKey(path *field.Path, key string) *field.Error {
	switch key {
	case "":
		return field.Required(path, "the label key that names such a workload in a selector, such as deployment")
	case "container", "hpa":
		return field.Forbidden(path, strconv.Quote(key)+" has a meaning of its own in a selector; choose another key")
	case "source", "adjusted", "measured", "reason":
		return field.Forbidden(path, strconv.Quote(key)+" is a label of each answer, which also names the workload by its key; choose another key")
	}
	if why := validation.IsQualifiedName(key); len(why) > 0 {
		return field.Invalid(path, key, "must be a label key: "+strings.Join(why, "; "))
	}
	return nil
}

func validateAPIVersion(path *field.Path, apiVersion string) *field.Error {
	if apiVersion == "" {
		return field.Required(path, "the group and version of the kind, such as apps/v1")
	}
	group, version, found := strings.Cut(apiVersion, "/")
	if !found || len(validation.IsDNS1123Subdomain(group)) > 0 || len(validation.IsDNS1035Label(version)) > 0 {
		return field.Invalid(path, apiVersion, "must be a group and a version, such as apps/v1")
	}
	return nil
}
