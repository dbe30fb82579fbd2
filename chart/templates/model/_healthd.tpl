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
{{- $from = $from | default (include "release-runtime.ordered" .workload.containers | fromJsonArray | first) }}
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
  {{- $lines := include "release-runtime.checkLines" (dict "healthd" $h "ports" .ports "from" $from) | fromJsonArray }}
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
healthd's check lines, as JSON, to be read by fromJsonArray: dict healthd ports from. An application with a port is always checked.
*/ -}}
{{- define "release-runtime.checkLines" -}}
{{- $lines := list }}{{ $app := .healthd.app | default dict }}
{{- if not (hasKey (.healthd.checks | default dict) "app") }}
  {{- with include "release-runtime.appPort" (dict "ports" .ports "from" .from "wanted" $app.port) }}
    {{- $asked := printf "app tcp://localhost:%s" . }}
    {{- if $app.path }}{{ $asked = printf "app http://localhost:%s%s" . $app.path }}{{ end }}
    {{- $lines = append $lines $asked }}
  {{- end }}
{{- end }}
{{- range $name, $line := .healthd.checks }}{{ $lines = append $lines (printf "%s %s" $name (trim $line)) }}{{ end }}
{{- toJson $lines }}
{{- end }}

{{- /*
The number of the TCP port on which an application is asked, or nothing: dict ports from [wanted: a name or a number]. The first one of
the container .from, else of the workload. UDP answers nobody.
*/ -}}
{{- define "release-runtime.appPort" -}}
{{- $own := list }}{{ $other := list }}{{ $wanted := include "release-runtime.asText" (.wanted | default "") }}
{{- range .ports }}
  {{- if ne .protocol "TCP" }}{{ continue }}{{ end }}
  {{- if and $wanted (not (has $wanted (list .name (toString (int64 .port))))) }}{{ continue }}{{ end }}
  {{- if eq .container $.from }}{{ $own = append $own .port }}{{ else }}{{ $other = append $other .port }}{{ end }}
{{- end }}
{{- with first (concat $own $other) }}{{ int64 . }}{{ end }}
{{- end }}
