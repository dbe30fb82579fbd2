{{- /* A PodMonitor, as YAML: dict root other(of release-runtime.model.monitoring) */ -}}
{{- define "release-runtime.podMonitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) .other) | nindent 2 }}
spec:
  selector:
    matchLabels: {{ toJson .other.selector }}
  podTargetLabels: {{ toJson .other.targetLabels }}
  podMetricsEndpoints:
    - {{ toJson .other.endpoint }}
{{- end }}

{{- /* A ServiceMonitor, as YAML: dict root other(of release-runtime.model.monitoring) */ -}}
{{- define "release-runtime.serviceMonitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) .other) | nindent 2 }}
spec:
  selector:
    matchLabels: {{ toJson .other.selector }}
  targetLabels: {{ toJson .other.targetLabels }}
  endpoints:
    - {{ toJson .other.endpoint }}
{{- end }}

{{- /* A PrometheusRule, as YAML: dict root other(of release-runtime.model.monitoring) */ -}}
{{- define "release-runtime.prometheusRule" -}}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) .other) | nindent 2 }}
spec:
  groups:
    {{- range .other.groups }}
    - name: {{ quote .name }}
      rules:
        {{- range .rules }}
        - {{ toJson . }}
        {{- end }}
    {{- end }}
{{- end }}

{{- /* A dashboard's ConfigMap, as YAML: dict root other(of release-runtime.model.monitoring) */ -}}
{{- define "release-runtime.dashboard" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) .other) | nindent 2 }}
data: {{ include "release-runtime.strings" .other.data }}
{{- end }}
