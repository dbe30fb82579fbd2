{{- /*
What differs between Helm and Argo CD, which renders with Helm and installs by itself: there the objects that a Job refers to come in an
earlier wave, so that no copies are needed.

release-runtime.early   annotations of what Jobs before the release refer to, as JSON: in: root
*/ -}}
{{- define "release-runtime.early" -}}
{{- .argocd | ternary (dict "argocd.argoproj.io/sync-wave" "-10") dict | toJson }}
{{- end }}

{{- /* Annotations of what outlasts the release, as JSON: in: root */ -}}
{{- define "release-runtime.kept" -}}
{{- $theirs := dict "argocd.argoproj.io/sync-options" "Prune=false,Delete=false" }}
{{- .argocd | ternary $theirs (dict "helm.sh/resource-policy" "keep") | toJson }}
{{- end }}

{{- /* Annotations of a Job that runs at a moment of the release's life, as JSON: dict root events [weight] [deletePolicy] */ -}}
{{- define "release-runtime.hookAnnotations" -}}
{{- $weight := int64 (.weight | default 0) }}{{ $policy := .deletePolicy | default "before-hook-creation" }}
{{- $out := dict }}
{{- if .root.argocd }}
  {{- $before := hasPrefix "pre-" (first .events) }}
  {{- $words := list }}{{ range splitList "," $policy }}{{ $words = append $words (camelcase (replace "-" "_" .)) }}{{ end }}
  {{- $_ := set $out "argocd.argoproj.io/hook" (ternary "Sync" "PostSync" $before) }}
  {{- $_ := set $out "argocd.argoproj.io/hook-delete-policy" (join "," $words) }}
  {{- $_ := set $out "argocd.argoproj.io/sync-wave" (ternary (sub $weight 5) $weight $before | toString) }}
{{- else }}
  {{- $_ := set $out "helm.sh/hook" (join "," .events) }}
  {{- $_ := set $out "helm.sh/hook-weight" (toString $weight) }}
  {{- $_ := set $out "helm.sh/hook-delete-policy" $policy }}
  {{- /* Flux's helm-controller crashes on it when the hook fails; whether it is the one that renders cannot be seen. */ -}}
  {{- if dig "policy" "hookLogs" (not .root.flux) .root.Values }}
    {{- $_ := set $out "helm.sh/hook-output-log-policy" "hook-failed" }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}
