{{- /* A hook's Job, as YAML: dict root other(of release-runtime.model.hook) */ -}}
{{- define "release-runtime.hookJob" -}}
{{- $h := .other }}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) $h) | nindent 2 }}
spec:
  backoffLimit: {{ int64 $h.backoffLimit }}
  activeDeadlineSeconds: {{ int64 $h.activeDeadlineSeconds }}
  ttlSecondsAfterFinished: {{ int64 $h.ttlSecondsAfterFinished }}
  template:
    metadata:
      labels:
        {{- include "release-runtime.selector" (dict "root" .root "component" $h.component) | nindent 8 }}
    spec:
      {{- include "release-runtime.pod" $h.pod | nindent 6 }}
      restartPolicy: Never
      containers:
        - {{- include "release-runtime.container" $h.container | nindent 10 }}
{{- end }}
