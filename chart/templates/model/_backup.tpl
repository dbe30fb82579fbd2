{{- /*
Backups.

release-runtime.withBackup   adds to values, in place, the cron jobs backup and backup-rehearsal, laid below what the values have under
                             these keys, the ConfigMap backup, and release-runtime.backup, a workload that jobs alone are made of: in: root
*/ -}}
{{- define "release-runtime.withBackup" -}}
{{- $root := . }}{{ $values := .Values }}
{{- if include "release-runtime.hasBackup" $root }}
  {{- range list "workloads" "workloads/*/containers" "workloads/*/containers/*/envFrom" "secrets" "secrets/*/keys" }}
    {{- include "release-runtime.dropDisabled" (dict "at" $values "path" (splitList "/" .)) }}
  {{- end }}
  {{- $workloads := $values.workloads | default dict }}
  {{- $_ := set $workloads "release-runtime.backup" (include "release-runtime.backupSource" $root | fromYaml) }}
  {{- $_ := set $values "workloads" $workloads }}
  {{- $jobs := include "release-runtime.backupJobs" $root | fromYaml }}
  {{- range $key, $job := $jobs }}
    {{- include "release-runtime.addEntries" (dict "values" $values "key" $key "entries" (dict "cronJobs" (toYaml $job))) }}
  {{- end }}
  {{- $script := dict "data" (dict "backup.sh" (include "release-runtime.backupScript" $root)) | toYaml }}
  {{- include "release-runtime.addEntries" (dict "values" $values "key" "backup" "entries" (dict "configMaps" $script)) }}
{{- end }}
{{- end }}

{{- /* "true" when there are backups: in: root */ -}}
{{- define "release-runtime.hasBackup" -}}
{{- if hasKey .Values "backup" }}{{ if dig "enabled" true .Values.backup }}true{{ end }}{{ end }}
{{- end }}

{{- /* The claim that dumps are kept on, a key of persistence; nothing when they are handed over alone: in: root */ -}}
{{- define "release-runtime.backupClaim" -}}
{{- $b := .Values.backup }}{{ $key := $b.persistence | default "backup" }}
{{- $there := dig $key nil (.Values.persistence | default dict) }}
{{- if or $b.persistence (not $b.handOver) }}{{ $key }}
{{- else if kindIs "map" $there }}{{ if dig "enabled" true $there }}{{ $key }}{{ end }}
{{- end }}
{{- end }}

{{- /*
The variables by which the container that .Values.backup.from names knows its PostgreSQL, as values, as JSON: in: root. A Service among
them is not yet an address.
*/ -}}
{{- define "release-runtime.backupEnv" -}}
{{- $container := (include "release-runtime.source" (dict "root" . "from" .Values.backup.from) | fromJson).container }}
{{- $access := include "release-runtime.connections" (dict "root" . "container" $container "unused" (list "redis")) | fromJson }}
{{- $out := dict }}
{{- range $name, $c := $access.connections }}
  {{- $value := dict "valueFrom" $c.from }}
  {{- if $c.secret }}{{ $value = dict "valueFrom" (dict "secretKeyRef" (dict "name" $c.secret "key" $c.key)) }}{{ end }}
  {{- $_ := set $out $name (dig $name $value ($container.env | default dict)) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* What a backup's jobs are made of, in the shape of a workload, as YAML: in: root */ -}}
{{- define "release-runtime.backupSource" -}}
{{- $b := .Values.backup }}{{ $r := $b.rehearsal | default dict }}{{ $claim := include "release-runtime.backupClaim" . }}
{{- $image := kindIs "invalid" $b.image | ternary (include "release-runtime.postgresImage" .) (toJson $b.image) }}
{{- $security := include "release-runtime.serverSecurity" (dict "root" . "user" (include "release-runtime.postgresUser" $image | int64)) }}
{{- $where := dict "BACKUP_DIR" "/backup" "BACKUP_NAME" .fullname "BACKUP_FILE" "newest" }}
{{- $keep := dict "BACKUP_KEEP_COUNT" (dig "keep" "count" 14 $b) "BACKUP_KEEP_DAYS" (dig "keep" "days" 0 $b) }}
{{- $env := empty $b.from | ternary dict (include "release-runtime.backupEnv" . | fromJson) }}
{{- $p := .Values.postgresql | default dict }}
{{- if and (not $b.from) $p.password }}
  {{- $_ := set $env "DATABASE_PASSWORD" (include "release-runtime.bundledPassword" $p | fromJson) }}
{{- end -}}
securityContext: {{ include "release-runtime.overlay" (list (fromJson $security) $b.securityContext) }}
volumes:
  backup:
    {{ empty $claim | ternary "emptyDir: {}" (printf "persistence: %q" $claim) }}
    mountPath: /backup
    containers: {dump: {}, rehearse: {readOnly: true}{{ if $b.handOver }}, hand-over: {readOnly: true}{{ end }}}
  script: {configMap: {name: backup}, mountPath: /script, readOnly: true, containers: {dump: {}, rehearse: {}}}
containers:
  dump:
    image: {{ $image }}
    {{- if not $b.from }}
    envFrom: {postgresql: {configMap: postgresql}}
    {{- end }}
    env: {{ include "release-runtime.overlay" (list $env $where $keep) }}
    readOnlyRoot: true
    writable: {/tmp: {}}
    resources: {{ $b.resources | default (fromYaml "{requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 512Mi}}") | toJson }}
  rehearse:
    image: {{ $image }}
    env: {{ include "release-runtime.overlay" (list $where (dict "REHEARSAL_DIR" "/rehearsal" "REHEARSAL_QUERY" ($r.query | default
      "SELECT count(*) > 0 FROM pg_stat_user_tables"))) }}
    readOnlyRoot: true
    writable: {/tmp: {}, /rehearsal: {{ pick $r "sizeLimit" | toJson }}}
    resources: {{ $r.resources | default (fromYaml "{requests: {cpu: 100m, memory: 256Mi}, limits: {memory: 512Mi}}") | toJson }}
  {{- with $b.handOver }}
  hand-over: {{ omit . "deadline" | toJson }}
  {{- end }}
{{- end }}

{{- /* The cron jobs, by key, as YAML: in: root */ -}}
{{- define "release-runtime.backupJobs" -}}
{{- $b := .Values.backup }}{{ $r := $b.rehearsal | default dict -}}
backup:
  from: release-runtime.backup/dump
  schedule: {{ $b.schedule | default "0 2 * * *" | quote }}
  command: [sh, /script/backup.sh, dump]
  deadline: {{ $b.deadline | default "1h" }}
  volumes: true
  alertAfter: {{ $b.alertAfter | default "26h" }}
  {{- with $b.timeZone }}
  timeZone: {{ . | quote }}
  {{- end }}
  {{- with $b.handOver }}
  next: hand-over
  {{- $needed := (include "release-runtime.cronTimes" (dict "deadline" ($b.deadline | default "1h")) | fromJson).active | int64 }}
  activeDeadlineSeconds: {{ add $needed (div (include "release-runtime.milliseconds" (.deadline | default "30m") | int64) 1000) }}
  {{- end }}
{{- if and (hasKey $b "rehearsal") (dig "enabled" true $r) }}
backup-rehearsal:
  from: release-runtime.backup/rehearse
  schedule: {{ $r.schedule | default "0 5 * * 0" | quote }}
  command: [sh, /script/backup.sh, rehearse]
  deadline: {{ $r.deadline | default "1h" }}
  volumes: true
  # It has no way to the server that was dumped.
  lock: none
  alertAfter: {{ $r.alertAfter | default "192h" }}
  {{- with $r.timeZone | default $b.timeZone }}
  timeZone: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end }}
