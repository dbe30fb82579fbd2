{{- /*
Jobs that run at a moment of a release's life.

release-runtime.check.hooks   refuses, in the values, hooks that lack something, or would be blind. In: root
*/ -}}
{{- define "release-runtime.check.hooks" -}}
{{- $root := . }}
{{- range $key, $h := include "release-runtime.enabled" .Values.hooks | fromJson }}
  {{- $where := printf "hooks.%s" $key }}
  {{- if not $h.from }}{{ fail (printf "%s.from is missing: WORKLOAD/CONTAINER, whose image and variables it takes" $where) }}{{ end }}
  {{- include "release-runtime.check.source" (dict "root" $root "from" $h.from "where" $where) }}
  {{- if not $h.command }}{{ fail (printf "%s.command is missing" $where) }}{{ end }}
  {{- $events := include "release-runtime.hookEvents" $h | fromJsonArray }}
  {{- if not $events }}{{ fail (printf "%s.events is empty: give at least {post-install: true}" $where) }}{{ end }}
  {{- if has "post-delete" $events }}
    {{- fail (printf "%s.events: at post-delete nothing is left that it could refer to, not even its account; say pre-delete" $where) }}
  {{- end }}
  {{- $before := 0 }}
  {{- range $events }}{{ if has . (list "pre-install" "pre-upgrade") }}{{ $before = add1 $before }}{{ end }}{{ end }}
  {{- if and $before (ne (int $before) (len $events)) }}
    {{- fail (printf (print
      "%s.events: pre-install and pre-upgrade are before the release's objects, and it gets copies then; the others (%s) "
      "are not; make two hooks") $where (without $events "pre-install" "pre-upgrade" | join ", ")) }}
  {{- end }}
  {{- $timeout := include "release-runtime.helmTimeout" (dict "root" $root) | int64 }}
  {{- if ge (include "release-runtime.migrateActive" (dict "root" $root "m" $h) | int64) $timeout }}
    {{- fail (printf "%s.activeDeadlineSeconds: Helm waits for %d s alone (policy.helmTimeout); give less" $where $timeout) }}
  {{- end }}
  {{- include "release-runtime.check.words" (dict "words" (concat $h.command ($h.args | default list)) "where" (printf "%s.command"
    $where)) }}
  {{- $source := include "release-runtime.source" (dict "root" $root "from" $h.from) | fromJson }}
  {{- $container := include "release-runtime.cronContainer" (dict "source" $source "job" $h) | fromJson }}
  {{- include "release-runtime.check.container" (dict "container" $container "where" $where) }}
{{- end }}
{{- end }}
