{{- /*
Refuses, in values as they were given, what YAML takes for something else or has no place for. One look at their text spares most
releases the two walks; NaN, which JSON does not know, leaves it empty: dict values text(toJson of them)
*/ -}}
{{- define "release-runtime.check.given" -}}
{{- $suspect := printf `"(true|false)":|[0-9]{16}|[0-9]e\+|%s` (include "release-runtime.noYaml" .) }}
{{- if or (not .text) (regexMatch $suspect .text) }}
  {{- include "release-runtime.check.plain" (dict "value" .values "path" "") }}
  {{- include "release-runtime.check.charactersIn" (dict "value" .values "path" "") }}
{{- end }}
{{- end }}

{{- /*
Refuses, in values as they were given, what YAML has read as something else: dict value path.

A name that has become a boolean (n: 600) is not the one that was meant; a number beyond 2^53 has lost digits, and may be a password:
the message tells where, not what.
*/ -}}
{{- define "release-runtime.check.plain" -}}
{{- $path := .path }}
{{- $theirs := or (hasPrefix "global" $path) (hasPrefix "x-" $path) (hasPrefix "tags" $path) }}
{{- if kindIs "map" .value }}
  {{- if and (or (hasKey .value "true") (hasKey .value "false")) (not $theirs) (not (regexMatch `(ata|abels|nnotations|\.files)$` $path)) }}
    {{- fail (printf (print
      "%s: has an entry %q: YAML takes n, y, no, yes, on and off for booleans; "
      "write such a name in quotes, or choose another") $path (ternary "true" "false" (hasKey .value "true"))) }}
  {{- end }}
  {{- range $key, $value := .value }}
    {{- $at := printf "%s.%s" $path $key }}
    {{- if or (kindIs "map" $value) (kindIs "slice" $value) }}
      {{- include "release-runtime.check.plain" (dict "value" $value "path" (trimPrefix "." $at)) }}
    {{- else if and (or (kindIs "float64" $value) (kindIs "int64" $value)) (not $theirs) }}
      {{- if or (gt (float64 $value) 9007199254740991.0) (lt (float64 $value) -9007199254740991.0) }}
        {{- fail (printf "%s: so large a number loses digits; write it in quotes" $at) }}
      {{- end }}
    {{- end }}
  {{- end }}
{{- else if kindIs "slice" .value }}
  {{- range .value }}{{ include "release-runtime.check.plain" (dict "value" . "path" $path) }}{{ end }}
{{- end }}
{{- end }}

{{- /* Refuses a character that YAML has no place for, as DEL: Helm leaves out what holds it, or makes it a space. in: the root */ -}}
{{- define "release-runtime.check.characters" -}}
{{- if regexMatch (include "release-runtime.noYaml" .) (toJson .Values) }}
  {{- include "release-runtime.check.charactersIn" (dict "value" .Values "path" "") }}
{{- end }}
{{- end }}

{{- define "release-runtime.noYaml" -}}[\x{7f}-\x{9f}\x{fffe}\x{ffff}]{{- end }}

{{- /* It may be a password: where, not what. dict value path */ -}}
{{- define "release-runtime.check.charactersIn" -}}
{{- $path := .path }}
{{- if regexMatch `^(global|x-)` $path }}
{{- else if kindIs "map" .value }}
  {{- range $key, $value := .value }}
    {{- include "release-runtime.check.charactersIn" (dict "value" $value "path" (printf "%s.%s" $path $key | trimPrefix ".")) }}
  {{- end }}
{{- else if kindIs "slice" .value }}
  {{- range .value }}{{ include "release-runtime.check.charactersIn" (dict "value" . "path" $path) }}{{ end }}
{{- else if regexMatch (include "release-runtime.noYaml" .) (printf "%s%v" $path .value) }}
  {{- fail (printf "%s: holds a control character; bytes belong into secrets.NAME.data, as base64" $path) }}
{{- end }}
{{- end }}
