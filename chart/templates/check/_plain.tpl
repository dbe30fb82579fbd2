{{- /*
Refuses, in values as they were given, what YAML has read as something else: dict value path.

A name that has become a boolean (n: 600) is not the one that was meant; a number beyond 2^53 has lost digits, and may be a password:
the message tells where, not what.
*/ -}}
{{- define "release-runtime.check.plain" -}}
{{- $path := .path }}
{{- $theirs := regexMatch `^(global|x-|tags)` $path }}
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
