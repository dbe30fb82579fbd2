{{- /*
Rights of an account: a Role or a ClusterRole, and its binding, as YAML documents: dict root rights(of release-runtime.rbac) kind name
rules
*/ -}}
{{- define "release-runtime.role" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  {{- $meta := dict "root" .root "name" .name "cluster" (eq .kind "ClusterRole") "annotations" .rights.annotations }}
  {{- include "release-runtime.metadata" $meta | nindent 2 }}
rules: {{ toJson .rules }}
{{- end }}

{{- define "release-runtime.roleBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  {{- $meta := dict "root" .root "name" .name "cluster" (eq .kind "ClusterRole") "annotations" .rights.annotations }}
  {{- include "release-runtime.metadata" $meta | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name | quote }}
subjects:
  - kind: ServiceAccount
    name: {{ .rights.account | quote }}
    namespace: {{ .root.Release.Namespace | quote }}
{{- end }}
