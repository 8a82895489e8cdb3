{{/*
What a schema cannot say, or cannot say well. Each message says what is wrong and what to do.
*/}}
{{- define "crest.validate" -}}
{{- include "crest.validate.datadog" . -}}
{{- include "crest.validate.tls" . -}}
{{- include "crest.validate.port" . -}}
{{- if .Values.apiService.create -}}
{{- include "crest.validate.owner" . -}}
{{- end -}}
{{- end -}}

{{- define "crest.validate.datadog" -}}
{{- with .Values.datadog -}}
{{- if .enabled -}}
{{- if not .clusterName -}}
{{- fail "\n\ndatadog.clusterName is required: the value of the tag kube_cluster_name that this cluster's metrics carry in Datadog.\nEvery query is limited to it. For example: --set datadog.clusterName=prod-tokyo\nTo run without Datadog, on metrics-server alone: --set datadog.enabled=false\n" -}}
{{- end -}}
{{- if ne .clusterName (lower .clusterName) -}}
{{- fail (printf "\n\ndatadog.clusterName is %q, but Datadog writes all tags in lower case: use %q.\n" .clusterName (lower .clusterName)) -}}
{{- end -}}
{{- if and .existingSecret (or .apiKey .appKey) -}}
{{- fail "\n\ndatadog.existingSecret and datadog.apiKey or datadog.appKey are set: keys come from one place. Leave out the ones in the values.\n" -}}
{{- end -}}
{{- if ne (empty .apiKey) (empty .appKey) -}}
{{- fail "\n\nDatadog needs two keys: set both datadog.apiKey and datadog.appKey, or datadog.existingSecret.\n" -}}
{{- end -}}
{{- if and (not .existingSecret) (not .apiKey) (not $.Values.extraEnv) (not $.Values.extraEnvFrom) -}}
{{- fail (printf "\n\nDatadog's keys are missing. Make a Secret and name it in datadog.existingSecret:\n  kubectl create secret generic crest-datadog --namespace %s --from-literal=api-key=\"$DD_API_KEY\" --from-literal=app-key=\"$DD_APP_KEY\"\n  --set datadog.existingSecret=crest-datadog\nOr give DD_API_KEY and DD_APP_KEY through extraEnv or extraEnvFrom.\n" $.Release.Namespace) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "crest.validate.tls" -}}
{{- $mode := .Values.tls.mode -}}
{{- if and .Values.apiService.insecureSkipTLSVerify (ne $mode "existingSecret") -}}
{{- fail (printf "\n\napiService.insecureSkipTLSVerify is only for tls.mode existingSecret: with %s the certificate is verified without your help.\n" $mode) -}}
{{- end -}}
{{- if eq $mode "existingSecret" -}}
{{- if not .Values.tls.existingSecret.name -}}
{{- fail (printf "\n\ntls.mode existingSecret needs tls.existingSecret.name: a Secret with tls.crt and tls.key for %s.%s.svc.\n" (include "crest.fullname" .) .Release.Namespace) -}}
{{- end -}}
{{- $trusted := or .Values.tls.existingSecret.caBundle .Values.apiService.insecureSkipTLSVerify -}}
{{- range $key, $_ := .Values.apiService.annotations -}}
{{- if hasPrefix "cert-manager.io/inject-" $key -}}{{- $trusted = true -}}{{- end -}}
{{- end -}}
{{- if and .Values.apiService.create (not $trusted) -}}
{{- fail (printf "\n\nkube-apiserver would not trust the certificate in the Secret %s. Give the CA that signed it:\n  --set-file tls.existingSecret.caBundle=ca.crt\nOr let cert-manager's ca-injector do it: apiService.annotations with cert-manager.io/inject-ca-from: NAMESPACE/CERTIFICATE.\n" .Values.tls.existingSecret.name) -}}
{{- end -}}
{{- if and .Values.tls.existingSecret.caBundle .Values.apiService.insecureSkipTLSVerify -}}
{{- fail "\n\ntls.existingSecret.caBundle and apiService.insecureSkipTLSVerify exclude each other: leave the second out.\n" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "crest.validate.port" -}}
{{- if and .Values.hostNetwork.enabled (eq (int .Values.port) 10250) -}}
{{- fail "\n\nhostNetwork.enabled with port 10250: on a node that is the kubelet's port. Choose one that is free on all nodes, such as --set port=10270,\nand let the control plane reach it (on EKS: the nodes' security group).\n" -}}
{{- end -}}
{{- end -}}

{{/*
A cluster has one server of external metrics. Only what an installation or an upgrade with a cluster can
see stops here; "helm template" and Argo CD look up nothing. Nothing that is rendered depends on this.
*/}}
{{- define "crest.validate.owner" -}}
{{- $name := include "crest.apiServiceName" . -}}
{{- $found := lookup "apiregistration.k8s.io/v1" "APIService" "" $name -}}
{{- with $found -}}
{{- $service := default dict .spec.service -}}
{{- $owner := printf "%s/%s" (default "" $service.namespace) (default "" $service.name) -}}
{{- $ours := printf "%s/%s" $.Release.Namespace (include "crest.fullname" $) -}}
{{- if ne $owner $ours -}}
{{- $annotations := default dict .metadata.annotations -}}
{{- $release := "" -}}
{{- with get $annotations "meta.helm.sh/release-name" -}}
{{- $release = printf " (Helm release %s in the namespace %s)" . (get $annotations "meta.helm.sh/release-namespace") -}}
{{- end -}}
{{- include "crest.validate.owned" (dict "root" $ "owner" $owner "release" $release "name" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "crest.validate.owned" -}}
{{- $verb := ternary "install" "upgrade" .root.Release.IsInstall -}}
{{- $lines := list ""
  ""
  (printf "The APIService %s belongs to the Service %s%s." .name .owner .release)
  "A cluster has one server of external metrics; with this one replaced, HPAs that use its metrics would get no answer."
  ""
  "Install Crest beside it, without registering it:"
  (printf "  helm %s ... --set apiService.create=false" $verb)
  ""
  "Or take over. Keep what is there, make room, and go on:"
  (printf "  kubectl get apiservice %s -o yaml > external-metrics-before.yaml" .name)
  (printf "  kubectl delete apiservice %s" .name)
  (printf "  helm %s ..." $verb)
  "and see to it that its owner does not register it again. To give it back:"
  (printf "  helm uninstall %s --namespace %s" .root.Release.Name .root.Release.Namespace)
  "  kubectl replace --force -f external-metrics-before.yaml"
  "" -}}
{{- fail (join "\n" $lines) -}}
{{- end -}}
