{{- /*
What every object begins with.

Shape prints objects as one writes them, with text of the user's as JSON, which is YAML, too. The object files read what it prints and
print it again (fromYaml | toYaml): keys in one order, and no trace of how deep a piece was laid.

release-runtime.metadata   YAML: dict root name [component] [annotations] [labels]
*/ -}}
{{- define "release-runtime.metadata" -}}
name: {{ .name | quote }}
namespace: {{ .root.Release.Namespace | quote }}
labels:
  app.kubernetes.io/name: {{ .root.Release.Name | quote }}
  app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
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

{{- /* Labels that selectors use, and these never change: dict root component */ -}}
{{- define "release-runtime.selector" -}}
app.kubernetes.io/name: {{ .root.Release.Name | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component | quote }}
{{- end }}
