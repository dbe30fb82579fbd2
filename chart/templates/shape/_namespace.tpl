{{- /* A ResourceQuota, as YAML: dict root other(of release-runtime.model.namespace) */ -}}
{{- define "release-runtime.quota" -}}
apiVersion: v1
kind: ResourceQuota
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) .other) | nindent 2 }}
spec: {{ toJson .other.spec }}
{{- end }}

{{- /* A LimitRange, as YAML: dict root other(of release-runtime.model.namespace) */ -}}
{{- define "release-runtime.limitRange" -}}
apiVersion: v1
kind: LimitRange
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) .other) | nindent 2 }}
spec:
  limits:
    {{- range .other.limits }}
    - {{ toJson . }}
    {{- end }}
{{- end }}

{{- /* A Namespace, which an uninstall leaves with all that is in it, as YAML: dict root other(of release-runtime.model.namespace) */ -}}
{{- define "release-runtime.namespace" -}}
apiVersion: v1
kind: Namespace
metadata:
  {{- omit (include "release-runtime.metadata" (merge (dict "root" .root) .other) | fromYaml) "namespace" | toYaml | nindent 2 }}
{{- end }}
