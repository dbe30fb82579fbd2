{{- /*
Jobs that run at a moment of a release's life.

release-runtime.model.hook   as JSON: dict root key hook

    shape kind name where annotations component
    pod container             what runs: a container of a workload with a command of its own
    activeDeadlineSeconds backoffLimit ttlSecondsAfterFinished
    before onInstall          whether it runs before the release's objects exist, or are what they are to be; before a first install
    claims                    those among its volumes
    copies                    {secrets, configMaps, accounts, sealed}: keys of those that it refers to then
*/ -}}
{{- define "release-runtime.model.hook" -}}
{{- $h := .hook }}{{ $root := .root }}
{{- $events := include "release-runtime.hookEvents" $h | fromJsonArray }}
{{- $before := or (has "pre-install" $events) (has "pre-upgrade" $events) }}
{{- $copies := dict "secrets" dict "configMaps" dict "sealed" dict "accounts" dict }}
{{- $made := dict "root" $root "job" $h "name" "hook" "hook" $before "copies" $copies }}
{{- $made = include "release-runtime.derived" $made | fromJson }}
{{- $hook := merge (dict "root" $root "events" $events) (pick $h "weight" "deletePolicy") }}
{{- $hook = include "release-runtime.hookAnnotations" $hook | fromJson }}
{{- $out := dict "shape" "hookJob" "kind" "Job" "where" (printf "hooks.%s" .key) "component" (printf "%s.hook" .key) }}
{{- $_ := set $out "name" (include "release-runtime.jobName" (dict "root" $root "key" .key "entry" $h)) }}
{{- $_ := set $out "annotations" (merge $hook ($h.annotations | default dict)) }}
{{- $_ := set $out "activeDeadlineSeconds" (include "release-runtime.migrateActive" (dict "root" $root "m" $h) | int64) }}
{{- $_ := set $out "backoffLimit" (dig "backoffLimit" 0 $h) }}
{{- $_ := set $out "ttlSecondsAfterFinished" (dig "ttlSecondsAfterFinished" 86400 $h) }}
{{- $_ := set $out "onInstall" (has "pre-install" $events) }}
{{- merge $out (pick $made "pod" "container" "claims") (dict "copies" $copies "before" $before) | toJson }}
{{- end }}

{{- /* When a hook runs, as JSON, to be read by fromJsonArray: in: the values of a hook */ -}}
{{- define "release-runtime.hookEvents" -}}
{{- $out := list }}
{{- range $event, $on := .events }}{{ if $on }}{{ $out = append $out $event }}{{ end }}{{ end }}
{{- toJson ($out | sortAlpha) }}
{{- end }}

{{- /* The hooks among what stands beside the rest, as JSON, to be read by fromJsonArray: in: the model */ -}}
{{- define "release-runtime.model.hooks" -}}
{{- $out := list }}{{ range .hooks }}{{ $out = append $out (omit . "copies") }}{{ end }}
{{- toJson $out }}
{{- end }}
