{{- /* Refuses a name of a container that is not there: dict root from where [field] */ -}}
{{- define "release-runtime.check.source" -}}
{{- $known := list }}
{{- range $w, $workload := .root.Values.workloads }}
  {{- range $c, $_ := $workload.containers }}{{ $known = append $known (printf "%s/%s" $w $c) }}{{ end }}
{{- end }}
{{- if not (include "release-runtime.source" . | fromJson).container }}
  {{- $known = $known | sortAlpha | join ", " }}
  {{- fail (printf "%s.%s: there is no container %q (WORKLOAD/CONTAINER); there are: %s" .where (.field | default "from") .from $known) }}
{{- end }}
{{- end }}

{{- /*
Refuses, in the values, what runs a command as a container of a workload does, and lacks something of it: dict root job where
*/ -}}
{{- define "release-runtime.check.derived" -}}
{{- $j := .job }}{{ $where := .where }}
{{- if not $j.from }}{{ fail (printf "%s.from is missing: WORKLOAD/CONTAINER, whose image and variables it takes" $where) }}{{ end }}
{{- include "release-runtime.check.source" (dict "root" .root "from" $j.from "where" $where) }}
{{- if not $j.command }}{{ fail (printf "%s.command is missing" $where) }}{{ end }}
{{- $words := concat $j.command ($j.args | default list) }}
{{- include "release-runtime.check.words" (dict "words" $words "where" (printf "%s.command" $where)) }}
{{- $source := include "release-runtime.source" (dict "root" .root "from" $j.from) | fromJson }}
{{- $taken := merge (dict "root" .root "source" $source "where" $where) (pick $j "volumes" "from") }}
{{- include "release-runtime.check.takenVolumes" $taken }}
{{- include "release-runtime.check.jobPod" (dict "root" .root "pod" $j.pod "where" $where) }}
{{- $container := include "release-runtime.jobContainer" (dict "source" $source "job" $j) | fromJson }}
{{- include "release-runtime.check.container" (dict "root" .root "container" $container "where" $where) }}
{{- include "release-runtime.check.pod" (dict "root" .root "workload" $source.workload) }}
{{- end }}

{{- /* Refuses what is no duration: dict text where */ -}}
{{- define "release-runtime.check.duration" -}}
{{- if not (regexMatch "^([0-9]{1,9}(ms|s|min|m|h|d))+$" .text) }}
  {{- fail (printf "%s: %q is not a duration (30s, 5m, 1h30m)" .where .text) }}
{{- end }}
{{- end }}
