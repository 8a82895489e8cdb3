{{/*
Names. A release called "crest" gives objects called "crest".
*/}}
{{- define "crest.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/*
Names of Jobs end at 63 characters, and one of ours has "-unregister" behind it.
*/}}
{{- define "crest.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "crest.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "crest.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "crest.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "crest.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "crest.apiServiceName" -}}
v1beta1.external.metrics.k8s.io
{{- end -}}

{{/*
The Secret with tls.crt and tls.key; ca.crt beside them, unless it is the user's.
*/}}
{{- define "crest.tlsSecretName" -}}
{{- if eq .Values.tls.mode "existingSecret" -}}
{{- .Values.tls.existingSecret.name -}}
{{- else if eq .Values.tls.mode "certManager" -}}
{{- printf "%s-tls" (include "crest.fullname" .) -}}
{{- else -}}
{{- printf "%s-certificate" (include "crest.fullname" .) -}}
{{- end -}}
{{- end -}}

{{/*
The Secret with Datadog's keys; empty where they come from the environment.
*/}}
{{- define "crest.datadogSecretName" -}}
{{- if not .Values.datadog.enabled -}}
{{- else if .Values.datadog.existingSecret -}}
{{- .Values.datadog.existingSecret -}}
{{- else if .Values.datadog.apiKey -}}
{{- printf "%s-datadog" (include "crest.fullname" .) -}}
{{- end -}}
{{- end -}}

{{/*
The host and the port that Datadog's API is called at.
*/}}
{{- define "crest.datadogHost" -}}
{{- $config := default dict .Values.config.datadog -}}
{{- if $config.url -}}
{{- (urlParse $config.url).hostname -}}
{{- else -}}
api.{{ default "datadoghq.com" .Values.datadog.site }}
{{- end -}}
{{- end -}}

{{- define "crest.datadogPort" -}}
{{- $config := default dict .Values.config.datadog -}}
{{- $url := urlParse (default "https://" $config.url) -}}
{{- if contains ":" $url.host -}}
{{- splitList ":" $url.host | last -}}
{{- else -}}
{{- ternary 80 443 (eq $url.scheme "http") -}}
{{- end -}}
{{- end -}}

{{- define "crest.image" -}}
{{- with .Values.image -}}
{{- .repository -}}:{{- default $.Chart.AppVersion .tag -}}
{{- with .digest -}}@{{- . -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Selectors. A Deployment's can never be changed: nothing of the user's goes in here. The
component keeps the Pods of hooks out of the Service.
*/}}
{{- define "crest.selectorLabels" -}}
app.kubernetes.io/name: {{ include "crest.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: adapter
{{- end -}}

{{/*
The Pods of the adapter and of the hooks.
*/}}
{{- define "crest.allPods" -}}
app.kubernetes.io/name: {{ include "crest.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/*
Labels of the objects. Takes a dict: the context under "root", and the "component" where that
is not the adapter. The chart's own win over the user's.
*/}}
{{- define "crest.labels" -}}
{{- $root := .root -}}
{{- $labels := fromYaml (include "crest.selectorLabels" $root) -}}
{{- with .component -}}
{{- $_ := set $labels "app.kubernetes.io/component" . -}}
{{- end -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_")
  "app.kubernetes.io/version" $root.Chart.AppVersion
  "app.kubernetes.io/part-of" "crest"
  "app.kubernetes.io/managed-by" $root.Release.Service -}}
{{- toYaml (merge $labels $own $root.Values.commonLabels) -}}
{{- end -}}

{{/*
Labels of a Pod, from the same dict: those without which it breaks win over the user's. They do not hold the
chart's version, with which the Pods of each version of the chart would be replaced.
*/}}
{{- define "crest.podLabels" -}}
{{- $root := .root -}}
{{- $labels := fromYaml (include "crest.selectorLabels" $root) -}}
{{- with .component -}}
{{- $_ := set $labels "app.kubernetes.io/component" . -}}
{{- end -}}
{{- $own := dict
  "app.kubernetes.io/version" $root.Chart.AppVersion
  "app.kubernetes.io/part-of" "crest"
  "sidecar.istio.io/inject" "false" -}}
{{- toYaml (merge $labels $own $root.Values.podLabels $root.Values.commonLabels) -}}
{{- end -}}

{{/*
The line "annotations:" with the given ones and the common ones, or nothing at all: what is
empty here would be a difference for ever in the eyes of Argo CD.
Takes a dict: the context under "root", the object's under "annotations".
*/}}
{{- define "crest.annotations" -}}
{{- with merge dict (default dict .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
What stands under "metadata:" of an object. Takes a dict: the context under "root", and what differs: a
"name" or a "suffix" to the full one, a "namespace" ("" for what has none), "component",
"extraLabels", "annotations".
*/}}
{{- define "crest.metadata" -}}
{{- $fullname := include "crest.fullname" .root -}}
{{- $namespace := ternary .namespace .root.Release.Namespace (hasKey . "namespace") -}}
name: {{ default $fullname .name }}{{ with .suffix }}-{{ . }}{{ end }}
{{- with $namespace }}
namespace: {{ . }}
{{- end }}
labels:
  {{- with .extraLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- include "crest.labels" . | nindent 2 }}
{{- include "crest.annotations" . }}
{{- end -}}

{{/*
The same for an object of the whole cluster.
*/}}
{{- define "crest.clusterMetadata" -}}
{{- include "crest.metadata" (merge (dict "namespace" "") .) -}}
{{- end -}}
