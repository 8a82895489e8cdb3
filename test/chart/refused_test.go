package chart_test

import (
	"maps"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/crest-hpa/crest/test/chart"
)

// refused expects that a release is not rendered, with a message that holds this.
func refused(t *testing.T, r chart.Release, message string) {
	t.Helper()
	_, err := r.Render()
	if err == nil {
		t.Fatal("it is rendered")
	}
	if !strings.Contains(err.Error(), message) {
		t.Errorf("the message is:\n%v\nwant in it:\n%s", err, message)
	}
}

func TestWrongValuesAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ values, message string }{
		"no cluster name": {
			`datadog: {clusterName: ""}`,
			`datadog.clusterName is required: the value of the tag kube_cluster_name that this cluster's metrics carry in Datadog.
Every query is limited to it. For example: --set datadog.clusterName=prod-tokyo
To run without Datadog, on metrics-server alone: --set datadog.enabled=false
`,
		},
		"a cluster name that Datadog would never write": {
			`datadog: {clusterName: Prod-Tokyo}`,
			`datadog.clusterName is "Prod-Tokyo", but Datadog writes all tags in lower case: use "prod-tokyo".
`,
		},
		"no keys": {
			`datadog: {existingSecret: ""}`,
			`Datadog's keys are missing. Make a Secret and name it in datadog.existingSecret:
  kubectl create secret generic crest-datadog --namespace crest-system --from-literal=api-key="$DD_API_KEY" --from-literal=app-key="$DD_APP_KEY"
  --set datadog.existingSecret=crest-datadog
Or give DD_API_KEY and DD_APP_KEY through extraEnv or extraEnvFrom.
`,
		},
		"one key": {
			`datadog: {existingSecret: "", apiKey: k}`,
			"Datadog needs two keys: set both datadog.apiKey and datadog.appKey, or datadog.existingSecret.\n",
		},
		"keys from two places": {
			`datadog: {apiKey: k, appKey: k}`,
			"datadog.existingSecret and datadog.apiKey or datadog.appKey are set: keys come from one place. Leave out the ones in the values.\n",
		},
		"the kubelet's port": {
			`hostNetwork: {enabled: true}`,
			`hostNetwork.enabled with port 10250: on a node that is the kubelet's port. Choose one that is free on all nodes, such as --set port=10270,
and let the control plane reach it (on EKS: the nodes' security group).
`,
		},
		"a certificate without a name": {
			`tls: {mode: existingSecret}`,
			"tls.mode existingSecret needs tls.existingSecret.name: a Secret with tls.crt and tls.key for crest.crest-system.svc.\n",
		},
		"a certificate that nobody trusts": {
			`tls: {mode: existingSecret, existingSecret: {name: mine}}`,
			`kube-apiserver would not trust the certificate in the Secret mine. Give the CA that signed it:
  --set-file tls.existingSecret.caBundle=ca.crt
Or let cert-manager's ca-injector do it: apiService.annotations with cert-manager.io/inject-ca-from: NAMESPACE/CERTIFICATE.
`,
		},
		"verification turned off for nothing": {
			`apiService: {insecureSkipTLSVerify: true}`,
			"apiService.insecureSkipTLSVerify is only for tls.mode existingSecret: with rotate the certificate is verified without your help.\n",
		},
		"an unknown key":                  {`replicaCount: 2`, "- at '': additional properties 'replicaCount' not allowed\n"},
		"an unknown key further down":     {`datadog: {appkey: k}`, "- at '/datadog': additional properties 'appkey' not allowed\n"},
		"an unknown key of the adapter's": {`config: {fallback: {scaledown: auto}}`, "- at '/config/fallback': additional properties 'scaledown' not allowed\n"},
		"what the chart itself writes":    {`config: {certificate: {rotate: true}}`, "- at '/config': additional properties 'certificate' not allowed\n"},
		"a text for a number":             {`replicas: "two"`, "- at '/replicas': got string, want integer\n"},
		"a mode that is none":             {`tls: {mode: selfSigned}`, "- at '/tls/mode': value must be one of 'rotate', 'certManager', 'existingSecret'\n"},
		"a duration without a unit":       {`config: {shutdownDelay: "10"}`, "- at '/config/shutdownDelay': '10' does not match pattern '^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$'\n"},
		"a URL for a site":                {`datadog: {site: "https://datadoghq.eu"}`, "- at '/datadog/site': 'https://datadoghq.eu' does not match pattern '^[A-Za-z0-9.-]*$'\n"},
		"a tag for a digest":              {`image: {digest: v1}`, "- at '/image/digest': 'v1' does not match pattern '^(sha256:[0-9a-f]{64})?$'\n"},
		"a label that is no text":         {`commonLabels: {live: true}`, "- at '/commonLabels/live': got boolean, want string\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var wrong map[string]any
			if err := yaml.Unmarshal([]byte(c.values), &wrong); err != nil {
				t.Fatal(err)
			}
			refused(t, chart.Release{Values: over(values(t, "minimal"), wrong), Namespace: "crest-system"}, c.message)
		})
	}
}

// over are values under others, as with two --values of Helm.
func over(values, others map[string]any) map[string]any {
	merged := maps.Clone(values)
	for key, value := range others {
		below, is := values[key].(map[string]any)
		above, too := value.(map[string]any)
		if is && too {
			value = over(below, above)
		}
		merged[key] = value
	}
	return merged
}
