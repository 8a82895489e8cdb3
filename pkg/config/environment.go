package config

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Keys are Datadog's credentials.
type Keys struct {
	API, Application Secret
}

// ApplyEnvironment settles what the environment may decide: datadog.site, where
// the file does not set it, is DD_SITE or else DefaultSite; and the keys, where
// the file names no key files, are DD_API_KEY and DD_APP_KEY. They are returned,
// never written into the configuration. They are empty when there are key files,
// whose content is not read here, and when Datadog is not enabled.
//
// The error names every variable that is wrong or missing.
func (c *AdapterConfiguration) ApplyEnvironment(getenv func(string) string) (Keys, error) {
	var problems []error
	site := strings.TrimSpace(getenv("DD_SITE"))
	if c.Datadog.Site == "" && site != "" {
		if err := validateSite(field.NewPath("DD_SITE"), site); err != nil {
			problems = append(problems, fmt.Errorf("environment: %w", err))
		}
	}
	c.Datadog.Site = cmp.Or(c.Datadog.Site, site, DefaultSite)
	if !c.Datadog.Enabled || c.Datadog.APIKeyFile != "" {
		return Keys{}, errors.Join(problems...)
	}
	key := func(variable, file string) Secret {
		text := strings.TrimSpace(getenv(variable))
		if text == "" {
			problems = append(problems, fmt.Errorf("environment: %s: Required: Datadog's keys come from it unless the configuration sets %s", variable, file))
		}
		return NewSecret(text)
	}
	keys := Keys{
		API:         key("DD_API_KEY", "datadog.apiKeyFile"),
		Application: key("DD_APP_KEY", "datadog.appKeyFile"),
	}
	return keys, errors.Join(problems...)
}
