{{- /*
Jobs that run at a moment of a release's life.

release-runtime.check.hooks   refuses, in the values, hooks that lack something, or would be blind. In: root
*/ -}}
{{- define "release-runtime.check.hooks" -}}
{{- $root := . }}
{{- range $key, $h := include "release-runtime.enabled" .Values.hooks | fromJson }}
  {{- $where := printf "hooks.%s" $key }}
  {{- include "release-runtime.check.derived" (dict "root" $root "job" $h "where" $where) }}
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
  {{- if $root.argocd }}
    {{- include "release-runtime.check.argocd" (dict "events" $events "weight" ($h.weight | default 0) "where" $where) }}
  {{- end }}
  {{- $timeout := include "release-runtime.helmTimeout" (dict "root" $root) | int64 }}
  {{- if ge (include "release-runtime.migrateActive" (dict "root" $root "m" $h) | int64) $timeout }}
    {{- fail (printf "%s.activeDeadlineSeconds: Helm waits for %d s alone (policy.helmTimeout); give less" $where $timeout) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses moments that Argo CD, which only synchronises, does not have: dict events weight where */ -}}
{{- define "release-runtime.check.argocd" -}}
{{- $where := .where }}{{ $events := .events }}
{{- range $events }}
  {{- if not (regexMatch "-(install|upgrade)$" .) }}
    {{- fail (printf "%s.events: Argo CD has no %s (deploy.tool: argocd); say %s.enabled: false" $where . $where) }}
  {{- end }}
  {{- $other := hasSuffix "-install" . | ternary (replace "-install" "-upgrade" .) (replace "-upgrade" "-install" .) }}
  {{- if not (has $other $events) }}
    {{- fail (printf (print "%s.events: Argo CD does not tell an install from an upgrade (deploy.tool: argocd); say %s: true, too, "
      "if it does no harm at every sync, else %s.enabled: false") $where $other $where) }}
  {{- end }}
{{- end }}
{{- if and (hasPrefix "pre-" (first $events)) (or (gt (int64 .weight) 4) (lt (int64 .weight) -4)) }}
  {{- fail (printf "%s.weight: with deploy.tool: argocd it has to be from -4 to 4, between what it refers to and the workloads" $where) }}
{{- end }}
{{- end }}

{{- /* What can be done about a Job that comes too early. Argo CD cannot install without it once: dict root where first */ -}}
{{- define "release-runtime.check.remedies" -}}
{{- .first }}
{{- if not .root.argocd }}{{ printf ", or install with --set %s.enabled=false, then upgrade without it" .where }}{{ end }}
{{- end }}

{{- /* Refuses, in the model, a hook that would refer to what is not there yet: dict root made(of the model) claims */ -}}
{{- define "release-runtime.check.hookModel" -}}
{{- $where := .made.where }}
{{- include "release-runtime.check.containerModel" (dict "container" .made.container "where" $where) }}
{{- if .made.onInstall }}
  {{- $remedy := dict "root" .root "where" $where "first" (printf "say %s.events.post-install instead" $where) }}
  {{- $remedy = include "release-runtime.check.remedies" $remedy }}
  {{- include "release-runtime.check.beforeInstall" (merge (dict "remedy" $remedy) .) }}
{{- end }}
{{- end }}
