{{- /*
For charts that make their objects themselves, and have this one as a dependency for these templates alone. docs/own-chart.md tells how.
Each takes a dict with ctx, the caller's root; what it takes besides is Kubernetes' own where it has a name there. Each gives JSON, which
is YAML on one line, so that it can stand anywhere.

release-runtime.healthdSidecar   a container: checks({NAME: LINE}) env volumeMounts native(false: for a cluster before 1.29) drain
                                 service image resources readinessProbe livenessProbe
*/ -}}
{{- define "release-runtime.healthdSidecar" -}}
{{- include "release-runtime.check.outside" (dict "given" . "template" "healthdSidecar") }}
{{- $root := include "release-runtime.outside" . | fromJson }}
{{- $lines := list }}
{{- range $name, $line := .checks }}{{ $lines = append $lines (printf "%s %s" $name (trim $line)) }}{{ end }}
{{- $given := dict "root" $root "native" (dig "native" true .) "drain" (.drain | default "8s") "lines" $lines }}
{{- $given = merge $given (dict "env" .env "mounts" .volumeMounts "healthd" .) }}
{{- include "release-runtime.healthd" $given | fromYaml | toJson }}
{{- end }}

{{- /*
An init container that puts a program into the volume release-runtime, where others mount it under /release-runtime: program(healthd,
migrate, cronrun)
*/ -}}
{{- define "release-runtime.copyContainer" -}}
{{- include "release-runtime.check.outside" (dict "given" . "template" "copyContainer") }}
{{- $root := include "release-runtime.outside" . | fromJson }}
{{- include "release-runtime.copyProgram" (dict "root" $root "program" .program) | fromYaml | toJson }}
{{- end }}

{{- /*
The words of a container's command, which run words(a list) under cronrun: job(its name in the lock) lock deadline grace
activeDeadlineSeconds(of its Job)
*/ -}}
{{- define "release-runtime.cronCommand" -}}
{{- include "release-runtime.check.outside" (dict "given" . "template" "cronCommand") }}
{{- $times := include "release-runtime.cronTimes" (pick . "deadline" "grace" "activeDeadlineSeconds") | fromJson }}
{{- $runs := dict "name" (printf "%s/%s/%s" .ctx.Release.Namespace .ctx.Release.Name .job) "lock" .lock "deadline" $times.deadline }}
{{- $words := include "release-runtime.words" .words | fromJsonArray }}
{{- $runs = merge $runs (dict "grace" $times.grace "activeDeadlineSeconds" $times.active "command" $words) }}
{{- (include "release-runtime.underCronrun" $runs | fromJson).command | toJson }}
{{- end }}

{{- /*
A migration's Job, which is a hook: name when(pre, post); configMap (its SQL files), image with dir or (made from ours) without, or image
and words (another migrator); env envFrom volumes volumeMounts resources, and of the pod serviceAccountName imagePullSecrets
securityContext nodeSelector tolerations affinity; of the Job activeDeadlineSeconds backoffLimit ttlSecondsAfterFinished; of migrate
deadline wait lockWait table, and without words lockTimeout statementTimeout layout role searchPath
*/ -}}
{{- define "release-runtime.migrateJob" -}}
{{- include "release-runtime.check.outside" (dict "given" . "template" "migrateJob") }}
{{- $root := include "release-runtime.outside" . | fromJson }}
{{- $own := include "release-runtime.image" (dict "root" $root "program" "migrate") }}
{{- $c := dict "name" "migrate" "image" (.image | default $own) "volumeMounts" (.volumeMounts | default list) }}
{{- $c = merge $c (pick . "env" "envFrom") }}
{{- $_ := set $c "resources" (include "release-runtime.smallResources" (dict "root" $root "resources" .resources) | fromJson) }}
{{- $args := include "release-runtime.migrateArgs" (dict "root" $root "migration" .) | fromJsonArray }}
{{- $volumes := .volumes | default list }}
{{- $brings := and .image (or .dir .words) }}
{{- if .words }}
  {{- $args = list "run" }}
  {{- $presets := dict "deadline" "240s" "wait" "30s" "lockWait" "60s" }}
  {{- range list "deadline" "wait" "lockWait" "table" }}
    {{- $value := get $ . | default (get $presets .) }}
    {{- if $value }}{{ $args = concat $args (list (printf "--%s" (kebabcase .)) $value) }}{{ end }}
  {{- end }}
  {{- $args = concat $args (list "--") (include "release-runtime.words" .words | fromJsonArray) }}
{{- else }}{{ $_ := set $c "readOnlyRoot" true }}
{{- end }}
{{- $_ := set $c "args" $args }}
{{- if $brings }}
  {{- $_ := set $c "command" (list "/release-runtime/migrate") }}
  {{- $_ := set $c "volumeMounts" (append $c.volumeMounts (include "release-runtime.programMount" . | fromYaml)) }}
  {{- $volumes = append $volumes (include "release-runtime.programVolume" . | fromYaml) }}
{{- end }}
{{- if .configMap }}
  {{- $_ := set $c "volumeMounts" (append $c.volumeMounts (dict "name" "migrations" "mountPath" "/migrations" "readOnly" true)) }}
  {{- $volumes = append $volumes (dict "name" "migrations" "configMap" (dict "name" .configMap)) }}
{{- end }}
{{- $pod := pick . "imagePullSecrets" "nodeSelector" "tolerations" "affinity" }}
{{- $security := include "release-runtime.overlay" (list (dict "runAsUser" 1000 "runAsGroup" 1000) .securityContext) | fromJson }}
{{- $pod = merge (dict "serviceAccountName" (.serviceAccountName | default "default") "token" false "securityContext" $security) $pod }}
{{- $made := dict "root" $root "name" .name "component" (printf "%s.migration" .name) "when" (.when | default "pre") "m" . }}
{{- $made = merge $made (dict "pod" $pod "volumes" $volumes "bringsMigrate" $brings "wrapped" $c) }}
{{- include "release-runtime.migrationJob" $made | fromYaml | toJson }}
{{- end }}

{{- /* release-runtime.root of a chart whose values have another shape, but for global: in: what one of these templates gets */ -}}
{{- define "release-runtime.outside" -}}
{{- include "release-runtime.root" (dict "ctx" .ctx "values" (dict "global" (.ctx.Values.global | default dict))) }}
{{- end }}
