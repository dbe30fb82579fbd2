{{- /*
The containers of a workload in one map, whatever field they stand in.

release-runtime.gather   moves those of sidecars and initContainers into containers, each with the field as "of": in: values without nulls.
                         One whose name is taken already stays where it is, for check to name it.
*/ -}}
{{- define "release-runtime.gather" -}}
{{- range $workload := .workloads }}
  {{- $all := include "release-runtime.enabled" $workload.containers | fromJson }}
  {{- range $field := list "sidecars" "initContainers" }}
    {{- $left := dict }}
    {{- range $name, $container := include "release-runtime.enabled" (get $workload $field | default dict) | fromJson }}
      {{- if hasKey $all $name }}{{ $_ := set $left $name $container }}
      {{- else }}{{ $_ := set $all $name (merge (dict "of" $field) $container) }}
      {{- end }}
    {{- end }}
    {{- if $left }}{{ $_ := set $workload $field $left }}{{ else }}{{ $_ := unset $workload $field }}{{ end }}
  {{- end }}
  {{- $_ := set $workload "containers" $all }}
{{- end }}
{{- end }}

{{- /* Names of the containers of one field, in their order, as JSON, to be read by fromJsonArray: dict workload of */ -}}
{{- define "release-runtime.containersOf" -}}
{{- $found := dict }}
{{- range $name, $container := .workload.containers }}
  {{- if eq ($container.of | default "containers") $.of }}{{ $_ := set $found $name $container }}{{ end }}
{{- end }}
{{- include "release-runtime.ordered" $found }}
{{- end }}

{{- /* Where the values have a container: dict workload name where(the workload's path) */ -}}
{{- define "release-runtime.containerPath" -}}
{{- printf "%s.%s.%s" .where (dig "containers" .name "of" "containers" .workload) .name }}
{{- end }}

{{- /* Where the values have the container that from names: dict root from */ -}}
{{- define "release-runtime.fromPath" -}}
{{- $key := splitList "/" .from | first }}
{{- $workload := dig "workloads" $key dict .root.Values }}
{{- include "release-runtime.containerPath" (dict "workload" $workload "name" (splitList "/" .from | last) "where" (printf "workloads.%s"
  $key)) }}
{{- end }}
