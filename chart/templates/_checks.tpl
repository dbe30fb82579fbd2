{{- /*
What is refused because the cluster would take it and something would break later.

release-runtime.claim   notes that an object of this kind and name is made, and refuses a second one: a hook's copy would
                        delete the real object. dict taken(map, filled) kind name where
*/ -}}
{{- define "release-runtime.claim" -}}
{{- $mark := printf "%s %s" .kind .name }}
{{- if hasKey .taken $mark }}
  {{- fail (printf "%s: the %s %q is made by %s too; choose another key or nameOverride" .where .kind .name (get .taken $mark)) }}
{{- end }}
{{- $_ := set .taken $mark .where }}
{{- end }}

{{- /* Refuses two Secrets, ConfigMaps or Jobs of one name, hooks' copies included: dict root copies files({ConfigMap: where}) */ -}}
{{- define "release-runtime.claimAll" -}}
{{- $root := .root }}{{ $copies := .copies }}{{ $taken := dict }}
{{- range $field, $kind := dict "secrets" "Secret" "configMaps" "ConfigMap" "migrations" "Job" }}
  {{- range $key, $entry := get $root.Values $field | default dict }}
    {{- $name := dict "root" $root "key" $key "entry" $entry }}
    {{- $where := printf "%s.%s" $field $key }}
    {{- if and (not $entry.existingSecret) (dig "enabled" true $entry) }}
      {{- $real := ternary (include "release-runtime.jobName" $name) (include "release-runtime.name" $name) (eq $kind "Job") }}
      {{- include "release-runtime.claim" (dict "taken" $taken "kind" $kind "name" $real "where" $where) }}
    {{- end }}
    {{- if hasKey (get $copies $field | default dict) $key }}
      {{- $_ := set $name "suffix" (include "release-runtime.hookSuffix" (dict "root" $root "key" $key)) }}
      {{- include "release-runtime.claim" (dict "taken" $taken "kind" $kind "name" (include "release-runtime.name" $name) "where" (printf "%s (its copy for migrations)" $where)) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- range $name, $where := .files }}
  {{- include "release-runtime.claim" (dict "taken" $taken "kind" "ConfigMap" "name" $name "where" $where) }}
{{- end }}
{{- end }}

{{- /* Refuses annotations that would make an object of the release a hook: dict annotations where */ -}}
{{- define "release-runtime.noHook" -}}
{{- $where := .where }}
{{- range $name, $_ := .annotations | default dict }}
  {{- if hasPrefix "helm.sh/hook" $name }}
    {{- fail (printf "%s.annotations: %s would make it a hook, which an upgrade deletes and an uninstall leaves; migrations get copies of what they need" $where $name) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* "true" when a variable or an entry of a ConfigMap tells a password; $(X) instead of it is fine: dict name text */ -}}
{{- define "release-runtime.tellsPassword" -}}
{{- if include "release-runtime.hasPassword" .text }}true
{{- else if regexMatch "^(DATABASE_PASSWORD|PGPASSWORD|REDIS_PASSWORD)$" .name }}
  {{- if and .text (not (regexMatch `^\$\([^)]+\)$` .text)) }}true{{ end }}
{{- else if regexMatch "^DATABASE_(DSN|URL)$" .name }}
  {{- if regexMatch `(?:^|[\s?&])password\s*=\s*[^$\s]` .text }}true{{ end }}
{{- end }}
{{- end }}

{{- /* Refuses words of a command with a password in a URL: dict words where */ -}}
{{- define "release-runtime.noPasswords" -}}
{{- $where := .where }}
{{- range .words }}
  {{- if include "release-runtime.hasPassword" . }}
    {{- fail (printf "%s: holds a password in a URL; put it into secrets.NAME.stringData, give it as a variable, and write $(VARIABLE)" $where) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* A Service's name begins with a letter and has no dot, which a release's may: dict name where */ -}}
{{- define "release-runtime.serviceName" -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" .name) }}
  {{- fail (printf "%s: a Service cannot be called %q (a letter first, no dot); choose another name for the release, or set services.%s.nameOverride" .where .name .key) }}
{{- end }}
{{- end }}

{{- /* Refuses two ports of one name or one number in a pod, and one without a number: dict ports where */ -}}
{{- define "release-runtime.checkPorts" -}}
{{- $where := .where }}{{ $seen := dict }}
{{- range .ports }}
  {{- $at := printf "%s.containers.%s" $where .container }}
  {{- if not .port }}{{ fail (printf "%s.ports.%s.containerPort is missing" $at .name) }}{{ end }}
  {{- range $mark := list (printf "called %q" .name) (printf "with the number %d/%s" (int64 .port) .protocol) }}
    {{- if hasKey $seen $mark }}
      {{- fail (printf "%s: a second port %s in one pod, the other is in the container %s (a container's port is called http when it is the workload's first, else like the container)" $at $mark (get $seen $mark)) }}
    {{- end }}
  {{- end }}
  {{- $_ := set $seen (printf "called %q" .name) .container }}
  {{- $_ := set $seen (printf "with the number %d/%s" (int64 .port) .protocol) .container }}
{{- end }}
{{- end }}

{{- /* Refuses a mount where the chart has its own, or below it, which is read-only: dict path pattern where */ -}}
{{- define "release-runtime.ownFolder" -}}
{{- if regexMatch (printf "^%s(/|$)" .pattern) .path }}
  {{- fail (printf "%s: %s is the chart's own; choose another" .where (trimSuffix "/" .path)) }}
{{- end }}
{{- end }}

{{- /* Refuses volumes and mounts that lack what they need: dict workload where */ -}}
{{- define "release-runtime.checkVolumes" -}}
{{- $where := .where }}{{ $volumes := .workload.volumes | default dict }}
{{- $needed := dict "secret" "secretName" "configMap" "name" "persistentVolumeClaim" "claimName" "projected" "sources" }}
{{- range $name, $volume := $volumes }}
  {{- if ne (len $volume) 1 }}
    {{- fail (printf "%s.volumes.%s: give one of emptyDir, secret, configMap, persistentVolumeClaim, projected" $where $name) }}
  {{- end }}
  {{- range $kind, $what := $volume }}
    {{- $field := get $needed $kind }}
    {{- if and $field (not (get $what $field)) }}{{ fail (printf "%s.volumes.%s.%s.%s is missing" $where $name $kind $field) }}{{ end }}
  {{- end }}
{{- end }}
{{- range $container, $c := .workload.containers }}
  {{- $paths := dict }}
  {{- range $c.writable | default list }}
    {{- if hasKey $paths . }}{{ fail (printf "%s.containers.%s.writable: %s is there twice" $where $container .) }}{{ end }}
    {{- include "release-runtime.ownFolder" (dict "path" . "pattern" "(/run)?/release-runtime" "where" (printf "%s.containers.%s.writable" $where $container)) }}
    {{- $_ := set $paths . true }}
  {{- end }}
  {{- range $name, $mount := $c.volumeMounts | default dict }}
    {{- $at := printf "%s.containers.%s.volumeMounts.%s" $where $container $name }}
    {{- if not $mount.mountPath }}{{ fail (printf "%s.mountPath is missing" $at) }}{{ end }}
    {{- include "release-runtime.ownFolder" (dict "path" $mount.mountPath "pattern" "(/run)?/release-runtime" "where" (printf "%s.mountPath" $at)) }}
    {{- if hasKey $paths $mount.mountPath }}
      {{- fail (printf "%s: something else is mounted on %s already (writable makes volumes too)" $at $mount.mountPath) }}
    {{- end }}
    {{- $_ := set $paths $mount.mountPath true }}
    {{- if not (hasKey $volumes ($mount.name | default $name)) }}
      {{- fail (printf "%s: the workload has no volume %q; it has: %s" $at ($mount.name | default $name) (keys $volumes | sortAlpha | join ", ")) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses a probe of a named port that its container does not have: it would only ever fail. dict asked ports where */ -}}
{{- define "release-runtime.probePort" -}}
{{- if and (kindIs "map" .asked) (kindIs "string" .asked.port) }}
  {{- $known := list }}{{ range .ports | default list }}{{ $known = append $known .name }}{{ end }}
  {{- if not (has .asked.port $known) }}
    {{- fail (printf "%s.port: the container has no port called %q; it has: %s (a number is written without quotes)" .where .asked.port (join ", " $known)) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses root without a word: dict security where */ -}}
{{- define "release-runtime.noRoot" -}}
{{- if and (hasKey .security "runAsUser") (eq (int64 .security.runAsUser) 0) (dig "runAsNonRoot" true .security) }}
  {{- fail (printf "%s.runAsUser: 0 is root, and no pod of this chart starts as root; give another number (or runAsNonRoot: false too, in a namespace that allows it)" .where) }}
{{- end }}
{{- end }}
