{{/*
The configuration file: what the chart knows, under what the user says in "config".
*/}}
{{- define "crest.config" -}}
{{- $config := dict "apiVersion" "crest/v1alpha1" "kind" "AdapterConfiguration" -}}
{{- $datadog := dict -}}
{{- with .Values.datadog -}}
{{- if .enabled -}}
{{- $_ := set $datadog "clusterName" .clusterName -}}
{{- with .site -}}{{- $_ := set $datadog "site" . -}}{{- end -}}
{{- if include "crest.datadogSecretName" $ -}}
{{- $_ := set $datadog "apiKeyFile" "/etc/crest-datadog/api-key" -}}
{{- $_ := set $datadog "appKeyFile" "/etc/crest-datadog/app-key" -}}
{{- end -}}
{{- else -}}
{{- $_ := set $datadog "enabled" false -}}
{{- end -}}
{{- end -}}
{{- $_ := set $config "datadog" $datadog -}}
{{- if eq .Values.tls.mode "rotate" -}}
{{- $_ := set $config "certificate" (fromYaml (include "crest.config.certificate" .)) -}}
{{- end -}}
{{- toYaml (mergeOverwrite $config (deepCopy .Values.config)) -}}
{{- end -}}

{{- define "crest.config.certificate" -}}
rotate: true
namespace: {{ .Release.Namespace }}
secret: {{ include "crest.tlsSecretName" . }}
service: {{ include "crest.fullname" . }}
{{- if not .Values.apiService.create }}
apiService: ""
{{- end }}
{{- with .Values.tls.rotate.life }}
life: {{ . }}
{{- end }}
{{- with .Values.tls.rotate.caLife }}
caLife: {{ . }}
{{- end }}
{{- end -}}

{{/*
The workloads whose kinds Crest watches: the user's list, or Crest's own default.
*/}}
{{- define "crest.workloads" -}}
{{- with .Values.config.workloads }}
{{- toYaml . }}
{{- else }}
- {apiVersion: apps/v1, kind: Deployment}
- {apiVersion: apps/v1, kind: StatefulSet}
- {apiVersion: argoproj.io/v1alpha1, kind: Rollout}
{{- end }}
{{- end -}}

{{/*
A dict of API groups to their resources, as the kinds suggest them: the plural that Kubernetes
itself guesses (meta.UnsafeGuessKindToResource). Under "groups", because a group may be "".
*/}}
{{- define "crest.workloadResources" -}}
{{- $groups := dict -}}
{{- range fromYamlArray (include "crest.workloads" .) -}}
{{- $group := "" -}}
{{- if contains "/" .apiVersion -}}{{- $group = first (splitList "/" .apiVersion) -}}{{- end -}}
{{- $resource := lower .kind -}}
{{- if hasSuffix "s" $resource -}}
{{- $resource = printf "%ses" $resource -}}
{{- else if hasSuffix "y" $resource -}}
{{- $resource = printf "%sies" (trimSuffix "y" $resource) -}}
{{- else -}}
{{- $resource = printf "%ss" $resource -}}
{{- end -}}
{{- $_ := set $groups $group (append (default list (get $groups $group)) $resource | uniq) -}}
{{- end -}}
{{- toYaml $groups -}}
{{- end -}}
