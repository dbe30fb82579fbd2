{{- /*
healthd beside an application.

release-runtime.check.healthd   refuses, in the values, variables that it could not have and lines that it would refuse:
                                dict root workload where
*/ -}}
{{- define "release-runtime.check.healthd" -}}
{{- $h := .workload.healthd | default dict }}{{ $where := .where }}
{{- if contains "/" ($h.container | default "") }}
  {{- $named := dict "root" .root "from" $h.container "where" (printf "%s.healthd" $where) "field" "container" }}
  {{- include "release-runtime.check.source" $named }}
{{- else if and $h.container (not (hasKey .workload.containers $h.container)) }}
  {{- fail (printf "%s.healthd.container: there is no container %q" $where $h.container) }}
{{- end }}
{{- if $h.image }}{{ include "release-runtime.check.image" (dict "image" $h.image "where" (printf "%s.healthd" $where)) }}{{ end }}
{{- if dig "enabled" true $h }}
  {{- include "release-runtime.check.lines" (dict "healthd" $h "where" (printf "%s.healthd" $where)) }}
{{- end }}
{{- end }}

{{- /* Refuses, in the model, a healthd that would never be ready, or has nothing to ask: dict root key workload deployment */ -}}
{{- define "release-runtime.check.healthdModel" -}}
{{- $h := .workload.healthd | default dict }}{{ $plan := .deployment.healthd }}
{{- $where := printf "workloads.%s" .key }}
{{- if dig "enabled" true $h }}
  {{- $from := $plan.from }}{{ $named := contains "/" $from | ternary $from (printf "%s/%s" .key $from) }}
  {{- $ours := include "release-runtime.fromPath" (dict "root" .root "from" $named) }}
  {{- include "release-runtime.check.connectionEnv" (dict "root" .root "env" $plan.container.env "where" $ours) }}
  {{- include "release-runtime.check.silentSecrets" (dict "root" .root "access" $plan.access "unused" $plan.unused "where" $ours) }}
  {{- $found := dict "root" .root "connections" $plan.access.connections "kind" "database" }}
  {{- with include "release-runtime.withoutPassword" $found }}{{ if not (hasKey $h "database") }}
    {{- fail (printf (print "%s.healthd: %s says where PostgreSQL is, but nothing gives a password: without one the pod may never "
      "become ready. Say healthd.database: false where the container does not use it, true where it needs no password; "
      "else give DATABASE_PASSWORD")
      $where .) }}
  {{- end }}{{ end }}
  {{- with $h.app }}
    {{- if hasKey ($h.checks | default dict) "app" }}
      {{- fail (printf "%s.healthd: app and checks.app both say how the application is asked; give one" $where) }}
    {{- end }}
    {{- if and .path (eq (.scheme | default "") "tcp") }}
      {{- fail (printf "%s.healthd.app: a connection (scheme: tcp) asks for no path; leave out one of the two" $where) }}
    {{- end }}
    {{- if not (include "release-runtime.appPort" (dict "ports" $.deployment.ports "from" $from "wanted" .port)) }}
      {{- $known := list }}{{ range $.deployment.ports }}{{ if eq .protocol "TCP" }}{{ $known = append $known .name }}{{ end }}{{ end }}
      {{- fail (printf "%s.healthd.app: the workload has no such TCP port; it has: %s" $where (join ", " $known | default "none")) }}
    {{- end }}
  {{- end }}
  {{- if and $h.enabled (not $plan.on) }}
    {{- fail (printf (print "%s.healthd: there is nothing to check: %s has neither a port nor DATABASE_* or REDIS_* variables; "
      "give healthd.checks or enabled: false") $where $from) }}
  {{- end }}
  {{- $stays := include "release-runtime.kubeAtLeast" (dict "root" .root "version" "1.29.0") }}
  {{- if and $plan.on (eq ($h.mode | default "auto") "native") (not $stays) }}
    {{- fail (printf "%s.healthd.mode: native sidecars came with Kubernetes 1.29, this is %s" $where .root.kube) }}
  {{- end }}
  {{- range $plan.missing }}
    {{- fail (printf (print "%s.healthd: %s names a file or folder of %s, which healthd does not have; mount it there from one of "
      "%s.volumes, and healthd gets the mount too, or say healthd.database: false") $where . $from $where) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses check lines that healthd would refuse, or that ask what is switched off: dict healthd where */ -}}
{{- define "release-runtime.check.lines" -}}
{{- $h := .healthd }}
{{- $schemes := list "postgres" "postgresql" "redis" "rediss" "unix" "tcp" "tls" "http" "https" "fcgi" }}
{{- range $name, $line := $h.checks }}
  {{- $at := printf "%s.checks.%s" $.where $name }}
  {{- $line = trim $line }}
  {{- if or (not $line) (contains "\n" $line) (contains "\r" $line) }}
    {{- fail (printf "%s: has to be one line, a URL and keys with their values" $at) }}
  {{- end }}
  {{- if include "release-runtime.hasPassword" $line }}
    {{- fail (printf (print "%s: holds a password in a URL; give the URL as a variable from a Secret "
      "and write postgres:// or redis:// alone") $at) }}
  {{- end }}
  {{- $scheme := regexFind "^[A-Za-z0-9+.-]+:" $line | trimSuffix ":" | lower }}
  {{- if not (or (has $scheme $schemes) (regexMatch `^postgres(ql)?\+` $scheme)) }}
    {{- fail (printf "%s: begins with no URL that healthd knows; it knows %s" $at (join ", " $schemes)) }}
  {{- end }}
  {{- range $kind, $bare := dict "database" `^(?i:postgres(ql)?)(\+\S*)?://(\s|$)` "redis" `^(?i:rediss?)://(\s|$)` }}
    {{- if and (not (dig $kind true $h)) (regexMatch $bare $line) }}
      {{- fail (printf "%s: asks what the variables name, and %s.%s: false takes these away; leave out one of the two" $at $.where $kind) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
