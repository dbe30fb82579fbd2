{{- /*
Jobs that run at a moment of a release's life.

release-runtime.model.hook   as JSON: dict root key hook

    shape kind name where annotations component
    pod container             what runs: a container of a workload with a command of its own
    activeDeadlineSeconds backoffLimit ttlSecondsAfterFinished
    before                    whether it runs before the release's objects exist, or are what they are to be
    copies                    {secrets, configMaps, accounts}: keys of those that it refers to then
*/ -}}
{{- define "release-runtime.model.hook" -}}
{{- $h := .hook }}{{ $root := .root }}
{{- $events := include "release-runtime.hookEvents" $h | fromJsonArray }}
{{- $before := or (has "pre-install" $events) (has "pre-upgrade" $events) }}
{{- $copies := dict "secrets" dict "configMaps" dict "accounts" dict }}
{{- $given := dict "root" $root "hook" $before "copies" $copies }}
{{- $source := include "release-runtime.source" (dict "root" $root "from" $h.from) | fromJson }}
{{- $values := include "release-runtime.cronContainer" (dict "source" $source "job" $h) | fromJson }}
{{- $container := include "release-runtime.model.container" (merge (dict "container" $values "name" "hook") $given) | fromJson }}
{{- $_ := set $container "command" (include "release-runtime.words" ($h.command | default list) | fromJsonArray) }}
{{- with $h.args }}{{ $_ := set $container "args" (include "release-runtime.words" . | fromJsonArray) }}{{ end }}
{{- if $before }}
  {{- $container = include "release-runtime.withCopies" (dict "root" $root "container" $container "copies" $copies) | fromJson }}
{{- end }}
{{- $pod := include "release-runtime.model.pod" (merge (dict "workload" $source.workload) $given) | fromJson }}
{{- $_ := set $pod "volumes" ($container.volumes | default list) }}
{{- $hook := dict "helm.sh/hook" (join "," $events) "helm.sh/hook-weight" (dig "weight" 0 $h | int64 | toString) }}
{{- $_ := set $hook "helm.sh/hook-delete-policy" ($h.deletePolicy | default "before-hook-creation") }}
{{- if dig "policy" "hookLogs" (not $root.flux) $root.Values }}
  {{- $_ := set $hook "helm.sh/hook-output-log-policy" "hook-failed" }}
{{- end }}
{{- $out := dict "shape" "hookJob" "kind" "Job" "where" (printf "hooks.%s" .key) "component" (printf "%s.hook" .key) }}
{{- $_ := set $out "name" (include "release-runtime.jobName" (dict "root" $root "key" .key "entry" $h)) }}
{{- $_ := set $out "annotations" (merge $hook ($h.annotations | default dict)) }}
{{- $_ := set $out "activeDeadlineSeconds" (include "release-runtime.migrateActive" (dict "root" $root "m" $h) | int64) }}
{{- $_ := set $out "backoffLimit" (dig "backoffLimit" 0 $h) }}
{{- $_ := set $out "ttlSecondsAfterFinished" (dig "ttlSecondsAfterFinished" 86400 $h) }}
{{- merge $out (dict "pod" $pod "container" $container "copies" $copies "before" $before) | toJson }}
{{- end }}

{{- /* When a hook runs, as JSON, to be read by fromJsonArray: in: the values of a hook */ -}}
{{- define "release-runtime.hookEvents" -}}
{{- $out := list }}
{{- range $event, $on := .events }}{{ if $on }}{{ $out = append $out $event }}{{ end }}{{ end }}
{{- toJson ($out | sortAlpha) }}
{{- end }}

{{- /* A container whose variables come from the copies that a hook has, as JSON: dict root container copies(noted there) */ -}}
{{- define "release-runtime.withCopies" -}}
{{- $container := .container }}
{{- range $kind, $fields := dict "secrets" (list "secretKeyRef" "secretRef") "configMaps" (list "configMapKeyRef" "configMapRef") }}
  {{- range $key, $entry := get $.root.Values $kind | default dict }}
    {{- $named := dict "root" $.root "key" $key "entry" $entry }}
    {{- $real := include "release-runtime.name" $named }}
    {{- $references := list }}
    {{- range $container.env }}{{ $references = append $references (dig "valueFrom" (first $fields) dict .) }}{{ end }}
    {{- range $container.envFrom }}{{ $references = append $references (dig (last $fields) dict .) }}{{ end }}
    {{- range $references }}
      {{- if and (not $entry.existingSecret) (eq (.name | default "") $real) }}
        {{- $_ := set . "name" (include "release-runtime.hookCopyName" $named) }}
        {{- $_ := set (get $.copies $kind) $key true }}
      {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- toJson $container }}
{{- end }}

{{- /* The hooks among what stands beside the rest, as JSON, to be read by fromJsonArray: in: the model */ -}}
{{- define "release-runtime.model.hooks" -}}
{{- $out := list }}{{ range .hooks }}{{ $out = append $out (omit . "copies") }}{{ end }}
{{- toJson $out }}
{{- end }}
