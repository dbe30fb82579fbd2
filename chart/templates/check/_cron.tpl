{{- /*
A cron job.

release-runtime.check.cronJob   refuses, in the values, what lacks something, and deadlines that do not fit: dict root key job
*/ -}}
{{- define "release-runtime.check.cronJob" -}}
{{- $j := .job }}{{ $where := printf "cronJobs.%s" .key }}
{{- include "release-runtime.check.derived" (dict "root" .root "job" $j "where" $where) }}
{{- if eq ($j.mode | default "cronjob") "resident" }}
  {{- include "release-runtime.check.resident" (dict "root" .root "key" .key "job" $j "where" $where) }}
{{- end }}
{{- if not $j.schedule }}{{ fail (printf "%s.schedule is missing" $where) }}{{ end }}
{{- if regexMatch "(?:^|\\s)(CRON_)?TZ=" $j.schedule }}{{ fail (printf "%s.schedule: the time zone goes into timeZone" $where) }}{{ end }}
{{- include "release-runtime.check.cronTimes" (dict "job" $j "where" $where) }}
{{- if not (regexMatch `^\s*(\S+(\s+\S+){4}|@\S+( \S+)?)\s*$` $j.schedule) }}
  {{- fail (printf "%s.schedule: %q has to have five fields (minute, hour, day, month, weekday)" $where $j.schedule) }}
{{- end }}
{{- end }}

{{- /*
Refuses, in the values, a resident cron job that has what only a CronJob has, and one that needs another pod than the others of its
container: dict root key job where
*/ -}}
{{- define "release-runtime.check.resident" -}}
{{- $j := .job }}{{ $where := .where }}
{{- $alone := list "nameOverride" "activeDeadlineSeconds" "successfulJobsHistoryLimit" "failedJobsHistoryLimit" "annotations" }}
{{- range concat $alone (list "ttlSecondsAfterFinished" "backoffLimit") }}
  {{- if get $j . }}{{ fail (printf "%s.%s: only a CronJob has it; leave it out, or say mode: cronjob" $where .) }}{{ end }}
{{- end }}
{{- range concat $j.command ($j.args | default list) }}
  {{- if contains "\n" (include "release-runtime.asText" .) }}
    {{- fail (printf (print "%s.command: a resident job is one line of a crontab, and this has line ends; put the script into the image "
      "or into a ConfigMap and name its file") $where) }}
  {{- end }}
{{- end }}
{{- $shared := list "image" "imagePullPolicy" "env" "volumes" "resources" "pod" }}
{{- range $key, $other := include "release-runtime.enabled" .root.Values.cronJobs | fromJson }}
  {{- if and (eq ($other.mode | default "cronjob") "resident") (eq ($other.from | default "") $j.from) }}
    {{- range $shared }}
      {{- if ne (get $j . | toJson) (get $other . | toJson) }}
        {{- fail (printf "%s.%s differs from that of cronJobs.%s, with which it shares a pod: mode is resident and from %s in both"
          $where . $key $j.from) }}
      {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses times that leave none for the command: dict job where */ -}}
{{- define "release-runtime.check.cronTimes" -}}
{{- $where := .where }}
{{- range $field, $text := pick .job "grace" "deadline" }}
  {{- with $text }}{{ include "release-runtime.check.duration" (dict "text" . "where" (printf "%s.%s" $where $field)) }}{{ end }}
{{- end }}
{{- $times := include "release-runtime.cronTimes" .job | fromJson }}
{{- if and (not .job.deadline) .job.activeDeadlineSeconds (lt (int64 $times.left) 1000) }}
  {{- fail (printf (print "%s: activeDeadlineSeconds (%d) leaves no time for the command: 2 s to start, grace (%s) and 3 s to report "
    "are taken from it") $where (int64 $times.active) $times.grace) }}
{{- end }}
{{- if lt (include "release-runtime.milliseconds" $times.deadline | int64) 1 }}
  {{- fail (printf "%s.deadline: %s would be none; a run has to end some time" $where $times.deadline) }}
{{- end }}
{{- if gt (int64 $times.needed) (int64 $times.active) }}
  {{- fail (printf "%s: 2 s to start + deadline (%s) + grace (%s) + 3 s to report do not fit into activeDeadlineSeconds (%d): at least %d"
    $where $times.deadline $times.grace (int64 $times.active) (int64 $times.needed)) }}
{{- end }}
{{- end }}

{{- /* Refuses, in the model, a lock that the container has not: dict key cronJob */ -}}
{{- define "release-runtime.check.cronJobModel" -}}
{{- $where := printf "cronJobs.%s" .key }}{{ $lock := .cronJob.lock }}
{{- if not $lock }}
  {{- fail (printf (print "%s: two runs at once are kept apart by a lock in PostgreSQL or Redis, but the container is given neither "
    "DATABASE_* (PG*) nor REDIS_* variables; give one, or say lock: none") $where) }}
{{- end }}
{{- if not (or (eq $lock "none") (hasKey .cronJob.stores $lock)) }}
  {{- fail (printf (print "%s.lock: %s, but the container is given no variable that names one; for a Secret made elsewhere "
    "name its keys in secrets.NAME.keys") $where $lock) }}
{{- end }}
{{- include "release-runtime.check.containerModel" (dict "container" .cronJob.container "where" $where) }}
{{- end }}
