package datadog

import (
	"strings"
	"testing"
	"time"
)

func TestNewRefusesWhatCannotWorkAndSaysAllOfIt(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*Options)
		says  []string
	}{
		"no API key":                       {func(o *Options) { o.APIKey = "" }, []string{"DD_API_KEY or datadog.apiKeyFile"}},
		"no application key":               {func(o *Options) { o.AppKey = "" }, []string{"DD_APP_KEY or datadog.appKeyFile"}},
		"neither, and no name":             {func(o *Options) { o.APIKey, o.AppKey, o.ClusterName = "", "", "" }, []string{"DD_API_KEY", "DD_APP_KEY", "datadog.clusterName"}},
		"a cluster that ends the filter":   {func(o *Options) { o.ClusterName = "a} by {b" }, []string{"datadog.clusterName"}},
		"all clusters":                     {func(o *Options) { o.ClusterName = "*" }, []string{"datadog.clusterName"}},
		"a metric with a function":         {func(o *Options) { o.UsageMetric = "f(x)" }, []string{"datadog.usageMetric"}},
		"a tag that is none":               {func(o *Options) { o.Tags = map[string]string{"deployment": "a,b"} }, []string{`"a,b" of "deployment"`}},
		"no kinds":                         {func(o *Options) { o.Tags = nil }, []string{"workloads is empty"}},
		"a cluster tag that is none":       {func(o *Options) { o.ClusterTag = "1x" }, []string{"datadog.clusterTag"}},
		"no site":                          {func(o *Options) { o.Site, o.URL = "", "" }, []string{"datadog.site"}},
		"a site with a path":               {func(o *Options) { o.Site, o.URL = "datadoghq.com/x", "" }, []string{"datadog.site"}},
		"a URL that is none":               {func(o *Options) { o.URL = "127.0.0.1:8126" }, []string{"datadog.url is not a base URL"}},
		"a URL of another scheme":          {func(o *Options) { o.URL = "ftp://127.0.0.1" }, []string{"datadog.url is not a base URL"}},
		"a URL with a password":            {func(o *Options) { o.URL = "http://me:secret@127.0.0.1" }, []string{"no user"}},
		"a broken URL with a password":     {func(o *Options) { o.URL = "http://me:secret@127.0.0.1:x" }, []string{"datadog.url is not a base URL"}},
		"an interval that is no bucket":    {func(o *Options) { o.Interval = time.Second / 2 }, []string{"datadog.interval is 500ms"}},
		"no timeout":                       {func(o *Options) { o.Timeout = 0 }, []string{"datadog.timeout"}},
		"maxAge shorter than the interval": {func(o *Options) { o.MaxAge = time.Second }, []string{"datadog.maxAge is 1s"}},
		"no clock":                         {func(o *Options) { o.Now = nil }, []string{"Options.Now"}},
		"batches of nothing":               {func(o *Options) { o.MaxWorkloadsPerQuery = 0 }, []string{"datadog.maxWorkloadsPerQuery"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := testOptions("http://127.0.0.1:1")
			test.spoil(&o)
			_, err := New(o)
			if err == nil {
				t.Fatal("no error")
			}
			for _, says := range test.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("got %v, want %q", err, says)
				}
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), testAPIKey) {
				t.Errorf("the message holds a secret: %v", err)
			}
		})
	}
}

func TestTheAddressOfTheAPI(t *testing.T) {
	for name, test := range map[string]struct{ site, url, want string }{
		"a site":                   {"us5.datadoghq.com", "", "https://api.us5.datadoghq.com"},
		"a site of the government": {"ddog-gov.com", "", "https://api.ddog-gov.com"},
		"a URL wins":               {"datadoghq.com", "http://127.0.0.1:8126", "http://127.0.0.1:8126"},
		"a URL with a path":        {"datadoghq.com", "https://proxy.example.com/datadog/", "https://proxy.example.com/datadog"},
		"an IPv6 address":          {"datadoghq.com", "http://[::1]:8126", "http://[::1]:8126"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Site: test.site, URL: test.url}
			if got, err := o.baseURL(); err != nil || got != test.want {
				t.Errorf("got %q and %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestAClientCanBeMadeOnceARegistry(t *testing.T) {
	o := testOptions("http://127.0.0.1:1")
	newClient(t, o)
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "registering the metrics") {
		t.Errorf("got %v", err)
	}
	o.Registerer = nil
	newClient(t, o)
}
