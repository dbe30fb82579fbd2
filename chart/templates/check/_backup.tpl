{{- /*
Backups.

release-runtime.check.backup   refuses, in the values, a backup of nothing, to nowhere, or whose connection it could not have: in: root
*/ -}}
{{- define "release-runtime.check.backup" -}}
{{- if include "release-runtime.hasBackup" . }}
  {{- $root := . }}{{ $b := .Values.backup }}
  {{- include "release-runtime.check.backupFrom" $root }}
  {{- $claims := .Values.persistence | default dict }}{{ $claim := include "release-runtime.backupClaim" . }}
  {{- if and $claim (not (hasKey $claims $claim)) }}
    {{- if $b.persistence }}
      {{- $known := keys $claims | sortAlpha | join ", " | default "none" }}
      {{- fail (printf "backup.persistence: there is no %q in persistence; there are: %s" $claim $known) }}
    {{- end }}
    {{- fail (print "backup: where to? Add persistence: {backup: {size: 20Gi}}, name another claim in backup.persistence, or give "
      "backup.handOver: a container that takes the dump elsewhere") }}
  {{- end }}
  {{- if and (hasKey $b "rehearsal") (dig "rehearsal" "enabled" true $b) (not $claim) }}
    {{- fail "backup.rehearsal: there is no dump to restore; name the claim that keeps them in backup.persistence" }}
  {{- end }}
  {{- with $b.handOver }}
    {{- include "release-runtime.check.container" (dict "root" $root "container" . "where" "backup.handOver") }}
  {{- end }}
  {{- include "release-runtime.check.backupTimes" $root }}
{{- end }}
{{- end }}

{{- /* Refuses a connection that is not said, or that a backup could not have: in: root */ -}}
{{- define "release-runtime.check.backupFrom" -}}
{{- $b := .Values.backup }}{{ $p := .Values.postgresql | default dict }}
{{- if $b.from }}
  {{- include "release-runtime.check.source" (dict "root" . "from" $b.from "where" "backup") }}
  {{- $where := include "release-runtime.fromPath" (dict "root" . "from" $b.from) }}
  {{- $source := include "release-runtime.source" (dict "root" . "from" $b.from) | fromJson }}
  {{- include "release-runtime.check.connectionEnv" (dict "root" . "env" $source.container.env "where" $where) }}
  {{- $given := dict "root" . "container" $source.container "unused" (list "redis") }}
  {{- $access := include "release-runtime.connections" $given | fromJson }}
  {{- if not (include "release-runtime.hasConnection" (dict "connections" $access.connections "kind" "postgres")) }}
    {{- fail (printf "backup.from: nothing says where PostgreSQL is: give %s DATABASE_URL (or DATABASE_HOST …, PGHOST …)" $b.from) }}
  {{- end }}
  {{- $silent := dict "root" . "access" $access "unused" (list "redis") "where" $where }}
  {{- include "release-runtime.check.silentSecrets" $silent }}
  {{- range $name, $_ := include "release-runtime.paths" (dict "root" . "connections" $access.connections) | fromJson }}
    {{- fail (printf "backup.from: %s names a file or folder of %s, which the image with pg_dump does not have" $name $b.from) }}
  {{- end }}
{{- else if not (or $p.enabled $p.host) }}
  {{- fail (print "backup.from is missing: WORKLOAD/CONTAINER, whose variables say where PostgreSQL is (without it the database of "
    "postgresql is meant, and that has neither enabled nor host)") }}
{{- else if not $p.password }}
  {{- include "release-runtime.check.bundledPassword" (dict "root" . "key" "postgresql" "given" $p "wanted" "DATABASE_PASSWORD") }}
{{- end }}
{{- end }}

{{- /* Refuses what is no duration, and an alert for a schedule that it does not know: in: root */ -}}
{{- define "release-runtime.check.backupTimes" -}}
{{- $b := .Values.backup }}{{ $rules := dig "monitoring" "rules" nil .Values }}
{{- $watched := kindIs "map" $rules }}
{{- if $watched }}{{ $watched = dig "enabled" true $rules }}{{ end }}
{{- range $where, $given := dict "backup" $b "backup.rehearsal" ($b.rehearsal | default dict) }}
  {{- range $name, $text := pick $given "deadline" "alertAfter" }}
    {{- include "release-runtime.check.duration" (dict "text" $text "where" (printf "%s.%s" $where $name)) }}
  {{- end }}
  {{- if and $watched $given.schedule (not $given.alertAfter) }}
    {{- fail (printf "%s.alertAfter is missing: how long this schedule may go without a success before BackupLate fires (26h)" $where) }}
  {{- end }}
{{- end }}
{{- with dig "handOver" "deadline" "" $b }}
  {{- include "release-runtime.check.duration" (dict "text" . "where" "backup.handOver.deadline") }}
{{- end }}
{{- end }}
