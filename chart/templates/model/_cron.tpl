{{- /*
A cron job, wrapped by cronrun.

release-runtime.model.cronJob   as JSON: dict root key job

    name component annotations schedule concurrencyPolicy
    limits jobLimits   of the CronJob and of its Jobs, as in the values
    lock               postgres, redis, none, or nothing when there is none to be had
    times stores       release-runtime.cronTimes, release-runtime.cronStores
    pod container      release-runtime.model.pod with volumes; the container, wrapped
    before             containers that have to succeed before it: with a job's "next" that of the job itself
    alertAfter         of a backup and its rehearsal: how long there may be none that succeeds
*/ -}}
{{- define "release-runtime.model.cronJob" -}}
{{- $j := .job }}
{{- $made := include "release-runtime.derived" (dict "root" .root "job" $j) | fromJson }}
{{- $one := $made.container }}{{ $pod := $made.pod }}
{{- $times := include "release-runtime.cronTimes" $j | fromJson }}
{{- $stores := include "release-runtime.cronStores" (dict "root" .root "container" $made.values) | fromJson }}
{{- $lock := include "release-runtime.cronLock" (dict "job" $j "stores" $stores) }}
{{- $words := concat $one.command ($one.args | default list) }}
{{- $_ := unset $one "args" }}
{{- $runs := dict "name" (printf "%s/%s/%s" .root.Release.Namespace .root.Release.Name .key) "lock" $lock "deadline" $times.deadline }}
{{- $runs = merge $runs (dict "grace" $times.grace "activeDeadlineSeconds" $times.active "command" $words) }}
{{- $_ := set $one "command" (include "release-runtime.underCronrun" $runs | fromJson).command }}
{{- $_ := set $one "volumeMounts" (append ($one.volumeMounts | default list) (include "release-runtime.programMount" . | fromYaml)) }}
{{- $volumes := $pod.volumes | default list }}
{{- $out := pick $j "annotations" "schedule" "alertAfter" }}
{{- $_ := set $out "container" $one }}
{{- with $j.next }}
  {{- $source := include "release-runtime.source" (dict "root" $.root "from" $j.from) | fromJson }}
  {{- $next := dict "root" $.root "container" (get $source.workload.containers .) "name" . }}
  {{- $_ := set $out "before" (list $one) }}
  {{- $_ := set $out "container" (include "release-runtime.model.container" $next | fromJson) }}
  {{- $volumes = concat $volumes $out.container.volumes }}
{{- end }}
{{- $_ := set $pod "volumes" (append $volumes (include "release-runtime.programVolume" . | fromYaml)) }}
{{- $_ := set $out "name" (include "release-runtime.cronJobName" (dict "root" .root "key" .key "entry" $j)) }}
{{- $_ := set $out "component" (printf "%s.cron" .key) }}
{{- $_ := set $out "concurrencyPolicy" ($j.concurrencyPolicy | default "Forbid") }}
{{- $limits := pick $j "timeZone" "startingDeadlineSeconds" "suspend" "successfulJobsHistoryLimit" "failedJobsHistoryLimit" }}
{{- $jobLimits := pick $j "ttlSecondsAfterFinished" }}
{{- $_ := set $jobLimits "backoffLimit" (int64 (dig "backoffLimit" 0 $j)) }}
{{- merge $out (dict "lock" $lock "times" $times "stores" $stores "pod" $pod "limits" $limits "jobLimits" $jobLimits) | toJson }}
{{- end }}

{{- /*
deadline, grace and activeDeadlineSeconds that fit: 2 s to start, the deadline, the grace, 3 s to report. What is not given is derived;
as JSON {deadline, grace, graceSeconds, active, needed, left}: in: the values of a cron job
*/ -}}
{{- define "release-runtime.cronTimes" -}}
{{- $grace := .grace | default "5s" }}
{{- $graceMs := include "release-runtime.milliseconds" $grace | int64 }}
{{- $active := dig "activeDeadlineSeconds" 0 . | int64 }}
{{- $left := sub (mul $active 1000) (add $graceMs 5000) }}
{{- $deadline := .deadline }}
{{- if not $deadline }}
  {{- $derived := ternary (printf "%ds" (div $left 1000)) (printf "%dms" $left) (eq (mod $left 1000) 0) }}
  {{- $deadline = ternary $derived "1h" (gt $active 0) }}
{{- end }}
{{- $needed := div (add (include "release-runtime.milliseconds" $deadline | int64) $graceMs 5999) 1000 }}
{{- $active = $active | default (add $needed 60) }}
{{- $out := dict "deadline" $deadline "grace" $grace "graceSeconds" (div (add $graceMs 999) 1000) }}
{{- merge $out (dict "active" $active "needed" $needed "left" $left) | toJson }}
{{- end }}

{{- /* postgres, redis, none, or nothing when there is none to be had: dict job stores(of release-runtime.cronStores) */ -}}
{{- define "release-runtime.cronLock" -}}
{{- $lock := .job.lock | default "auto" }}
{{- if ne $lock "auto" }}{{ $lock }}
{{- else if hasKey .stores "postgres" }}postgres
{{- else if hasKey .stores "redis" }}redis
{{- end }}
{{- end }}

{{- /* {postgres: true, redis: true} by the names of the variables alone: cronrun lives in the container and has all of them */ -}}
{{- define "release-runtime.cronStores" -}}
{{- $plain := dict }}
{{- range $name, $_ := .container.env }}{{ $_ := set $plain (trimSuffix "_FILE" $name) dict }}{{ end }}
{{- $rest := include "release-runtime.connections" (dict "root" .root "container" (omit .container "env")) | fromJson }}
{{- $all := merge $plain $rest.connections }}
{{- $out := dict }}
{{- range list "postgres" "redis" }}
  {{- if include "release-runtime.hasConnection" (dict "connections" $all "kind" .) }}{{ $_ := set $out . true }}{{ end }}
{{- end }}
{{- toJson $out }}
{{- end }}
