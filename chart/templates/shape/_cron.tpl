{{- /*
A CronJob whose command is wrapped by cronrun.

release-runtime.underCronrun  the container's command, as JSON {command: […]}. dict
    name lock deadline grace      of cronrun
    activeDeadlineSeconds         of the Job
    command                       the words of the wrapped command
*/ -}}
{{- define "release-runtime.underCronrun" -}}
{{- $runs := list "/release-runtime/cronrun" "run" "--name" .name "--lock" .lock "--deadline" .deadline "--grace" .grace }}
{{- dict "command" (concat $runs (list "--job-deadline" (printf "%ds" (int64 .activeDeadlineSeconds)) "--") .command) | toJson }}
{{- end }}

{{- /* The CronJob, as YAML: dict root cronJob(of the model) */ -}}
{{- define "release-runtime.cronJob" -}}
{{- $j := .cronJob }}
{{- $labels := include "release-runtime.selector" (dict "root" .root "component" $j.component) }}
apiVersion: batch/v1
kind: CronJob
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) (pick $j "name" "component" "annotations")) | nindent 2 }}
spec:
  schedule: {{ $j.schedule | toJson }}
  concurrencyPolicy: {{ $j.concurrencyPolicy }}
  {{- with $j.limits }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  jobTemplate:
    metadata:
      labels:
        {{- $labels | nindent 8 }}
    spec:
      activeDeadlineSeconds: {{ int64 $j.times.active }}
      {{- toYaml $j.jobLimits | nindent 6 }}
      {{- if include "release-runtime.kubeAtLeast" (dict "root" .root "version" "1.29.0") }}
      podReplacementPolicy: Failed
      {{- end }}
      template:
        metadata:
          {{- include "release-runtime.podMetadata" (merge (dict "root" .root) (pick $j "component" "pod")) | nindent 10 }}
        spec:
          {{- include "release-runtime.pod" $j.pod | nindent 10 }}
          restartPolicy: Never
          terminationGracePeriodSeconds: {{ add $j.times.graceSeconds 3 }}
          initContainers:
            - {{- include "release-runtime.copyProgram" (dict "root" .root "program" "cronrun") | nindent 14 }}
            {{- range $j.before }}
            - {{- include "release-runtime.container" . | nindent 14 }}
            {{- end }}
          containers:
            - {{- include "release-runtime.container" $j.container | nindent 14 }}
{{- end }}
