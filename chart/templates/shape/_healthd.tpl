{{- /*
healthd beside an application.

release-runtime.healthd   the container, as YAML. dict
    root       of release-runtime.root
    native     whether it is an init container that stays (from Kubernetes 1.29)
    lines      its check lines
    env mounts as of release-runtime.connectionEnv
    drain      duration, for an ordinary container
    healthd    the values workloads.NAME.healthd
*/ -}}
{{- define "release-runtime.healthd" -}}
{{- $h := .healthd | default dict }}
{{- $ready := dict "periodSeconds" 2 "timeoutSeconds" 1 "failureThreshold" 2 }}
{{- $live := dict "periodSeconds" 10 "timeoutSeconds" 2 "failureThreshold" 3 }}
name: healthd
image: {{ include "release-runtime.image" (dict "root" .root "program" "healthd" "image" $h.image) | quote }}
imagePullPolicy: {{ .root.own.pullPolicy | default "IfNotPresent" }}
{{- if .native }}
restartPolicy: Always
{{- end }}
{{- $args := list "--listen" "[::]:9180" "--drain" (ternary "0s" .drain .native) }}
{{- range $word, $value := $h.service }}
  {{- $args = concat $args (list (printf "--service-%s" $word) (include "release-runtime.asText" $value)) }}
{{- end }}
args: {{ toJson $args }}
{{- if or .env .lines }}
env:
  {{- range .env }}
  - {{ toJson . }}
  {{- end }}
  {{- with .lines }}
  - name: HEALTHD_CHECKS
    value: {{ join "\n" . | toJson }}
  {{- end }}
{{- end }}
ports:
  - name: health
    containerPort: 9180
readinessProbe:
  httpGet:
    path: /health/ready
    port: 9180
  {{- include "release-runtime.overlay" (list $ready $h.readinessProbe) | fromJson | toYaml | nindent 2 }}
livenessProbe:
  httpGet:
    path: /health/live
    port: 9180
  {{- include "release-runtime.overlay" (list $live $h.livenessProbe) | fromJson | toYaml | nindent 2 }}
resources: {{ include "release-runtime.smallResources" (dict "root" .root "resources" $h.resources) }}
securityContext: {{ include "release-runtime.containerSecurity" (dict "readOnly" true) }}
{{- with .mounts }}
volumeMounts: {{ toJson . }}
{{- end }}
{{- end }}
