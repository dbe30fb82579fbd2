{{- /*
What another chart calls, and this one itself, in one line each:

    templates/all.yaml    {{ include "release-runtime.all" (dict "ctx" . "values" .Values.app) }}
    templates/NOTES.txt   {{ include "release-runtime.notes" (dict "ctx" . "values" .Values.app) }}

dict ctx(the caller's root, whose files, name and version count) values(of this chart's shape) [own: this chart calls]

release-runtime.all   every object, as YAML documents. Nothing when this chart is there for its named templates alone.
*/ -}}
{{- define "release-runtime.all" -}}
{{- if not (and .own .values.library) }}
  {{- $model := include "release-runtime.model" . | fromJson }}
  {{- $kinds := list "accounts" "rbac" "configMaps" "secrets" "claims" "services" "workloads" "migrations" "cronJobs" "others" }}
  {{- range $kinds }}{{ include (printf "release-runtime.objects.%s" .) $model }}{{ end }}
{{- end }}
{{- end }}

{{- /* One document, with keys in one order, whatever printed it: in: YAML */ -}}
{{- define "release-runtime.document" }}
---
{{ fromYaml . | toYaml }}
{{- end }}
