{{- /*
A cron job, wrapped by cronrun.

release-runtime.cronCommand   the container's command, as JSON {command: […]}. dict
    name lock deadline grace      of cronrun
    activeDeadlineSeconds         of the Job
    command                       the words of the wrapped command
*/ -}}
{{- define "release-runtime.cronCommand" -}}
{{- $out := list "/release-runtime/cronrun" "run" "--name" .name "--lock" .lock "--deadline" .deadline "--grace" .grace "--job-deadline" (printf "%ds" (int64 .activeDeadlineSeconds)) }}
{{- dict "command" (concat $out (list "--") .command) | toJson }}
{{- end }}

{{- /*
deadline, grace and activeDeadlineSeconds that fit: 2 s to start, the deadline, the grace, 2 s to report. What is not given is
derived; as JSON {deadline, grace, graceSeconds, active}: dict j where
*/ -}}
{{- define "release-runtime.cronTimes" -}}
{{- $where := .where }}{{ $j := .j }}
{{- $grace := $j.grace | default "5s" }}
{{- $graceMs := include "release-runtime.ms" (dict "text" $grace "where" (printf "%s.grace" $where)) | int64 }}
{{- $active := dig "activeDeadlineSeconds" 0 $j | int64 }}
{{- $deadline := $j.deadline }}
{{- if not $deadline }}
  {{- $deadline = "1h" }}
  {{- if $active }}
    {{- $left := sub (mul $active 1000) (add $graceMs 4000) }}
    {{- if lt $left 1000 }}
      {{- fail (printf "%s: activeDeadlineSeconds (%d) leaves no time for the command: 2 s to start, grace (%s) and 2 s to report are taken from it" $where $active $grace) }}
    {{- end }}
    {{- $deadline = ternary (printf "%ds" (div $left 1000)) (printf "%dms" $left) (eq (mod $left 1000) 0) }}
  {{- end }}
{{- end }}
{{- $deadlineMs := include "release-runtime.ms" (dict "text" $deadline "where" (printf "%s.deadline" $where)) | int64 }}
{{- if lt $deadlineMs 1 }}{{ fail (printf "%s.deadline: %s would be none; a run has to end some time" $where $deadline) }}{{ end }}
{{- $needed := div (add $deadlineMs $graceMs 4999) 1000 }}
{{- if not $active }}{{ $active = add $needed 60 }}{{ end }}
{{- if gt $needed $active }}
  {{- fail (printf "%s: 2 s to start + deadline (%s) + grace (%s) + 2 s to report do not fit into activeDeadlineSeconds (%d): at least %d" $where $deadline $grace $active $needed) }}
{{- end }}
{{- dict "deadline" $deadline "grace" $grace "graceSeconds" (div (add $graceMs 999) 1000) "active" $active | toJson }}
{{- end }}

{{- /* Which lock, by what the container is given: dict root container j where */ -}}
{{- define "release-runtime.cronLock" -}}
{{- $lock := .j.lock | default "auto" }}
{{- if ne $lock "none" }}
  {{- $given := include "release-runtime.cronStores" (dict "root" .root "container" .container) | fromJson }}
  {{- if eq $lock "auto" }}
    {{- $lock = ternary "postgres" (ternary "redis" "" (hasKey $given "redis")) (hasKey $given "postgres") }}
    {{- if not $lock }}
      {{- fail (printf "%s: two runs at once are kept apart by a lock in PostgreSQL or Redis, but the container is given neither DATABASE_* (PG*) nor REDIS_* variables; give one, or say lock: none" .where) }}
    {{- end }}
  {{- else if not (hasKey $given $lock) }}
    {{- fail (printf "%s.lock: %s, but the container is given no variable that names one; for a Secret made elsewhere list its keys in secrets.NAME.connectionKeys" .where $lock) }}
  {{- end }}
{{- end }}
{{- $lock }}
{{- end }}

{{- /* {postgres: true, redis: true} by the names of the variables alone: cronrun lives in the container and has all of them */ -}}
{{- define "release-runtime.cronStores" -}}
{{- $plain := dict }}
{{- range $name, $value := .container.env | default dict }}{{ $_ := set $plain (trimSuffix "_FILE" $name) (dict "value" "") }}{{ end }}
{{- $rest := deepCopy .container }}
{{- $_ := unset $rest "env" }}
{{- $all := include "release-runtime.connections" (dict "root" .root "container" $rest "where" "" "lenient" true) | fromJson }}
{{- range $name, $value := $plain }}{{ $_ := set $all $name $value }}{{ end }}
{{- $out := dict }}
{{- range $kind := list "postgres" "redis" }}
  {{- if include "release-runtime.names-a" (dict "connections" $all "kind" $kind) }}{{ $_ := set $out $kind true }}{{ end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* The CronJob, as YAML: dict root key j */ -}}
{{- define "release-runtime.cronJob" -}}
{{- $root := .root }}{{ $j := .j }}{{ $key := .key }}
{{- $where := printf "cronJobs.%s" $key }}
{{- if not $j.from }}{{ fail (printf "%s.from is missing: WORKLOAD/CONTAINER, whose image and variables it takes" $where) }}{{ end }}
{{- range $needed := list "command" "schedule" }}
  {{- if not (get $j $needed) }}{{ fail (printf "%s.%s is missing" $where $needed) }}{{ end }}
{{- end }}
{{- if regexMatch "(?:^|\\s)(CRON_)?TZ=" $j.schedule }}{{ fail (printf "%s.schedule: the time zone goes into timeZone" $where) }}{{ end }}
{{- $source := include "release-runtime.source" (dict "root" $root "from" $j.from "where" $where) | fromJson }}
{{- $c := dict }}
{{- $_ := include "release-runtime.take" (dict "from" $source.container "to" $c "keys" (list "image" "imagePullPolicy" "workingDir" "env" "envFromSecret" "envFromConfigMap" "resources" "securityContext" "readOnlyRoot" "writable")) }}
{{- $_ := include "release-runtime.take" (dict "from" $j "to" $c "keys" (list "image" "imagePullPolicy" "resources")) }}
{{- $env := deepCopy ($c.env | default dict) }}
{{- range $name, $value := $j.env | default dict }}{{ $_ := set $env $name $value }}{{ end }}
{{- $_ := set $c "env" $env }}
{{- $times := include "release-runtime.cronTimes" (dict "j" $j "where" $where) | fromJson }}
{{- $lock := include "release-runtime.cronLock" (dict "root" $root "container" $c "j" $j "where" $where) | trim }}
{{- $words := list }}
{{- range concat $j.command ($j.args | default list) }}{{ $words = append $words (include "release-runtime.text" .) }}{{ end }}
{{- include "release-runtime.noPasswords" (dict "words" $words "where" (printf "%s.command" $where)) }}
{{- if not (regexMatch `^\s*(\S+(\s+\S+){4}|@\S+( \S+)?)\s*$` $j.schedule) }}{{ fail (printf "%s.schedule: %q has to have five fields (minute, hour, day, month, weekday)" $where $j.schedule) }}{{ end }}
{{- $own := include "release-runtime.container" (dict "root" $root "container" $c "name" $source.name "where" $where) | fromJson }}
{{- $job := printf "%s/%s/%s" $root.Release.Namespace $root.Release.Name $key }}
{{- $command := (include "release-runtime.cronCommand" (dict "name" $job "lock" $lock "deadline" $times.deadline "grace" $times.grace "activeDeadlineSeconds" $times.active "command" $words) | fromJson).command }}
{{- $_ := set $own "command" $command }}
{{- $_ := set $own "volumeMounts" (append ($own.volumeMounts | default list) (dict "name" "release-runtime" "mountPath" "/release-runtime" "readOnly" true)) }}
{{- $pod := include "release-runtime.pod" (dict "root" $root "workload" $source.workload) | fromJson }}
{{- $_ := set $pod "containers" (list $own) }}
{{- $_ := set $pod "initContainers" (list (include "release-runtime.copy" (dict "root" $root "program" "cronrun") | fromJson)) }}
{{- $_ := set $pod "volumes" (append (include "release-runtime.writable" (dict "container" $c "name" $source.name) | fromJson).volumes (include "release-runtime.copyVolume" . | fromJson)) }}
{{- $_ := set $pod "restartPolicy" "Never" }}
{{- $_ := set $pod "terminationGracePeriodSeconds" (int64 (add $times.graceSeconds 2)) }}
{{- $labels := include "release-runtime.selector" (dict "root" $root "component" (printf "%s.cron" $key)) | fromYaml }}
{{- $spec := dict "backoffLimit" (int64 (dig "backoffLimit" 0 $j)) "activeDeadlineSeconds" (int64 $times.active) }}
{{- if include "release-runtime.from" (dict "root" $root "than" "1.29.0") }}{{ $_ := set $spec "podReplacementPolicy" "Failed" }}{{ end }}
{{- $_ := include "release-runtime.take" (dict "from" $j "to" $spec "keys" (list "ttlSecondsAfterFinished")) }}
{{- $_ := set $spec "template" (dict "metadata" (dict "labels" $labels) "spec" $pod) }}
{{- $cron := dict "schedule" $j.schedule "concurrencyPolicy" ($j.concurrencyPolicy | default "Forbid") "jobTemplate" (dict "metadata" (dict "labels" $labels) "spec" $spec) }}
{{- $_ := include "release-runtime.take" (dict "from" $j "to" $cron "keys" (list "timeZone" "startingDeadlineSeconds" "suspend" "successfulJobsHistoryLimit" "failedJobsHistoryLimit")) }}
{{- $name := include "release-runtime.name" (dict "root" $root "key" $key "entry" $j "max" 48) }}
{{- $metadata := include "release-runtime.metadata" (dict "root" $root "name" $name "component" (printf "%s.cron" $key) "annotations" $j.annotations) | fromJson }}
{{- toYaml (dict "apiVersion" "batch/v1" "kind" "CronJob" "metadata" $metadata "spec" $cron) }}
{{- end }}
