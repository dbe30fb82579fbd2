{{- /*
What every object begins with.

Shape prints objects as one writes them, with text of the user's as JSON, which is YAML, too. What it prints is read and printed again
(release-runtime.document): keys in one order, and no trace of how deep a piece was laid.

release-runtime.metadata   YAML: dict root name [component] [annotations] [labels] [cluster: it has no namespace]
*/ -}}
{{- define "release-runtime.metadata" -}}
name: {{ .name | quote }}
{{- if not .cluster }}
namespace: {{ .root.Release.Namespace | quote }}
{{- end }}
labels:
  app.kubernetes.io/name: {{ .root.system | trunc 63 | quote }}
  app.kubernetes.io/part-of: {{ .root.system | trunc 63 | quote }}
  app.kubernetes.io/instance: {{ .root.fullname | quote }}
  {{- with .root.Chart.appVersion }}
  app.kubernetes.io/version: {{ . | replace "+" "_" | trunc 63 | quote }}
  {{- end }}
  {{- with .component }}
  app.kubernetes.io/component: {{ quote . }}
  {{- end }}
  {{- if not (hasKey (.labels | default dict) "app.kubernetes.io/managed-by") }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service | quote }}
  {{- end }}
  helm.sh/chart: {{ printf "%s-%s" .root.Chart.name .root.Chart.version | replace "+" "_" | trunc 63 | quote }}
  {{- range $key, $value := .labels }}
  {{ toJson $key }}: {{ include "release-runtime.asText" $value | toJson }}
  {{- end }}
{{- with .annotations }}
annotations: {{ include "release-runtime.strings" . }}
{{- end }}
{{- end }}

{{- /*
Labels that selectors use, and these never change; all others may. Of two of this chart in one release, fullnameOverride keeps them
apart: dict root component
*/ -}}
{{- define "release-runtime.selector" -}}
app.kubernetes.io/instance: {{ .root.fullname | quote }}
app.kubernetes.io/component: {{ .component | quote }}
{{- end }}
