{{- /*
What watches a release.

release-runtime.check.monitoring   refuses, in the values, monitors of what is not there, and alerts without a condition. In: root
*/ -}}
{{- define "release-runtime.check.monitoring" -}}
{{- $root := . }}{{ $m := .Values.monitoring | default dict }}
{{- with include "release-runtime.enabled" $m.serviceMonitors | fromJson }}
  {{- $services := $root.services }}
  {{- range $key, $s := . }}
    {{- $at := printf "monitoring.serviceMonitors.%s" $key }}{{ $name := $s.service | default $key }}
    {{- if not (hasKey $services $name) }}
      {{- fail (printf "%s.service: there is no Service %q; there are: %s" $at $name (keys $services | sortAlpha | join ", ")) }}
    {{- end }}
    {{- $known := list }}{{ range (get $services $name).ports }}{{ $known = append $known .name }}{{ end }}
    {{- if and $s.port (not (has $s.port $known)) }}
      {{- fail (printf "%s.port: the Service %q has no port %q; it has: %s" $at $name $s.port (join ", " $known)) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- $preset := list "HealthdNotReady" "HealthdCheckFails" "PodRestarts" "ReplicasUnavailable" "CpuHigh" "MemoryHigh" "JobFailed" }}
{{- $preset = concat $preset (list "CronJobLate" "CertificateExpires") }}
{{- range $name, $alert := dig "rules" "alerts" dict $m }}
  {{- if not (or $alert.expr (has $name $preset) (hasPrefix "Slow" $name) (not (dig "enabled" true $alert))) }}
    {{- fail (printf "monitoring.rules.alerts.%s.expr is missing; the preset's alerts are: %s" $name (join ", " $preset)) }}
  {{- end }}
{{- end }}
{{- range $name, $slo := $m.slo }}
  {{- if not $slo.seconds }}{{ fail (printf "monitoring.slo.%s.seconds is missing: how long an answer may take" $name) }}{{ end }}
{{- end }}
{{- range $key, $files := .dashboards }}
  {{- if not $files }}
    {{- $glob := dig "monitoring" "dashboards" $key "files" "" $root.Values }}
    {{- fail (printf "monitoring.dashboards.%s.files: the chart that calls this one (%s) has no file %s" $key $root.Chart.name $glob) }}
  {{- end }}
  {{- range $file, $text := $files }}
    {{- if not (kindIs "map" (fromJson $text)) }}
      {{- fail (printf "monitoring.dashboards.%s.files: %s is no JSON" $key $file) }}
    {{- else if hasKey (fromJson $text) "Error" }}
      {{- fail (printf "monitoring.dashboards.%s.files: %s is no JSON" $key $file) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
