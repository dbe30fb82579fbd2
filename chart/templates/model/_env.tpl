{{- /*
A container's variables.

release-runtime.references   variables that a text refers to by $(NAME), as JSON, to be read by fromJsonArray
*/ -}}
{{- define "release-runtime.references" -}}
{{- $names := list }}
{{- range regexFindAll `\$\([A-Za-z_][A-Za-z0-9_.-]*\)` (replace "$$" "" .) -1 }}
  {{- $names = append $names (. | trimPrefix "$(" | trimSuffix ")") }}
{{- end }}
{{- toJson $names }}
{{- end }}

{{- /* valueFrom with the real names in it, as JSON: dict root valueFrom [hook copies] */ -}}
{{- define "release-runtime.valueFrom" -}}
{{- $out := deepCopy .valueFrom }}
{{- range $field, $kind := dict "secretKeyRef" "secrets" "configMapKeyRef" "configMaps" }}
  {{- with get $out $field }}
    {{- $wanted := dict "root" $.root "kind" $kind "name" .name "hook" $.hook "copies" $.copies }}
    {{- $_ := set . "name" (include "release-runtime.realName" $wanted) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
The list for a container's env, each behind those that it refers to, as JSON {env: […], circle: [names that refer to each other]}:
dict root env [hook copies]
*/ -}}
{{- define "release-runtime.env" -}}
{{- $env := .env | default dict }}
{{- $waits := dict }}{{ $out := list }}
{{- range $name, $value := $env }}
  {{- $names := list }}
  {{- if not (kindIs "map" $value) }}
    {{- range include "release-runtime.asText" $value | include "release-runtime.references" | fromJsonArray }}
      {{- if hasKey $env . }}{{ $names = append $names . }}{{ end }}
    {{- end }}
  {{- end }}
  {{- $_ := set $waits $name $names }}
{{- end }}
{{- range until (len $waits) }}
  {{- range $name := keys $waits | sortAlpha }}
    {{- $ready := true }}
    {{- range get $waits $name }}{{ if hasKey $waits . }}{{ $ready = false }}{{ end }}{{ end }}
    {{- if $ready }}
      {{- $value := get $env $name }}
      {{- if kindIs "map" $value }}
        {{- $from := merge (dict "valueFrom" $value.valueFrom) (pick $ "root" "hook" "copies") }}
        {{- $from = include "release-runtime.valueFrom" $from | fromJson }}
        {{- $out = append $out (dict "name" $name "valueFrom" $from) }}
      {{- else }}
        {{- $out = append $out (dict "name" $name "value" (include "release-runtime.asText" $value)) }}
      {{- end }}
      {{- $_ := unset $waits $name }}
    {{- end }}
  {{- end }}
{{- end }}
{{- dict "env" $out "circle" (keys $waits | sortAlpha) | toJson }}
{{- end }}

{{- /* The list for a container's envFrom, as JSON, to be read by fromJsonArray: dict root container [hook copies] */ -}}
{{- define "release-runtime.envFrom" -}}
{{- $out := list }}{{ $envFrom := .container.envFrom | default dict }}
{{- range include "release-runtime.ordered" $envFrom | fromJsonArray }}
  {{- $source := get $envFrom . }}
  {{- $wanted := dict "root" $.root "kind" (empty $source.secret | ternary "configMaps" "secrets") "hook" $.hook "copies" $.copies }}
  {{- $name := include "release-runtime.realName" (merge (dict "name" ($source.secret | default $source.configMap)) $wanted) }}
  {{- $ref := merge (dict "name" $name) (pick $source "optional") }}
  {{- $out = append $out (merge (dict (empty $source.secret | ternary "configMapRef" "secretRef") $ref) (pick $source "prefix")) }}
{{- end }}
{{- toJson $out }}
{{- end }}
