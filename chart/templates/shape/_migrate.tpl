{{- /*
A migration's Job, which is a hook, and its container.

release-runtime.migrationJob       the Job, as YAML. dict
    root          of release-runtime.root
    name          of the Job; component: its label
    when          pre or post
    pod volumes   pod: of release-runtime.model.pod
    bringsMigrate whether the program has to be brought into that image, under /release-runtime
    m             the values migrations.NAME, for the Job's own limits
    and what the container needs

release-runtime.migrateContainer   the container, as YAML. dict root key when m, and
    image pullPolicy command args mounts env   what runs
    container     the application's, when that is its image: its securityContext holds here, too
    wrapped       instead of these: a container of the user's

Helm shows the log of a failed hook (hook-output-log-policy: Helm 3.18 and newer), so migrate logs as text, with file, line and
SQLSTATE. Its exit status says whether another start may help: 10 to 12 it has waited for itself, 20 to 24 need a person.
*/ -}}
{{- define "release-runtime.migrationJob" -}}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "release-runtime.migrateMetadata" . | nindent 2 }}
spec:
  backoffLimit: {{ dig "backoffLimit" 3 .m | int64 }}
  activeDeadlineSeconds: {{ include "release-runtime.migrateActive" . }}
  ttlSecondsAfterFinished: {{ dig "ttlSecondsAfterFinished" 86400 .m | int64 }}
  podFailurePolicy:
    rules:
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
            status: "True"
      - action: FailJob
        onExitCodes:
          containerName: migrate
          operator: In
          values: [10, 11, 12, 20, 21, 22, 23, 24]
  template:
    metadata:
      {{- include "release-runtime.podMetadata" . | nindent 6 }}
    spec:
      {{- include "release-runtime.pod" (merge (dict "volumes" .volumes) .pod) | nindent 6 }}
      restartPolicy: Never
      terminationGracePeriodSeconds: 10
      {{- if .bringsMigrate }}
      initContainers:
        - {{- include "release-runtime.copyProgram" (dict "root" .root "program" "migrate") | nindent 10 }}
      {{- end }}
      containers:
        - {{- include "release-runtime.migrateContainer" . | nindent 10 }}
{{- end }}

{{- define "release-runtime.migrateContainer" -}}
{{- if .wrapped }}{{ include "release-runtime.container" .wrapped }}{{ else }}
{{- $security := dig "securityContext" dict (.container | default dict) }}
{{- $security = include "release-runtime.overlay" (list $security (dict "readOnlyRootFilesystem" true)) | fromJson }}
name: {{ include "release-runtime.migrateName" . | quote }}
image: {{ .image | quote }}
{{- with .pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- with .command }}
command: {{ toJson . }}
{{- end }}
args: {{ toJson .args }}
env: {{ toJson .env }}
resources: {{ include "release-runtime.smallResources" (dict "root" .root "resources" .m.resources) }}
securityContext: {{ include "release-runtime.containerSecurity" (dict "securityContext" $security) }}
{{- with .mounts }}
volumeMounts: {{ toJson . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "release-runtime.migrateMetadata" -}}
{{- $when := .when | default "pre" }}
{{- $events := list (printf "%s-install" $when) (printf "%s-upgrade" $when) }}
{{- $hook := include "release-runtime.hookAnnotations" (dict "root" .root "events" $events) | fromJson }}
{{- include "release-runtime.metadata" (dict "root" .root "name" .name "component" .component "annotations" $hook) }}
{{- end }}
