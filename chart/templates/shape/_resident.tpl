{{- /*
The pod in which cronrun's daemon starts cron jobs, as YAML: dict root resident(of the model). The old one ends before the new one begins:
what both would start would run twice. A changed crontab needs no new pod: the daemon reads it again.
*/ -}}
{{- define "release-runtime.resident" -}}
{{- $r := .resident }}
{{- $pod := include "release-runtime.residentPod" . }}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) (pick $r "name" "component")) | nindent 2 }}
spec:
  strategy:
    type: Recreate
  selector:
    matchLabels:
      {{- include "release-runtime.selector" (dict "root" .root "component" $r.component) | nindent 6 }}
  template:
    metadata:
      {{- $sums := include "release-runtime.checksums" (dict "root" .root "pod" (fromYaml $pod)) | fromJson }}
      {{- include "release-runtime.podMetadata" (merge (dict "root" .root "sums" $sums) (pick $r "component" "pod")) | nindent 6 }}
    spec:
      {{- $pod | nindent 6 }}
{{- end }}

{{- define "release-runtime.residentPod" -}}
{{- include "release-runtime.pod" .resident.pod }}
terminationGracePeriodSeconds: {{ int64 .resident.grace }}
initContainers:
  - {{- include "release-runtime.copyProgram" (dict "root" .root "program" "cronrun") | nindent 4 }}
containers:
  - {{- include "release-runtime.container" .resident.container | nindent 4 }}
{{- end }}
