{{- /* What stands beside workloads, migrations and cron jobs, as YAML documents: in: the model */ -}}
{{- define "release-runtime.objects.others" -}}
{{- $root := .root }}
{{- range .others }}
  {{- include (printf "release-runtime.%s" .shape) (dict "root" $root "other" .) | include "release-runtime.document" }}
{{- end }}
{{- end }}
