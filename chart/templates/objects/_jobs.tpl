{{- /*
Migrations' hook Jobs, with the ConfigMaps of their files, CronJobs, and the pods of resident cron jobs, as YAML documents: in: the model
*/ -}}
{{- define "release-runtime.objects.migrations" -}}
{{- $root := .root }}
{{- range $key, $made := .migrations }}
  {{- with $made.files }}
    {{- include "release-runtime.configMap" (dict "root" $root "configMap" .) | include "release-runtime.document" }}
  {{- end }}
  {{- if ne .when "init" }}
    {{- include "release-runtime.migrationJob" (merge (dict "root" $root) $made) | include "release-runtime.document" }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "release-runtime.objects.cronJobs" -}}
{{- $root := .root }}
{{- range .cronJobs }}
  {{- include "release-runtime.cronJob" (dict "root" $root "cronJob" .) | include "release-runtime.document" }}
{{- end }}
{{- range .residents }}
  {{- $map := dict "name" .name "component" .component "data" .crontab }}
  {{- include "release-runtime.configMap" (dict "root" $root "configMap" $map) | include "release-runtime.document" }}
  {{- include "release-runtime.resident" (dict "root" $root "resident" .) | include "release-runtime.document" }}
{{- end }}
{{- end }}
