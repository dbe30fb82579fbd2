{{- /*
Cron jobs of mode resident: of each container that they are from, one pod that stays and in which cronrun's daemon starts them.

release-runtime.model.residents   as JSON, by WORKLOAD/CONTAINER: in: root

    name component     of the Deployment and of the ConfigMap with its crontab
    crontab            {crontab: its text}
    jobs               {KEY: {lock stores}}
    grace              seconds, to end
    pod container      release-runtime.model.pod with volumes; the container, with the daemon as its command
*/ -}}
{{- define "release-runtime.model.residents" -}}
{{- $root := . }}{{ $groups := dict }}{{ $out := dict }}
{{- range $key, $job := include "release-runtime.enabled" .Values.cronJobs | fromJson }}
  {{- if and (eq ($job.mode | default "cronjob") "resident") (not $job.suspend) }}
    {{- $_ := set $groups $job.from (merge (dict $key $job) (get $groups $job.from | default dict)) }}
  {{- end }}
{{- end }}
{{- range $from, $jobs := $groups }}
  {{- $_ := set $out $from (include "release-runtime.model.resident" (dict "root" $root "from" $from "jobs" $jobs) | fromJson) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* One of them: dict root from jobs. The jobs have in common what is the pod's, so that any of them tells it. */ -}}
{{- define "release-runtime.model.resident" -}}
{{- $drain := 30 }}{{ $grace := 0 }}
{{- $any := get .jobs (keys .jobs | sortAlpha | first) }}
{{- $made := include "release-runtime.derived" (dict "root" .root "job" $any) | fromJson }}
{{- $one := omit $made.container "args" }}{{ $pod := $made.pod }}
{{- $stores := include "release-runtime.cronStores" (dict "root" .root "container" $made.values) | fromJson }}
{{- $lines := list }}{{ $jobs := dict }}
{{- range $key, $job := .jobs }}
  {{- $lock := include "release-runtime.cronLock" (dict "job" $job "stores" $stores) }}
  {{- $times := include "release-runtime.cronTimes" $job | fromJson }}
  {{- $grace = max $grace (int64 $times.graceSeconds) }}
  {{- $_ := set $jobs $key (dict "lock" $lock "stores" $stores) }}
  {{- $line := dict "root" $.root "key" $key "job" $job "lock" $lock "times" $times }}
  {{- $lines = append $lines (include "release-runtime.crontabLine" $line) }}
{{- end }}
{{- $key := printf "%s-cron" (replace "/" "-" .from) }}
{{- $out := dict "component" (printf "%s.cron" (replace "/" "." .from)) }}
{{- $_ := set $out "name" (include "release-runtime.name" (dict "root" .root "key" $key)) }}
{{- $command := list "/release-runtime/cronrun" "daemon" "--dialect" "k8s" "--tz" "UTC" "--drain" (printf "%ds" $drain) }}
{{- $_ := set $one "command" (append $command "/etc/release-runtime/crontab") }}
{{- $_ := set $one "ports" (list (dict "name" "cron" "containerPort" 9181)) }}
{{- range $probe, $path := dict "livenessProbe" "/health/live" "readinessProbe" "/health/ready" }}
  {{- $_ := set $one $probe (dict "httpGet" (dict "path" $path "port" 9181)) }}
{{- end }}
{{- $crontab := dict "name" "crontab" "mountPath" "/etc/release-runtime" "readOnly" true }}
{{- $mounts := list (include "release-runtime.programMount" . | fromYaml) $crontab }}
{{- $_ := set $one "volumeMounts" (concat ($one.volumeMounts | default list) $mounts) }}
{{- $volumes := list (include "release-runtime.programVolume" . | fromYaml) (dict "name" "crontab" "configMap" (dict "name" $out.name)) }}
{{- $_ := set $pod "volumes" (concat ($pod.volumes | default list) $volumes) }}
{{- $_ := set $out "crontab" (dict "crontab" (printf "%s\n" (join "\n" $lines))) }}
{{- merge $out (dict "jobs" $jobs "grace" (add $drain $grace 5) "pod" $pod "container" $one) | toJson }}
{{- end }}

{{- /* A job as a line of a crontab: dict root key job lock times */ -}}
{{- define "release-runtime.crontabLine" -}}
{{- $j := .job }}
{{- $options := list (printf "name=%s/%s/%s" .root.Release.Namespace .root.Release.Name .key) }}
{{- $options = append $options (printf "policy=%s" ($j.concurrencyPolicy | default "Forbid" | lower)) }}
{{- with $j.timeZone }}{{ $options = append $options (printf "tz=%s" .) }}{{ end }}
{{- with $j.startingDeadlineSeconds }}{{ $options = append $options (printf "starting_deadline=%ds" (int64 .)) }}{{ end }}
{{- $options = concat $options (list (printf "lock=%s" .lock) (printf "deadline=%s" .times.deadline) (printf "grace=%s" .times.grace)) }}
{{- $words := list }}
{{- range include "release-runtime.words" (concat $j.command ($j.args | default list)) | fromJsonArray }}
  {{- $plain := regexMatch "^[-+.,:/@%A-Za-z0-9_]+$" . }}
  {{- $words = append $words ($plain | ternary . (printf "'%s'" (replace "'" `'\''` .))) }}
{{- end }}
{{- printf "%s [%s] %s" ($j.schedule | trim) (join " " $options) (join " " $words) }}
{{- end }}
