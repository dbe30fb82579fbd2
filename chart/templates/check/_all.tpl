{{- /*
What is refused because the cluster would take it and something would break later.

release-runtime.check.values   what is missing or misplaced in the values: runs first, and the model relies on it. In: root
*/ -}}
{{- define "release-runtime.check.values" -}}
{{- $root := . }}{{ $values := .Values }}
{{- include "release-runtime.check.registry" $root }}
{{- include "release-runtime.check.bundled" $root }}
{{- include "release-runtime.check.backup" $root }}
{{- range $key, $workload := $values.workloads }}
  {{- include "release-runtime.check.workload" (dict "root" $root "key" $key "workload" $workload) }}
{{- end }}
{{- range $key, $service := include "release-runtime.enabled" $values.services | fromJson }}
  {{- include "release-runtime.check.service" (dict "root" $root "key" $key "service" $service) }}
{{- end }}
{{- range $key, $entry := $values.serviceAccounts }}
  {{- include "release-runtime.check.noHook" (dict "annotations" $entry.annotations "where" (printf "serviceAccounts.%s" $key)) }}
{{- end }}
{{- range $key, $entry := $values.rbac }}
  {{- include "release-runtime.check.rbac" (dict "root" $root "key" $key "entry" $entry) }}
{{- end }}
{{- range $key, $entry := $values.persistence }}{{ include "release-runtime.check.claim" (dict "key" $key "entry" $entry) }}{{ end }}
{{- include "release-runtime.check.sharedClaims" . }}
{{- range $key, $entry := $values.secrets }}{{ include "release-runtime.check.secret" (dict "key" $key "entry" $entry) }}{{ end }}
{{- range $key, $migration := include "release-runtime.enabled" $values.migrations | fromJson }}
  {{- include "release-runtime.check.migration" (dict "root" $root "key" $key "migration" $migration) }}
{{- end }}
{{- range $key, $job := include "release-runtime.enabled" $values.cronJobs | fromJson }}
  {{- include "release-runtime.check.cronJob" (dict "root" $root "key" $key "job" $job) }}
{{- end }}
{{- range $key, $entry := $values.configMaps }}
  {{- include "release-runtime.check.configMap" (dict "root" $root "key" $key "entry" $entry) }}
{{- end }}
{{- include "release-runtime.check.others" . }}
{{- end }}

{{- /* The same for what stands beside workloads, migrations and cron jobs. In: root */ -}}
{{- define "release-runtime.check.others" -}}
{{- $root := . }}
{{- range list "exposure" "certificates" "networkPolicy" "namespace" "monitoring" "tests" "hooks" "extra" }}
  {{- include (printf "release-runtime.check.%s" .) $root }}
{{- end }}
{{- end }}

{{- /* What does not fit together: runs on the model, before any object is made. In: release-runtime.model.all */ -}}
{{- define "release-runtime.check.model" -}}
{{- $root := .root }}{{ $values := .root.Values }}{{ $claims := .claims }}
{{- include "release-runtime.check.names" . }}
{{- include "release-runtime.check.policies" . }}
{{- range $key, $made := .workloads }}
  {{- $given := dict "root" $root "key" $key "workload" (get $values.workloads $key) "deployment" $made }}
  {{- include "release-runtime.check.deploymentModel" $given }}
{{- end }}
{{- include "release-runtime.check.services" . }}
{{- range $key, $made := .migrations }}
  {{- include "release-runtime.check.migrationModel" (dict "root" $root "made" $made "claims" $claims) }}
{{- end }}
{{- range .hooks }}{{ include "release-runtime.check.hookModel" (dict "root" $root "made" . "claims" $claims) }}{{ end }}
{{- range .others }}{{ if eq .shape "testPod" }}
  {{- include "release-runtime.check.containerModel" (dict "container" .container "where" .where) }}
{{- end }}{{ end }}
{{- range $key, $made := .cronJobs }}{{ include "release-runtime.check.cronJobModel" (dict "key" $key "cronJob" $made) }}{{ end }}
{{- range $made := .residents }}{{ range $key, $job := .jobs }}
  {{- $given := merge (dict "container" $made.container) $job }}
  {{- include "release-runtime.check.cronJobModel" (dict "key" $key "cronJob" $given) }}
{{- end }}{{ end }}
{{- end }}

{{- /* Refuses two objects of one kind and name, hooks' copies included: Helm would delete one for the other. In: the model */ -}}
{{- define "release-runtime.check.names" -}}
{{- $taken := dict }}{{ $copies := .copies }}
{{- $kinds := dict "workloads" "Deployment" "services" "Service" "cronJobs" "CronJob" "migrations" "Job" "claims" "PersistentVolumeClaim" }}
{{- range $field, $kind := merge $kinds (dict "secrets" "Secret" "configMaps" "ConfigMap") }}
  {{- $copied := get $copies $field | default dict }}
  {{- range $key := concat (keys (get $ $field)) (keys $copied) | uniq | sortAlpha }}
    {{- $where := printf "%s.%s" $field $key }}
    {{- $mine := dict "taken" $taken "kind" $kind "where" $where }}
    {{- with get (get $ $field) $key }}
      {{- if dig "made" true . }}{{ include "release-runtime.check.name" (merge (dict "name" .name) $mine) }}{{ end }}
    {{- end }}
    {{- with get $copied $key }}
      {{- $_ := set $mine "where" (printf "%s (its copy for migrations)" $where) }}
      {{- include "release-runtime.check.name" (merge (dict "name" .name) $mine) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- range $from, $made := .residents }}{{ range list "Deployment" "ConfigMap" }}
  {{- $where := printf "the pod of the resident cron jobs from %s" $from }}
  {{- include "release-runtime.check.name" (dict "taken" $taken "kind" . "name" $made.name "where" $where) }}
{{- end }}{{ end }}
{{- range .others }}{{ include "release-runtime.check.name" (merge (pick . "kind" "name" "where") (dict "taken" $taken)) }}{{ end }}
{{- range .accounts }}
  {{- $where := printf "serviceAccounts.%s" .key }}
  {{- include "release-runtime.check.name" (dict "taken" $taken "kind" "ServiceAccount" "name" .name "where" $where) }}
{{- end }}
{{- range $key, $made := .migrations }}{{ with $made.files }}
  {{- $where := printf "migrations.%s.files" $key }}
  {{- include "release-runtime.check.name" (dict "taken" $taken "kind" "ConfigMap" "name" .name "where" $where) }}
{{- end }}{{ end }}
{{- end }}

{{- /* Notes that an object of this kind and name is made, and refuses a second one: dict taken(map, filled) kind name where */ -}}
{{- define "release-runtime.check.name" -}}
{{- $mark := printf "%s %s" .kind .name }}
{{- if hasKey .taken $mark }}
  {{- fail (printf "%s: the %s %q is made by %s too; choose another key or nameOverride" .where .kind .name (get .taken $mark)) }}
{{- end }}
{{- $_ := set .taken $mark .where }}
{{- end }}
