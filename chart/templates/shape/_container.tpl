{{- /*
A container of the user's, as YAML: in: release-runtime.model.container, and preStopSeconds when the chart holds it up before its end
*/ -}}
{{- define "release-runtime.container" -}}
name: {{ .name | quote }}
image: {{ .image | quote }}
{{- with pick . "imagePullPolicy" "command" "args" "workingDir" "restartPolicy" }}
{{ toYaml . }}
{{- end }}
{{- with .ports }}
ports: {{ toJson . }}
{{- end }}
{{- with .env }}
env: {{ toJson . }}
{{- end }}
{{- with .envFrom }}
envFrom: {{ toJson . }}
{{- end }}
{{- with pick . "resources" "startupProbe" "livenessProbe" "readinessProbe" }}
{{ toYaml . }}
{{- end }}
{{- if .preStopSeconds }}
lifecycle:
  {{- with omit (.lifecycle | default dict) "preStop" }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  preStop:
    {{- if .sleepsItself }}
    sleep:
      seconds: {{ int64 .preStopSeconds }}
    {{- else }}
    exec:
      command: [/release-runtime/healthd, sleep, {{ int64 .preStopSeconds }}s]
    {{- end }}
{{- else if hasKey . "lifecycle" }}
lifecycle: {{ toJson .lifecycle }}
{{- end }}
securityContext: {{ include "release-runtime.containerSecurity" (dict "securityContext" .securityContext "readOnly" .readOnlyRoot) }}
{{- with .volumeMounts }}
volumeMounts: {{ toJson . }}
{{- end }}
{{- end }}
