{{- /*
What holds for a namespace.

release-runtime.model.namespace   ResourceQuota, LimitRange and a further Namespace, as JSON, to be read by fromJsonArray: in: the model
*/ -}}
{{- define "release-runtime.model.namespace" -}}
{{- $root := .root }}{{ $values := .root.Values }}{{ $out := list }}
{{- with $values.quota }}{{ if dig "enabled" true . }}
  {{- $one := dict "root" $root "key" "main" "entry" . "shape" "quota" "kind" "ResourceQuota" "where" "quota" }}
  {{- $spec := dict "hard" (include "release-runtime.strings" .hard | fromJson) }}
  {{- with .scopes }}{{ $_ := set $spec "scopes" . }}{{ end }}
  {{- with .scopeSelector }}{{ $_ := set $spec "scopeSelector" . }}{{ end }}
  {{- $out = append $out (merge (dict "spec" $spec) (include "release-runtime.other" $one | fromJson)) }}
{{- end }}{{ end }}
{{- with $values.limitRange }}{{ if dig "enabled" true . }}
  {{- $one := dict "root" $root "key" "main" "entry" . "shape" "limitRange" "kind" "LimitRange" "where" "limitRange" }}
  {{- $limits := list }}
  {{- range $type, $limit := .limits }}
    {{- $kinds := dict }}
    {{- range $kind, $amounts := $limit }}{{ $_ := set $kinds $kind (include "release-runtime.strings" $amounts | fromJson) }}{{ end }}
    {{- $limits = append $limits (merge (dict "type" $type) $kinds) }}
  {{- end }}
  {{- $out = append $out (merge (dict "limits" $limits) (include "release-runtime.other" $one | fromJson)) }}
{{- end }}{{ end }}
{{- $ns := $values.namespace | default dict }}
{{- if $ns.create }}
  {{- $levels := dict }}
  {{- range $mode, $level := merge (dict) ($ns.podSecurity | default dict) (dict "enforce" "restricted" "warn" "restricted") }}
    {{- $_ := set $levels (printf "pod-security.kubernetes.io/%s" $mode) $level }}
  {{- end }}
  {{- $keep := merge (include "release-runtime.kept" $root | fromJson) ($ns.annotations | default dict) }}
  {{- $labels := merge (dict) ($ns.labels | default dict) $levels }}
  {{- $one := dict "shape" "namespace" "kind" "Namespace" "where" "namespace" "name" ($ns.name | default "") }}
  {{- $out = append $out (merge $one (dict "labels" $labels "annotations" $keep)) }}
{{- end }}
{{- toJson $out }}
{{- end }}
