package config_test

import (
	"strings"
	"testing"

	"github.com/crest-hpa/crest/pkg/config"
)

func TestValuesThatCannotWork(t *testing.T) {
	cases := map[string]struct {
		datadog string // keys beside clusterName, in flow style
		more    string // top-level keys
		want    string
	}{
		"a cluster name that would widen the query": {
			datadog: `clusterName: "prod*"`, want: `datadog.clusterName: Invalid value: "prod*": must be the value of a Datadog tag`,
		},
		"a cluster name that would end the filter": {
			datadog: `clusterName: "a} by {b"`, want: "datadog.clusterName: Invalid value",
		},
		"a cluster name of two": {datadog: `clusterName: "a,b"`, want: "datadog.clusterName: Invalid value"},
		"a cluster name longer than a tag may be": {
			datadog: "clusterName: " + strings.Repeat("a", 201), want: "200 at most",
		},
		"a cluster name with a letter outside ASCII": {datadog: "clusterName: tōkyō", want: "datadog.clusterName: Invalid value"},
		"a cluster tag with its value":               {datadog: "clusterTag: 'kube_cluster_name:prod'", want: "datadog.clusterTag: Invalid value"},
		"a cluster tag that negates":                 {datadog: "clusterTag: '-env'", want: "datadog.clusterTag: Invalid value"},
		"no cluster tag":                             {datadog: "clusterTag: ''", want: "datadog.clusterTag: Required value"},
		"a cluster name in upper case":               {datadog: "clusterName: Prod-Tokyo", want: `datadog.clusterName: Invalid value: "Prod-Tokyo": Datadog writes all tags in lower case: write prod-tokyo`},
		"a cluster tag in upper case":                {datadog: "clusterTag: Cluster", want: "write cluster"},
		"a workload's tag in upper case":             {more: "workloads: [{key: a, apiVersion: a/v1, kind: B, tag: Kube_b}]", want: `workloads[0].tag: Invalid value: "Kube_b": Datadog writes all tags in lower case: write kube_b`},
		"no usage metric":                            {datadog: "usageMetric: ''", want: "datadog.usageMetric: Required value"},
		"a usage metric that is a query":             {datadog: "usageMetric: 'cpu{a:b}'", want: "datadog.usageMetric: Invalid value"},
		"a site with a scheme":                       {datadog: "site: 'https://datadoghq.eu'", want: "without scheme or path"},
		"a site that is the host of the API":         {datadog: "site: api.datadoghq.eu", want: "must be the site, not a host of it: datadoghq.eu"},
		"a site that is a region":                    {datadog: "site: eu1", want: "such as datadoghq.com"},
		"a URL without scheme":                       {datadog: "url: 'proxy:8126'", want: "datadog.url: Invalid value"},
		"a URL of another scheme":                    {datadog: "url: 'unix:///var/run/proxy'", want: "must be an absolute http or https URL"},
		"a URL with a query":                         {datadog: "url: 'http://proxy?a=b'", want: "without query"},
		"only the API key's file":                    {datadog: "apiKeyFile: /keys/api", want: "datadog.appKeyFile: Required value: Datadog needs both keys"},
		"only the application key's file":            {datadog: "appKeyFile: /keys/app", want: "datadog.apiKeyFile: Required value: Datadog needs both keys"},
		"an interval under a second":                 {datadog: "interval: 500ms", want: "datadog.interval: Invalid value: \"500ms\": must be at least 1s"},
		"an interval that is no whole seconds":       {datadog: "interval: 10500ms", want: "must be whole seconds"},
		"a retry at once":                            {datadog: "retryInterval: 0s", want: "datadog.retryInterval: Invalid value"},
		"no timeout":                                 {datadog: "timeout: 0s", want: "datadog.timeout: Invalid value"},
		"a timeout beyond the next call":             {datadog: "timeout: 31s", want: "at most datadog.interval (30s)"},
		"a retry after the next collection":          {datadog: "retryInterval: 31s", want: "datadog.retryInterval: Invalid value: \"31s\": must be at most datadog.interval (30s)"},
		"samples that are too old for a recovery":    {datadog: "maxAge: 119s", want: "datadog.maxAge: Invalid value: \"119s\": must be at least 2m, four times datadog.interval"},
		"an interval that cannot be multiplied":      {datadog: "interval: 2000000h, maxAge: 2000000h", want: "datadog.maxAge: Invalid value"},
		"no failure at all":                          {datadog: "failureThreshold: 0", want: "datadog.failureThreshold: Invalid value: 0: must be at least 1"},
		"no recovery":                                {datadog: "recoveryThreshold: -1", want: "datadog.recoveryThreshold: Invalid value: -1"},
		"queries for a handful":                      {datadog: "maxWorkloadsPerQuery: 10", want: "must be at least 50"},
		"a threshold with a fraction":                {datadog: "failureThreshold: 1.5", want: "must be a whole number"},
		"a threshold that is no number of this size": {datadog: "failureThreshold: 99999999999999999999", want: "must be a whole number"},
		"a duration without unit":                    {datadog: "interval: 30", want: "must be a duration with its unit, such as 30s"},
		"a mode in the wrong case":                   {more: "fallback: {mode: podaverage}", want: `supported values: "PodAverage", "CalibratedPodAverage", "MaxContainer"`},
		"a scaleDown that is a truth value":          {more: "fallback: {scaleDown: true}", want: `supported values: "auto", "always", "never"`},
		"a fallback that is old at the next reading": {more: "fallback: {maxAge: 20s}", want: "fallback.maxAge: Invalid value: \"20s\": must be at least 30s, twice fallback.interval"},
		"a shutdown before it begins":                {more: "shutdownDelay: -1s", want: "shutdownDelay: Invalid value"},
		"a negative stabilization":                   {more: "downscaleStabilization: -5m", want: "downscaleStabilization: Invalid value"},
		"no workloads":                               {more: "workloads: []", want: "workloads: Required value: a selector must be able to name one kind at least"},
		"a key that names containers":                {more: "workloads: [{key: container, apiVersion: a/v1, kind: B, tag: c}]", want: `workloads[0].key: Forbidden: "container" has a meaning of its own`},
		"a key that names an HPA":                    {more: "workloads: [{key: hpa, apiVersion: a/v1, kind: B, tag: c}]", want: `workloads[0].key: Forbidden: "hpa" has a meaning of its own`},
		"a key that says where an answer is from":    {more: "workloads: [{key: source, apiVersion: a/v1, kind: B, tag: c}]", want: `workloads[0].key: Forbidden: "source" is a label of each answer`},
		"a key that says how an answer was adjusted": {more: "workloads: [{key: adjusted, apiVersion: a/v1, kind: B, tag: c}]", want: `workloads[0].key: Forbidden: "adjusted" is a label of each answer`},
		"a key that says what was measured":          {more: "workloads: [{key: measured, apiVersion: a/v1, kind: B, tag: c}]", want: `workloads[0].key: Forbidden: "measured" is a label of each answer`},
		"a key that says why an answer was adjusted": {more: "workloads: [{key: reason, apiVersion: a/v1, kind: B, tag: c}]", want: `workloads[0].key: Forbidden: "reason" is a label of each answer`},
		"a Pod average alone, which may not shrink":  {datadog: "enabled: false", more: "fallback: {mode: PodAverage}", want: "fallback.mode: Invalid value: \"PodAverage\": without Datadog no workload would ever shrink"},
		"a key that is no label key":                 {more: "workloads: [{key: a/b/c, apiVersion: a/v1, kind: B, tag: c}]", want: "workloads[0].key: Invalid value: \"a/b/c\": must be a label key"},
		"a kind without group":                       {more: "workloads: [{key: pod, apiVersion: v1, kind: Pod, tag: c}]", want: "must be a group and a version, such as apps/v1"},
		"one key for two kinds":                      {more: "workloads: [{key: a, apiVersion: a/v1, kind: B, tag: c}, {key: a, apiVersion: a/v1, kind: C, tag: c}]", want: "workloads[1].key: Duplicate value: \"a\""},
		"two keys for one kind":                      {more: "workloads: [{key: a, apiVersion: a/v1, kind: B, tag: c}, {key: b, apiVersion: a/v2, kind: B, tag: c}]", want: "workloads[1].kind: Duplicate value: \"B\": another key has this kind"},
		"a certificate that is kept nowhere":         {more: "certificate: {rotate: true}", want: "certificate.namespace: Required value: the namespace of the Secret and the Service"},
		"a certificate in a Secret without name":     {more: "certificate: {rotate: true, namespace: a, secret: ''}", want: "certificate.secret: Required value: the Secret that keeps the certificate"},
		"a certificate in a Secret of a bad name":    {more: "certificate: {rotate: true, namespace: a, secret: 'a/b'}", want: "certificate.secret: Invalid value: \"a/b\": must be the name of an object"},
		"a certificate for no Service":               {more: "certificate: {rotate: true, namespace: a, service: ''}", want: "certificate.service: Required value: the Service that leads to Crest"},
		"a certificate for an APIService of URLs":    {more: "certificate: {rotate: true, namespace: a, apiService: 'apis/v1'}", want: "certificate.apiService: Invalid value"},
		"a certificate that ends at once":            {more: "certificate: {rotate: true, namespace: a, life: 1s}", want: "certificate.life: Invalid value: \"1s\": must be at least 30s"},
		"a CA that ends before what it signs":        {more: "certificate: {rotate: true, namespace: a, caLife: 6479h}", want: "certificate.caLife: Invalid value: \"6479h\": must be at least 6480h, three times certificate.life"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			datadog := tc.datadog
			if !strings.Contains(datadog, "clusterName") {
				datadog = strings.TrimPrefix(datadog+", clusterName: prod-tokyo", ", ")
			}
			_, err := config.Parse([]byte(head + "datadog: {" + datadog + "}\n" + tc.more))
			if err == nil {
				t.Fatal("got no error")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
			if n := strings.Count(err.Error(), "\n"); n != 1 {
				t.Errorf("got %d problems, want one: %v", n, err)
			}
		})
	}
}

func TestURLWithAPasswordIsRefusedWithoutRepeatingIt(t *testing.T) {
	for _, url := range []string{"http://me:hunter2@proxy:8126", "http://me:hunter2@proxy:port"} {
		_, err := config.Parse([]byte(named + "  url: " + url))
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v", err)
		}
	}
}

func TestKnownSitesAreTaken(t *testing.T) {
	for _, site := range []string{
		"datadoghq.com", "us3.datadoghq.com", "us5.datadoghq.com", "ap1.datadoghq.com", "ap2.datadoghq.com",
		"uk1.datadoghq.com", "datadoghq.eu", "ddog-gov.com", "us2.ddog-gov.com", "datadog.example.internal",
	} {
		if c := parse(t, named+"  site: "+site); c.Datadog.Site != site {
			t.Errorf("got site %q, want %q", c.Datadog.Site, site)
		}
	}
}
