{{- /*
Ports and Services.

release-runtime.ports   containerPorts of a container, the first one first, as JSON [{name, containerPort, …}], to be read by
                        fromJsonArray: dict container [portName]
*/ -}}
{{- define "release-runtime.ports" -}}
{{- $out := list }}
{{- with .container.port }}{{ $out = append $out (dict "name" ($.portName | default "http") "containerPort" (int64 .)) }}{{ end }}
{{- range $name, $port := .container.ports | default dict }}
  {{- $one := kindIs "map" $port | ternary $port (dict "containerPort" $port) }}
  {{- $out = append $out (merge (dict "name" $name) $one) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
All ports of a workload in its containers' order, as JSON [{container, name, port, protocol}], to be read by fromJsonArray: dict workload
*/ -}}
{{- define "release-runtime.workloadPorts" -}}
{{- $out := list }}
{{- range $name := include "release-runtime.ordered" (.workload.containers | default dict) | fromJsonArray }}
  {{- $portName := ternary "http" ($name | trunc 15 | trimSuffix "-") (empty $out) }}
  {{- $container := get $.workload.containers $name }}
  {{- range include "release-runtime.ports" (dict "container" $container "portName" $portName) | fromJsonArray }}
    {{- $out = append $out (dict "container" $name "name" .name "port" .containerPort "protocol" (.protocol | default "TCP")) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
The Services that there will be, by key, as JSON: what .Values.services says, and one for each workload with a port.
In: root; out: {KEY: {name, workload, type, annotations, ports}}
*/ -}}
{{- define "release-runtime.services" -}}
{{- $root := . }}{{ $wanted := dict }}{{ $out := dict }}
{{- range $key, $workload := .Values.workloads }}
  {{- if include "release-runtime.workloadPorts" (dict "workload" $workload) | fromJsonArray }}{{ $_ := set $wanted $key dict }}{{ end }}
{{- end }}
{{- range $key, $service := mergeOverwrite $wanted (.Values.services | default dict) }}
  {{- if dig "enabled" true $service }}
    {{- $target := $service.workload | default $key }}
    {{- $ports := include "release-runtime.servicePorts" (dict "root" $root "service" $service "workload" $target) | fromJsonArray }}
    {{- $name := include "release-runtime.name" (dict "root" $root "key" $key "entry" $service) }}
    {{- $one := dict "name" $name "workload" $target "type" ($service.type | default "ClusterIP") "ports" $ports }}
    {{- $_ := set $out $key (merge $one (pick $service "annotations")) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
A Service's ports, as JSON [{name, port, targetPort, protocol}]: the first is 80, the others have their containers' numbers, unless
said: dict root service workload
*/ -}}
{{- define "release-runtime.servicePorts" -}}
{{- $out := list }}{{ $said := .service.ports | default dict }}{{ $first := .service.port | default 80 }}
{{- $workload := dig "workloads" .workload dict .root.Values }}
{{- range include "release-runtime.workloadPorts" (dict "workload" $workload) | fromJsonArray }}
  {{- $number := int64 (get $said .name | default (empty $out | ternary $first .port)) }}
  {{- $out = append $out (dict "name" .name "port" $number "targetPort" .name "protocol" .protocol) }}
{{- end }}
{{- toJson $out }}
{{- end }}
