{{- /*
healthd beside an application.

release-runtime.healthdSidecar   the container, as JSON. dict
    root       of release-runtime.root
    native     whether it is an init container that stays (from Kubernetes 1.29)
    lines      its check lines
    env mounts as of release-runtime.given
    drain      duration, for an ordinary container
    healthd    the values workloads.NAME.healthd
*/ -}}
{{- define "release-runtime.healthdSidecar" -}}
{{- $h := .healthd | default dict }}
{{- $image := include "release-runtime.image" (dict "root" .root "program" "healthd" "image" $h.image) }}
{{- $out := dict "name" "healthd" "image" $image "imagePullPolicy" (.root.own.pullPolicy | default "IfNotPresent") }}
{{- if .native }}{{ $_ := set $out "restartPolicy" "Always" }}{{ end }}
{{- $_ := set $out "args" (list "--listen" "[::]:9180" "--drain" (ternary "0s" .drain .native)) }}
{{- $env := .env }}
{{- if .lines }}{{ $env = append $env (dict "name" "HEALTHD_CHECKS" "value" (join "\n" .lines)) }}{{ end }}
{{- if $env }}{{ $_ := set $out "env" $env }}{{ end }}
{{- $_ := set $out "ports" (list (dict "name" "health" "containerPort" 9180)) }}
{{- $ready := dict "httpGet" (dict "path" "/health/ready" "port" 9180) "periodSeconds" 2 "timeoutSeconds" 1 "failureThreshold" 2 }}
{{- $live := dict "httpGet" (dict "path" "/health/live" "port" 9180) "periodSeconds" 10 "timeoutSeconds" 2 "failureThreshold" 3 }}
{{- range $key, $value := $h.readinessProbe | default dict }}{{ $_ := set $ready $key $value }}{{ end }}
{{- range $key, $value := $h.livenessProbe | default dict }}{{ $_ := set $live $key $value }}{{ end }}
{{- $_ := set $out "readinessProbe" $ready }}
{{- $_ := set $out "livenessProbe" $live }}
{{- $_ := set $out "resources" (include "release-runtime.small" (dict "root" .root "resources" $h.resources) | fromJson) }}
{{- $_ := set $out "securityContext" (include "release-runtime.secure" (dict "readOnly" true) | fromJson) }}
{{- if .mounts }}{{ $_ := set $out "volumeMounts" .mounts }}{{ end }}
{{- toJson $out }}
{{- end }}

{{- /*
What a workload's healthd is to be, as JSON {on, native, lines, env, mounts, volumes}: dict root workload key ports
*/ -}}
{{- define "release-runtime.healthdPlan" -}}
{{- $h := .workload.healthd | default dict }}
{{- $where := printf "workloads.%s" .key }}
{{- $from := $h.container | default (dig "first" "container" "" .ports) | default (first (include "release-runtime.ordered" .workload.containers | fromJson).keys) }}
{{- $container := get .workload.containers $from }}
{{- if not (hasKey .workload.containers $from) }}{{ fail (printf "%s.healthd.container: there is no container %q" $where $from) }}{{ end }}
{{- $wanted := dig "enabled" true $h }}
{{- $out := dict "on" false "native" false "lines" list "env" list "mounts" list "volumes" list }}
{{- if $wanted }}
  {{- include "release-runtime.checkLines" (dict "healthd" $h "where" (printf "%s.healthd" $where)) }}
  {{- $unused := list }}
  {{- range $kind := list "database" "redis" }}{{ if not (dig $kind true $h) }}{{ $unused = append $unused $kind }}{{ end }}{{ end }}
  {{- $connections := include "release-runtime.connections" (dict "root" .root "container" $container "where" (printf "%s.containers.%s" $where $from) "unused" $unused) | fromJson }}
  {{- $bare := include "release-runtime.bare" (dict "root" .root "connections" $connections "kind" "database") }}
  {{- if and $bare (not (hasKey $h "database")) }}
    {{- fail (printf "%s.healthd: %s says where PostgreSQL is, but nothing gives a password: without one the pod may never become ready. Say healthd.database: false where the container does not use it, true where it needs no password; else give DATABASE_PASSWORD" $where $bare) }}
  {{- end }}
  {{- $lines := list }}
  {{- $port := dict }}
  {{- /* The container's first, else the workload's: an application with a port is always checked. UDP answers nobody. */ -}}
  {{- $other := dict }}
  {{- range .ports.ports }}
    {{- if eq .protocol "TCP" }}
      {{- if and (eq .container $from) (not $port) }}{{ $port = . }}{{ end }}
      {{- if not $other }}{{ $other = . }}{{ end }}
    {{- end }}
  {{- end }}
  {{- $port = $port | default $other }}
  {{- if hasKey ($h.checks | default dict) "app" }}
    {{- if $h.path }}{{ fail (printf "%s.healthd: path and checks.app both say how the application is asked; give one" $where) }}{{ end }}
  {{- else if $port }}
    {{- $n := int64 $port.port }}
    {{- if $h.path }}{{ $lines = append $lines (printf "app http://localhost:%d%s" $n $h.path) }}
    {{- else }}{{ $lines = append $lines (printf "app tcp://localhost:%d" $n) }}{{ end }}
  {{- else if $h.path }}
    {{- fail (printf "%s.healthd.path: the workload has no TCP port" $where) }}
  {{- end }}
  {{- range $name, $line := $h.checks | default dict }}
    {{- $lines = append $lines (printf "%s %s" $name (trim $line)) }}
  {{- end }}
  {{- $any := or $lines (include "release-runtime.names-a" (dict "connections" $connections "kind" "postgres")) (include "release-runtime.names-a" (dict "connections" $connections "kind" "redis")) }}
  {{- if and (not $any) $h.enabled }}
    {{- fail (printf "%s.healthd: there is nothing to check: %s has neither a port nor DATABASE_* or REDIS_* variables; give healthd.checks or enabled: false" $where $from) }}
  {{- end }}
  {{- if $any }}
    {{- $mode := $h.mode | default "auto" }}
    {{- $native := or (eq $mode "native") (and (eq $mode "auto") (include "release-runtime.from" (dict "root" .root "than" "1.29.0"))) }}
    {{- if and (eq $mode "native") (not (include "release-runtime.from" (dict "root" .root "than" "1.29.0"))) }}
      {{- fail (printf "%s.healthd.mode: native sidecars came with Kubernetes 1.29, this is %s" $where .root.kube) }}
    {{- end }}
    {{- $given := include "release-runtime.given" (dict "root" .root "connections" $connections "volume" "release-runtime-connection") | fromJson }}
    {{- $_ := set $out "on" true }}
    {{- $_ := set $out "native" (ternary true false (not (empty $native))) }}
    {{- $_ := set $out "lines" $lines }}
    {{- range $key := list "env" "mounts" "volumes" }}{{ $_ := set $out $key (get $given $key) }}{{ end }}
    {{- $files := include "release-runtime.pathMounts" (dict "root" .root "connections" $connections "container" $container) | fromJson }}
    {{- range $name := $files.missing }}
      {{- fail (printf "%s.healthd: %s names a file or folder of %s, which healthd does not have; mount it there from one of %s.volumes, and healthd gets the mount too, or say healthd.database: false" $where $name $from $where) }}
    {{- end }}
    {{- $_ := set $out "mounts" (concat $out.mounts $files.mounts) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* Refuses check lines that healthd would refuse, or that ask what is switched off: dict healthd where */ -}}
{{- define "release-runtime.checkLines" -}}
{{- $where := .where }}{{ $h := .healthd }}
{{- $schemes := list "postgres" "postgresql" "redis" "rediss" "unix" "tcp" "http" "https" }}
{{- range $name, $line := $h.checks | default dict }}
  {{- $at := printf "%s.checks.%s" $where $name }}
  {{- $line = trim $line }}
  {{- if or (not $line) (contains "\n" $line) (contains "\r" $line) }}
    {{- fail (printf "%s: has to be one line, a URL and keys with their values" $at) }}
  {{- end }}
  {{- if include "release-runtime.hasPassword" $line }}
    {{- fail (printf "%s: holds a password in a URL; give the URL as a variable from a Secret and write postgres:// or redis:// alone" $at) }}
  {{- end }}
  {{- $scheme := regexFind "^[A-Za-z0-9+.-]+:" $line | trimSuffix ":" | lower }}
  {{- if not (or (has $scheme $schemes) (regexMatch `^postgres(ql)?\+` $scheme)) }}
    {{- fail (printf "%s: begins with no URL that healthd knows; it knows %s" $at (join ", " $schemes)) }}
  {{- end }}
  {{- range $kind, $bare := dict "database" `^(?i:postgres(ql)?)(\+\S*)?://(\s|$)` "redis" `^(?i:rediss?)://(\s|$)` }}
    {{- if and (not (dig $kind true $h)) (regexMatch $bare $line) }}
      {{- fail (printf "%s: asks what the variables name, and %s.%s: false takes these away; leave out one of the two" $at $where $kind) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
