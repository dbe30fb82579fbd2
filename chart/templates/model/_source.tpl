{{- /*
What migrations and cron jobs take from a container: in one place, what of it.

release-runtime.source   the container WORKLOAD/CONTAINER as JSON {workload, container, name}; all empty without one: dict root from
*/ -}}
{{- define "release-runtime.source" -}}
{{- $parts := splitList "/" (.from | default "") }}
{{- $workload := dig "workloads" (first $parts) dict .root.Values }}
{{- $name := rest $parts | join "/" }}
{{- dict "workload" $workload "container" (dig "containers" $name dict $workload) "name" $name | toJson }}
{{- end }}

{{- /* A cron job's container as values, as JSON: dict source job */ -}}
{{- define "release-runtime.cronContainer" -}}
{{- $runs := pick .source.container "image" "imagePullPolicy" "workingDir" "resources" "securityContext" "readOnlyRoot" "writable" }}
{{- $theirs := merge $runs (pick .source.container "env" "envFromSecret" "envFromConfigMap") }}
{{- $env := include "release-runtime.overlay" (list $theirs.env .job.env) | fromJson }}
{{- include "release-runtime.overlay" (list $theirs (pick .job "image" "imagePullPolicy" "resources") (dict "env" $env)) }}
{{- end }}

{{- /* What names a migration's database, as a container's values, as JSON: dict source migration */ -}}
{{- define "release-runtime.migrationContainer" -}}
{{- $m := .migration }}
{{- $own := dict }}
{{- if or $m.env $m.envFromSecret $m.envFromConfigMap }}
  {{- $env := include "release-runtime.overlay" (list .source.container.env $m.env) | fromJson }}
  {{- $own = merge (dict "env" $env) (pick $m "envFromSecret" "envFromConfigMap") }}
{{- end }}
{{- include "release-runtime.overlay" (list .source.container $own) }}
{{- end }}
