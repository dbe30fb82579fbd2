{{- /*
Services.

release-runtime.check.service   refuses, in the values, one without a workload or a port, and ports that are not there:
                                dict root key service
*/ -}}
{{- define "release-runtime.check.service" -}}
{{- $where := printf "services.%s" .key }}{{ $target := .service.workload | default .key }}
{{- $workload := dig "workloads" $target nil .root.Values }}
{{- if not $workload }}
  {{- fail (printf "%s: there is no workload %q; name one with %s.workload" $where $target $where) }}
{{- end }}
{{- $known := list }}
{{- range include "release-runtime.workloadPorts" (dict "workload" $workload) | fromJsonArray }}{{ $known = append $known .name }}{{ end }}
{{- if not $known }}{{ fail (printf "%s: no container of the workload %q has a port" $where $target) }}{{ end }}
{{- range $name, $_ := .service.ports }}
  {{- if not (has $name $known) }}
    {{- fail (printf "%s.ports: the workload %q has no port %q; it has: %s" $where $target $name (join ", " $known)) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses, in the model, a number that two ports have, and what no Service can be called: dict services */ -}}
{{- define "release-runtime.check.services" -}}
{{- range $key, $service := .services }}
  {{- $where := printf "services.%s" $key }}
  {{- $used := dict }}
  {{- range $service.ports }}
    {{- $mark := printf "%d/%s" (int64 .port) .protocol }}
    {{- if hasKey $used $mark }}
      {{- fail (printf "%s: %s and %s would both have the port %s; say %s.ports.%s: NUMBER"
        $where (get $used $mark) .name $mark $where .name) }}
    {{- end }}
    {{- $_ := set $used $mark .name }}
  {{- end }}
  {{- /* A Service's name has no dot, which a release's may have. */ -}}
  {{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $service.name) }}
    {{- fail (printf (print "%s: a Service cannot be called %q (a letter first, no dot); "
      "choose another name for the release, or set %s.nameOverride") $where $service.name $where) }}
  {{- end }}
{{- end }}
{{- end }}
