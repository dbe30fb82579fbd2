{{- /*
Ports and Services.

release-runtime.ports   a container's ports, the first one first, as JSON [{name, containerPort, protocol, appProtocol}], to be read by
                        fromJsonArray: dict container [portName]
*/ -}}
{{- define "release-runtime.ports" -}}
{{- $out := list }}
{{- with .container.port }}
  {{- $one := kindIs "map" . | ternary . (dict "number" .) }}
  {{- $name := $one.name | default (include "release-runtime.portName" (dict "number" $one.number "name" ($.portName | default "http"))) }}
  {{- $rest := merge (dict "name" $name) (pick $one "protocol" "appProtocol") }}
  {{- if $one.number }}{{ $_ := set $rest "containerPort" (int64 $one.number) }}{{ end }}
  {{- $out = append $out $rest }}
{{- end }}
{{- range $name, $port := .container.ports | default dict }}
  {{- $one := kindIs "map" $port | ternary $port (dict "containerPort" $port) }}
  {{- $out = append $out (merge (dict "name" $name) $one) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
The name of a port that was given none. A mesh goes by it, and takes what is called http for HTTP: dict number name(without a protocol
that is known for the number)
*/ -}}
{{- define "release-runtime.portName" -}}
{{- $known := dict "5432" "postgresql" "6379" "redis" "3306" "mysql" "27017" "mongo" "5672" "amqp" "9092" "kafka" "4222" "nats" }}
{{- $known = merge $known (dict "11211" "memcached" "1883" "mqtt" "25" "smtp" "587" "smtp" "1025" "smtp" "9000" "9000") }}
{{- $number := toString (int64 .number) }}
{{- if and (eq .name "http") (hasKey $known $number) }}tcp-{{ get $known $number }}{{ else }}{{ .name }}{{ end }}
{{- end }}

{{- /*
All ports of a workload in its containers' order, sidecars last, as JSON [{container, name, port, protocol, appProtocol}], to be read by
fromJsonArray: dict workload
*/ -}}
{{- define "release-runtime.workloadPorts" -}}
{{- $out := list }}
{{- $names := include "release-runtime.containersOf" (dict "workload" .workload "of" "containers") | fromJsonArray }}
{{- $names = concat $names (include "release-runtime.containersOf" (dict "workload" .workload "of" "sidecars") | fromJsonArray) }}
{{- range $name := $names }}
  {{- $portName := ternary "http" ($name | trunc 15 | trimSuffix "-") (empty $out) }}
  {{- $container := get $.workload.containers $name }}
  {{- range include "release-runtime.ports" (dict "container" $container "portName" $portName) | fromJsonArray }}
    {{- $one := dict "container" $name "name" .name "port" .containerPort "protocol" (.protocol | default "TCP") }}
    {{- $out = append $out (merge $one (pick . "appProtocol")) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
The Services that there will be, by key, as JSON: what .Values.services says, and one for each workload with a port.
In: root; out: {KEY: {name, workload, type, labels, annotations, ports, selector, spec: Kubernetes' fields as given}}
*/ -}}
{{- define "release-runtime.services" -}}
{{- $root := . }}{{ $wanted := dict }}{{ $out := dict }}
{{- range $key, $workload := .Values.workloads }}
  {{- if include "release-runtime.workloadPorts" (dict "workload" $workload) | fromJsonArray }}{{ $_ := set $wanted $key dict }}{{ end }}
{{- end }}
{{- $fields := list "clusterIP" "externalName" "externalTrafficPolicy" "internalTrafficPolicy" "loadBalancerClass" }}
{{- $fields = concat $fields (list "loadBalancerSourceRanges" "sessionAffinity" "publishNotReadyAddresses" "ipFamilyPolicy") }}
{{- range $key, $service := mergeOverwrite $wanted (deepCopy (.Values.services | default dict)) }}
  {{- if dig "enabled" true $service }}
    {{- $target := $service.workload | default $key }}
    {{- $spec := dict "type" ($service.type | default "ClusterIP") }}
    {{- $kind := dig $target "kind" "" ($root.Values.workloads | default dict) }}
    {{- if and (eq $kind "StatefulSet") (not (or $service.type $service.clusterIP)) }}
      {{- /* Its pods have names of their own by it. */}}
      {{- $_ := set $service "clusterIP" "None" }}
    {{- end }}
    {{- range $fields }}{{ if hasKey $service . }}{{ $_ := set $spec . (get $service .) }}{{ end }}{{ end }}
    {{- $one := dict "workload" $target "type" $spec.type "spec" $spec "ports" list "selector" ($service.selector | default dict) }}
    {{- if ne $spec.type "ExternalName" }}
      {{- $given := dict "root" $root "service" $service "workload" $target }}
      {{- $_ := set $one "ports" (include "release-runtime.servicePorts" $given | fromJsonArray) }}
    {{- end }}
    {{- $_ := set $one "name" (include "release-runtime.name" (dict "root" $root "key" $key "entry" $service)) }}
    {{- $_ := set $out $key (merge $one (pick $service "labels" "annotations")) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
A Service's ports, as JSON [{name, port, targetPort, protocol, nodePort, appProtocol}]: a first one called http is 80, the others have
their containers' numbers, unless said; so has each of a headless one, for its clients come to the pods themselves: dict root service
workload
*/ -}}
{{- define "release-runtime.servicePorts" -}}
{{- $out := list }}{{ $said := .service.ports | default dict }}{{ $first := true }}
{{- $headless := eq (.service.clusterIP | default "") "None" }}
{{- $workload := dig "workloads" .workload dict .root.Values }}
{{- range include "release-runtime.workloadPorts" (dict "workload" $workload) | fromJsonArray }}
  {{- $one := dict }}
  {{- if hasKey $said .name }}
    {{- $one = get $said .name }}
    {{- if and (not (kindIs "map" $one)) (not (kindIs "bool" $one)) }}{{ $one = dict "port" $one }}{{ end }}
  {{- end }}
  {{- $web := and $first (eq .name "http") (not $headless) }}
  {{- $first = false }}
  {{- if eq (toString $one) "true" }}{{ $one = dict }}{{ end }}
  {{- if kindIs "map" $one }}
    {{- $port := dict "name" .name "port" (int64 ($one.port | default (ternary 80 .port $web))) "targetPort" .name "protocol" .protocol }}
    {{- $out = append $out (merge $port (pick $one "nodePort" "appProtocol") (pick . "appProtocol")) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}
