{{- /*
Alerts.

release-runtime.ruleGroups   the groups of a PrometheusRule, as JSON, to be read by fromJsonArray: in: the model. The preset's alerts with
                             what the values change, and rules of one's own.
*/ -}}
{{- define "release-runtime.ruleGroups" -}}
{{- $rules := .root.Values.monitoring.rules }}{{ $list := list }}
{{- $preset := include "release-runtime.alerts" . | fromYaml }}
{{- range $name, $alert := $preset }}
  {{- $own := dig "alerts" $name dict $rules }}
  {{- if dig "enabled" true $own }}
    {{- $labels := include "release-runtime.overlay" (list (dict "severity" ($own.severity | default $alert.severity)) $rules.alertLabels
      $own.labels) | fromJson | include "release-runtime.strings" }}
    {{- $one := dict "alert" $name "expr" ($own.expr | default $alert.expr) "for" ($own.for | default $alert.for) }}
    {{- $list = append $list (merge $one (dict "labels" (fromJson $labels) "annotations" (dict "summary" $alert.summary))) }}
  {{- end }}
{{- end }}
{{- range $name, $alert := $rules.alerts }}
  {{- if and (not (hasKey $preset $name)) (dig "enabled" true $alert) }}
    {{- $labels := include "release-runtime.overlay" (list (dict "severity" ($alert.severity | default "warning")) $rules.alertLabels
      $alert.labels) | fromJson | include "release-runtime.strings" }}
    {{- $one := dict "alert" $name "expr" $alert.expr "labels" (fromJson $labels) }}
    {{- with $alert.for }}{{ $_ := set $one "for" . }}{{ end }}
    {{- with $alert.annotations }}{{ $_ := set $one "annotations" (include "release-runtime.strings" . | fromJson) }}{{ end }}
    {{- $list = append $list $one }}
  {{- end }}
{{- end }}
{{- list (dict "name" (printf "%s.release-runtime" .root.fullname) "rules" $list) | toJson }}
{{- end }}

{{- /* Names of a model's objects of one field, as a regular expression: dict objects */ -}}
{{- define "release-runtime.anyOf" -}}
{{- $names := list }}{{ range .objects }}{{ $names = append $names .name }}{{ end }}
{{- join "|" ($names | sortAlpha) }}
{{- end }}

{{- /* An expression: what workloads lack in pods, by the metrics of their kind: dict workloads ns(a matcher) */ -}}
{{- define "release-runtime.unavailable" -}}
{{- $by := dict }}
{{- range .workloads }}{{ $_ := set $by .kind (append (get $by .kind | default list) .) }}{{ end }}
{{- $out := list }}
{{- with $by.Deployment }}
  {{- $names := include "release-runtime.anyOf" (dict "objects" .) }}
  {{- $out = append $out (printf "kube_deployment_status_replicas_unavailable{%s,deployment=~%q} > 0" $.ns $names) }}
{{- end }}
{{- with $by.StatefulSet }}
  {{- $which := printf "{%s,statefulset=~%q}" $.ns (include "release-runtime.anyOf" (dict "objects" .)) }}
  {{- $out = append $out (printf "kube_statefulset_replicas%s - kube_statefulset_status_replicas_ready%s > 0" $which $which) }}
{{- end }}
{{- with $by.DaemonSet }}
  {{- $names := include "release-runtime.anyOf" (dict "objects" .) }}
  {{- $out = append $out (printf "kube_daemonset_status_number_unavailable{%s,daemonset=~%q} > 0" $.ns $names) }}
{{- end }}
{{- join " or " $out }}
{{- end }}

{{- /* The preset, by name, as YAML: in: the model. Thresholds are those of monitoring.rules. */ -}}
{{- define "release-runtime.alerts" -}}
{{- $rules := .root.Values.monitoring.rules }}{{ $ns := printf "namespace=%q" .root.Release.Namespace }}
{{- $release := printf "%s,app_kubernetes_io_instance=%q" $ns .root.fullname }}
{{- $workloads := include "release-runtime.anyOf" (dict "objects" .workloads) }}
{{- $pods := printf "%s,pod=~%q" $ns (printf "(%s)-.*" $workloads) }}
{{- with .workloads }}
HealthdNotReady:
  expr: {{ printf "max by (pod) (healthd_ready{%s}) == 0" $release | toJson }}
  for: 2m
  severity: critical
  summary: A pod is out of the endpoints.
HealthdCheckFails:
  expr: {{ printf "min by (pod, check) (healthd_check_up{%s}) == 0" $release | toJson }}
  for: 5m
  severity: warning
  summary: What a pod depends on does not answer.
PodRestarts:
  expr: {{ printf "increase(kube_pod_container_status_restarts_total{%s}[15m]) > %d" $pods (int64 (dig "restarts" 3 $rules)) | toJson }}
  for: 1m
  severity: warning
  summary: A container is started again and again.
ReplicasUnavailable:
  expr: {{ include "release-runtime.unavailable" (dict "workloads" . "ns" $ns) | toJson }}
  for: 10m
  severity: critical
  summary: Fewer pods serve than there are to be.
CpuHigh:
  expr: {{ printf (print "100 * sum by (pod) (rate(container_cpu_usage_seconds_total{%s,container!=\"\"}[5m])) / "
    "sum by (pod) (kube_pod_container_resource_requests{%s,resource=\"cpu\"}) > %d") $pods $pods (int64 (dig "cpuPercent" 70 $rules)) |
      toJson }}
  for: 15m
  severity: warning
  summary: A pod uses more of the CPU that it requests than was meant.
MemoryHigh:
  expr: {{ printf (print "100 * max by (pod, container) (container_memory_working_set_bytes{%s,container!=\"\"}) / "
    "max by (pod, container) (kube_pod_container_resource_limits{%s,resource=\"memory\"}) > %d")
    $pods $pods (int64 (dig "memoryPercent" 80 $rules)) | toJson }}
  for: 15m
  severity: warning
  summary: A container is near its memory limit.
{{- end }}
{{- $backups := list }}{{ $others := list }}
{{- range .cronJobs }}
  {{- if .alertAfter }}{{ $backups = append $backups . }}{{ else }}{{ $others = append $others . }}{{ end }}
{{- end }}
{{- if or $others .migrations }}
JobFailed:
  {{- $jobs := list }}
  {{- range $others }}{{ $jobs = append $jobs (printf "%s-[0-9]+" .name) }}{{ end }}
  {{- range .migrations }}{{ $jobs = append $jobs .name }}{{ end }}
  expr: {{ printf "max by (job_name) (kube_job_status_failed{%s,job_name=~%q}) > 0" $ns ($jobs | sortAlpha | join "|") | toJson }}
  for: 1m
  severity: warning
  summary: A job has failed; its log and the Job's conditions say why.
{{- end }}
{{- with .cronJobs }}
CronJobLate:
  expr: {{ printf "time() - max by (cronjob) (kube_cronjob_next_schedule_time{%s,cronjob=~%q}) > %d"
    $ns (include "release-runtime.anyOf" (dict "objects" .)) (int64 (dig "cronLateSeconds" 600 $rules)) | toJson }}
  for: 5m
  severity: warning
  summary: A cron job was to start and has not.
{{- end }}
{{- with $backups }}
BackupFailed:
  expr: {{ printf "max by (job_name) (kube_job_status_failed{%s,job_name=~%q}) > 0"
    $ns (printf "(%s)-[0-9]+" (include "release-runtime.anyOf" (dict "objects" .))) | toJson }}
  for: 1m
  severity: critical
  summary: A backup, or the rehearsal of its restore, has failed; its log says why.
BackupLate:
  {{- $late := list }}
  {{- range . }}
    {{- $which := printf "{%s,cronjob=%q}" $ns .name }}
    {{- $last := printf "kube_cronjob_status_last_successful_time%s or kube_cronjob_created%s" $which $which }}
    {{- $seconds := div (include "release-runtime.milliseconds" .alertAfter | int64) 1000 }}
    {{- $late = append $late (printf "time() - max by (cronjob) (%s) > %d" $last $seconds) }}
  {{- end }}
  expr: {{ join " or " $late | toJson }}
  for: 5m
  severity: critical
  summary: There is no recent backup, or none whose restore was rehearsed.
{{- end }}
{{- with include "release-runtime.enabled" .root.Values.certificates | fromJson }}
CertificateExpires:
  {{- $names := list }}
  {{- range $key, $entry := . }}
    {{- $names = append $names (include "release-runtime.name" (dict "root" $.root "key" $key "entry" $entry)) }}
  {{- end }}
  expr: {{ printf "(min by (name) (certmanager_certificate_expiration_timestamp_seconds{%s,name=~%q}) - time()) / 86400 < %d"
    $ns ($names | sortAlpha | join "|") (int64 (dig "certificateDays" 14 $rules)) | toJson }}
  for: 1h
  severity: critical
  summary: A certificate was not renewed and is about to expire.
{{- end }}
{{- range $name, $slo := dig "slo" dict .root.Values.monitoring }}
{{ printf "Slow%s" (camelcase (replace "-" "_" $name)) }}:
  expr: {{ printf "histogram_quantile(%v, sum by (le) (rate(%s_bucket{%s}[5m]))) > %v"
    (dig "quantile" 0.95 $slo) ($slo.metric | default "http_request_duration_seconds") $release $slo.seconds | toJson }}
  for: 10m
  severity: warning
  summary: Answers take longer than was promised.
{{- end }}
{{- end }}
