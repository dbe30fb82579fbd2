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
      {{- include "release-runtime.podMetadata" (merge (dict "root" .root) (pick $h "component" "pod")) | nindent 6 }}
    spec:
      {{- include "release-runtime.pod" $h.pod | nindent 6 }}
      restartPolicy: Never
      containers:
        - {{- include "release-runtime.container" $h.container | nindent 10 }}
{{- end }}
