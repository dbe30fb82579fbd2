{{- /* Refuses a name of a container that is not there: dict root from where [field] */ -}}
{{- define "release-runtime.check.source" -}}
{{- $known := list }}
{{- range $w, $workload := .root.Values.workloads }}
  {{- range $c, $_ := $workload.containers }}{{ $known = append $known (printf "%s/%s" $w $c) }}{{ end }}
{{- end }}
{{- if not (has .from $known) }}
  {{- $known = $known | sortAlpha | join ", " }}
  {{- fail (printf "%s.%s: there is no container %q (WORKLOAD/CONTAINER); there are: %s" .where (.field | default "from") .from $known) }}
{{- end }}
{{- end }}

{{- /* Refuses what is no duration: dict text where */ -}}
{{- define "release-runtime.check.duration" -}}
{{- if not (regexMatch "^([0-9]{1,9}(ms|s|min|m|h|d))+$" .text) }}
  {{- fail (printf "%s: %q is not a duration (30s, 5m, 1h30m)" .where .text) }}
{{- end }}
{{- end }}
