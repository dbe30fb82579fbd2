{{- /*
What a workload's healthd is to be.

release-runtime.healthdPlan   as JSON: dict root workload ports(release-runtime.workloadPorts)

    on native         whether there is one, and whether it is an init container that stays (from Kubernetes 1.29)
    from              the container whose variables it gets: its name, or WORKLOAD/NAME of another workload
    container         its values
    lines             its check lines
    env mounts volumes
    access unused     release-runtime.connections of that container, and the kinds that it does not use
    missing           variables that name a file which healthd would not have
*/ -}}
{{- define "release-runtime.healthdPlan" -}}
{{- $h := .workload.healthd | default dict }}
{{- $from := $h.container }}
{{- if and (not $from) .ports }}{{ $from = (first .ports).container }}{{ end }}
{{- if not $from }}
  {{- $from = include "release-runtime.containersOf" (dict "workload" .workload "of" "containers") | fromJsonArray | first }}
{{- end }}
{{- $out := dict "on" false "native" false "from" $from "lines" list "env" list "mounts" list "volumes" list }}
{{- if dig "enabled" true $h }}
  {{- $unused := list }}
  {{- range list "database" "redis" }}{{ if not (dig . true $h) }}{{ $unused = append $unused . }}{{ end }}{{ end }}
  {{- $container := get .workload.containers $from | default dict }}
  {{- if contains "/" $from }}
    {{- /* Its volumes are in another pod. */ -}}
    {{- $container = omit (include "release-runtime.source" (dict "root" .root "from" $from) | fromJson).container "volumeMounts" }}
  {{- end }}
  {{- $access := include "release-runtime.connections" (dict "root" .root "container" $container "unused" $unused) | fromJson }}
  {{- $found := dict "root" .root "connections" $access.connections "container" $container }}
  {{- $lines := include "release-runtime.checkLines" (dict "workload" .workload "healthd" $h "ports" .ports "from" $from) | fromJsonArray }}
  {{- $_ := set $out "container" (pick $container "env") }}
  {{- $out = merge (dict "access" $access "unused" $unused "lines" $lines) $out }}
  {{- $postgres := include "release-runtime.hasConnection" (merge (dict "kind" "postgres") $found) }}
  {{- if or $lines $postgres (include "release-runtime.hasConnection" (merge (dict "kind" "redis") $found)) }}
    {{- $mode := $h.mode | default "auto" }}
    {{- $stays := include "release-runtime.kubeAtLeast" (dict "root" .root "version" "1.29.0") }}
    {{- $files := include "release-runtime.pathMounts" $found | fromJson }}
    {{- $given := include "release-runtime.connectionEnv" $found | fromJson }}
    {{- $native := or (eq $mode "native") (and (eq $mode "auto") (not (empty $stays))) }}
    {{- $plan := dict "on" true "native" $native "missing" $files.missing "mounts" (concat $given.mounts $files.mounts) }}
    {{- $out = merge $plan $given $out }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
healthd's check lines, as JSON, to be read by fromJsonArray: dict workload healthd ports from. An application with a port is always checked.
*/ -}}
{{- define "release-runtime.checkLines" -}}
{{- $lines := list }}{{ $app := .healthd.app | default dict }}
{{- if not (hasKey (.healthd.checks | default dict) "app") }}
  {{- with include "release-runtime.appPort" (dict "ports" .ports "from" .from "wanted" $app.port) }}
    {{- $port := fromJson . }}{{ $number := int64 $port.port }}
    {{- $scheme := $app.scheme | default (include "release-runtime.appScheme" (dict "workload" $.workload "port" $port "path" $app.path)) }}
    {{- $asked := printf "app tcp://localhost:%d" $number }}
    {{- if eq $scheme "http" }}{{ $asked = printf "app http://localhost:%d%s" $number ($app.path | default "/") }}
    {{- else if eq $scheme "fcgi" }}{{ $asked = printf "app fcgi://127.0.0.1:%d%s" $number ($app.path | default "/ping") }}
    {{- end }}
    {{- $lines = append $lines $asked }}
  {{- end }}
{{- end }}
{{- range $name, $line := .healthd.checks }}{{ $lines = append $lines (printf "%s %s" $name (trim $line)) }}{{ end }}
{{- toJson $lines }}
{{- end }}

{{- /*
How an application is asked: by fcgi if its port is called so, or is PHP-FPM's and is called nothing else; by http if there is a path; else
by tcp: dict workload port path
*/ -}}
{{- define "release-runtime.appScheme" -}}
{{- $called := printf "%s %s" .port.name (.port.appProtocol | default "-") }}
{{- $given := dig "containers" .port.container "port" 0 .workload }}
{{- if not (kindIs "map" $given) }}{{ $given = dict "number" $given }}{{ end }}
{{- $lone := and (not (omit $given "number" "protocol")) (eq (int64 $given.number) 9000) (eq (int64 .port.port) 9000) }}
{{- if or (and $lone (not .path)) (regexMatch `^(?i)((tcp-)?(fastcgi|fcgi|(php-)?fpm) .*|\S+ (fastcgi|fcgi))$` $called) }}fcgi
{{- else if .path }}http
{{- else }}tcp
{{- end }}
{{- end }}

{{- /*
The TCP port on which an application is asked, as JSON of release-runtime.workloadPorts, or nothing: dict ports from [wanted: a name or a
number]. The first one of the container .from, else of the workload. UDP answers nobody.
*/ -}}
{{- define "release-runtime.appPort" -}}
{{- $own := list }}{{ $other := list }}{{ $wanted := include "release-runtime.asText" (.wanted | default "") }}
{{- range .ports }}
  {{- if ne .protocol "TCP" }}{{ continue }}{{ end }}
  {{- if and $wanted (not (has $wanted (list .name (toString (int64 .port))))) }}{{ continue }}{{ end }}
  {{- if eq .container $.from }}{{ $own = append $own . }}{{ else }}{{ $other = append $other . }}{{ end }}
{{- end }}
{{- with first (concat $own $other) }}{{ toJson . }}{{ end }}
{{- end }}
