{{- /*
Services.

release-runtime.check.service   refuses, in the values, one without a workload or a port, and ports that are not there:
                                dict root key service
*/ -}}
{{- define "release-runtime.check.service" -}}
{{- $where := printf "services.%s" .key }}{{ $target := .service.workload | default .key }}
{{- if eq (.service.type | default "") "ExternalName" }}
  {{- if not .service.externalName }}{{ fail (printf "%s.externalName is missing" $where) }}{{ end }}
{{- else }}
  {{- $workload := dig "workloads" $target nil .root.Values }}
  {{- if not $workload }}
    {{- fail (printf "%s: there is no workload %q; name one with %s.workload" $where $target $where) }}
  {{- end }}
  {{- include "release-runtime.check.servicePorts" (dict "service" .service "workload" $workload "target" $target "where" $where) }}
  {{- $labels := $workload.podLabels | default dict }}
  {{- range $name, $value := .service.selector }}
    {{- if ne (toString (get $labels $name)) (toString $value) }}
      {{- fail (printf "%s.selector: it would select no pod, for workloads.%s.podLabels has no %s: %v" $where $target $name $value) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses ports that the workload has not, and a nodePort where there is none: dict service workload target where */ -}}
{{- define "release-runtime.check.servicePorts" -}}
{{- $where := .where }}{{ $known := list }}{{ $left := 0 }}{{ $said := .service.ports | default dict }}
{{- range include "release-runtime.workloadPorts" (dict "workload" .workload) | fromJsonArray }}
  {{- $known = append $known .name }}
  {{- if not (and (hasKey $said .name) (eq (toString (get $said .name)) "false")) }}{{ $left = add $left 1 }}{{ end }}
{{- end }}
{{- if not $known }}{{ fail (printf "%s: no container of the workload %q has a port" $where .target) }}{{ end }}
{{- range $name, $port := $said }}
  {{- if not (has $name $known) }}
    {{- fail (printf "%s.ports: the workload %q has no port %q; it has: %s" $where $.target $name (join ", " $known)) }}
  {{- end }}
  {{- if and (kindIs "map" $port) (not (has ($.service.type | default "") (list "NodePort" "LoadBalancer"))) }}
    {{- if $port.nodePort }}
      {{- fail (printf "%s.ports.%s.nodePort: a Service of the type ClusterIP has none; say %s.type: NodePort" $where $name $where) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- if not (int $left) }}
  {{- fail (printf "%s.ports: no port is left; say %s.enabled: false when there is to be no Service" $where $where) }}
{{- end }}
{{- end }}

{{- /* Refuses, in the model, a number that two ports have, and what no Service can be called: dict services */ -}}
{{- define "release-runtime.check.services" -}}
{{- $nodePorts := dict }}
{{- range $key, $service := .services }}
  {{- $where := printf "services.%s" $key }}
  {{- $used := dict }}
  {{- range $service.ports }}
    {{- if .nodePort }}
      {{- $mark := printf "%d/%s" (int64 .nodePort) .protocol }}
      {{- if hasKey $nodePorts $mark }}
        {{- fail (printf "%s.ports.%s.nodePort: %s has %d already" $where .name (get $nodePorts $mark) (int64 .nodePort)) }}
      {{- end }}
      {{- $_ := set $nodePorts $mark (printf "%s.ports.%s" $where .name) }}
    {{- end }}
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
