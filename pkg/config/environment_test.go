package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/crest-hpa/crest/pkg/config"
)

func TestEnvironmentSettlesSiteAndKeys(t *testing.T) {
	both := map[string]string{"DD_API_KEY": "api", "DD_APP_KEY": "app\n"}
	with := func(site string) map[string]string {
		return map[string]string{"DD_API_KEY": "api", "DD_APP_KEY": "app\n", "DD_SITE": site}
	}
	cases := map[string]struct {
		text            string
		environment     map[string]string
		site, api, app  string
		complaints      []string
		neverComplaints []string
	}{
		"the default site": {text: named, environment: both, site: "datadoghq.com", api: "api", app: "app"},
		"DD_SITE where the file sets none": {
			text: named, environment: with("datadoghq.eu"), site: "datadoghq.eu", api: "api", app: "app",
		},
		"the file's site before DD_SITE, even if it is the default one": {
			text: named + "  site: datadoghq.com", environment: with("datadoghq.eu"), site: "datadoghq.com", api: "api", app: "app",
		},
		"a DD_SITE that is a URL": {
			text: named, environment: with("https://datadoghq.eu"), site: "https://datadoghq.eu", api: "api", app: "app",
			complaints: []string{"environment: DD_SITE: Invalid value"},
		},
		"no keys: each is named, and where else it may come from": {
			text: named, site: "datadoghq.com",
			complaints: []string{"DD_API_KEY: Required: Datadog's keys come from it unless the configuration sets datadog.apiKeyFile", "DD_APP_KEY"},
		},
		"one key": {
			text: named, environment: map[string]string{"DD_API_KEY": "api"}, site: "datadoghq.com", api: "api",
			complaints: []string{"DD_APP_KEY"}, neverComplaints: []string{"DD_API_KEY"},
		},
		"key files before the keys of the environment": {
			text: named + "  apiKeyFile: /keys/api\n  appKeyFile: /keys/app", environment: both, site: "datadoghq.com",
		},
		"without Datadog no key is needed": {text: head + "datadog: {enabled: false}", site: "datadoghq.com"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := parse(t, tc.text)
			keys, err := c.ApplyEnvironment(func(variable string) string { return tc.environment[variable] })
			if c.Datadog.Site != tc.site {
				t.Errorf("got site %q, want %q", c.Datadog.Site, tc.site)
			}
			if api, app := keys.API.Reveal(), keys.Application.Reveal(); api != tc.api || app != tc.app {
				t.Errorf("got keys %q and %q, want %q and %q", api, app, tc.api, tc.app)
			}
			message := fmt.Sprint(err)
			if (err != nil) != (len(tc.complaints) > 0) {
				t.Errorf("got error %v", err)
			}
			for _, want := range tc.complaints {
				if !strings.Contains(message, want) {
					t.Errorf("got error %q, want it to say %q", message, want)
				}
			}
			for _, never := range tc.neverComplaints {
				if strings.Contains(message, never+":") {
					t.Errorf("got error %q, which must not name %s", message, never)
				}
			}
		})
	}
}

func TestSecretIsNeverShown(t *testing.T) {
	type hidden struct{ keys config.Keys }
	keys := config.Keys{API: config.NewSecret("hunter2"), Application: config.NewSecret("hunter3")}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("keys", "api", keys.API, "both", keys)
	asJSON, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{log.String(), string(asJSON), string(asYAML), fmt.Sprint(keys.API.MarshalLog())}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%10s"} {
		shown = append(shown, fmt.Sprintf(verb, keys.API), fmt.Sprintf(verb, &keys), fmt.Sprintf(verb, hidden{keys}))
	}
	for _, text := range shown {
		for _, secret := range []string{"hunter", "68756e74"} { // as it is, and in hexadecimal
			if strings.Contains(text, secret) {
				t.Errorf("%q shows the secret", text)
			}
		}
	}
	if got := fmt.Sprint(keys.API); got != "[redacted]" {
		t.Errorf("got %q", got)
	}
	if none := config.NewSecret(""); !none.Empty() || none.Reveal() != "" || fmt.Sprint(none) != "" {
		t.Errorf("a secret of no text is not empty: %v", none)
	}
}
