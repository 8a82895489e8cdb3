{{/*
What the hooks' Pods share: the same image, the same standing, one command. Takes a dict: the
context under "root", "component", and "args", a list.
*/}}
{{- define "crest.hookPodSpec" -}}
{{- $root := .root -}}
serviceAccountName: {{ include "crest.fullname" $root }}-{{ .component }}
automountServiceAccountToken: true
enableServiceLinks: false
restartPolicy: Never
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
- name: crest
  image: {{ include "crest.image" $root }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  args:
  {{- range .args }}
  - {{ . }}
  {{- end }}
  - --namespace={{ $root.Release.Namespace }}
  - --service={{ include "crest.fullname" $root }}
  resources:
    requests: {cpu: 10m, memory: 64Mi}
    limits: {memory: 128Mi}
  {{- with $root.Values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/*
The account of a hook's Pod, and its one permission. Takes a dict: the context under "root", "component", the
"hook" and the "verbs".
*/}}
{{- define "crest.hookAccount" -}}
{{- $name := printf "%s-%s" (include "crest.fullname" .root) .component -}}
{{- $annotations := dict "helm.sh/hook" .hook "helm.sh/hook-weight" "-1"
  "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded" -}}
{{- $metadata := dict "root" .root "suffix" .component "component" .component "annotations" $annotations -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "crest.metadata" $metadata | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  {{- include "crest.clusterMetadata" $metadata | nindent 2 }}
rules:
- apiGroups: [apiregistration.k8s.io]
  resources: [apiservices]
  resourceNames: [{{ include "crest.apiServiceName" .root }}]
  verbs: [{{ join ", " .verbs }}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  {{- include "crest.clusterMetadata" $metadata | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ $name }}
subjects:
- kind: ServiceAccount
  name: {{ $name }}
  namespace: {{ .root.Release.Namespace }}
{{- end -}}
