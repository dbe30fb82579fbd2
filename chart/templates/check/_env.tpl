{{- /* Refuses variables that are a map without what it needs, and passwords: dict env where */ -}}
{{- define "release-runtime.check.env" -}}
{{- range $name, $value := .env }}
  {{- $at := printf "%s.%s" $.where $name }}
  {{- include "release-runtime.check.variable" (dict "value" $value "where" $at) }}
  {{- if not (kindIs "map" $value) }}
    {{- $text := include "release-runtime.asText" $value }}
    {{- include "release-runtime.check.noPasswordIn" (dict "name" $name "text" $text "where" $at) }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "release-runtime.check.variable" -}}
{{- if kindIs "map" .value }}
  {{- if not .value.valueFrom }}{{ fail (printf "%s: give a value, or valueFrom" .where) }}{{ end }}
  {{- range $field, $ref := .value.valueFrom }}
    {{- if and (has $field (list "secretKeyRef" "configMapKeyRef")) (not (and $ref.name $ref.key)) }}
      {{- fail (printf "%s.valueFrom.%s: name and key are both needed" $.where $field) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /*
Refuses variables of a connection that our programs could not read as the container does: dict env where [at({VARIABLE: where})]
*/ -}}
{{- define "release-runtime.check.connectionEnv" -}}
{{- range $name, $value := .env }}
  {{- $at := get ($.at | default dict) $name | default (printf "%s.env.%s" $.where $name) }}
  {{- if include "release-runtime.saysWhere" $name }}
    {{- include "release-runtime.check.variable" (dict "value" $value "where" $at) }}
    {{- if not (kindIs "map" $value) }}
      {{- $text := include "release-runtime.asText" $value }}
      {{- if include "release-runtime.references" $text | fromJsonArray }}
        {{- fail (printf (print "%s: healthd and migrate do not get the variables that it refers to; give DATABASE_HOST, DATABASE_NAME, "
          "DATABASE_USER and DATABASE_PASSWORD (or REDIS_HOST …) instead, or the whole URL from a Secret") $at) }}
      {{- end }}
      {{- include "release-runtime.check.noPasswordIn" (dict "name" $name "text" $text "where" $at) }}
    {{- end }}
  {{- else if and (hasSuffix "_FILE" $name) (include "release-runtime.saysWhere" (trimSuffix "_FILE" $name)) }}
    {{- fail (printf (print "%s: healthd and migrate do not have that file; give %s as {valueFrom: {secretKeyRef: {name: …, key: …}}}, "
      "the chart mounts it for them") $at (trimSuffix "_FILE" $name)) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /*
Refuses what cannot be known of connections: whether a Secret that says nothing of its keys holds a password, or which of two has the
URL: dict root access(release-runtime.connections) unused where
*/ -}}
{{- define "release-runtime.check.silentSecrets" -}}
{{- $silent := .access.silent }}
{{- range $kind, $password := dict "database" "DATABASE_PASSWORD" "redis" "REDIS_PASSWORD" }}
  {{- if and $silent (not (has $kind $.unused)) }}
    {{- with include "release-runtime.withoutPassword" (dict "root" $.root "connections" $.access.connections "kind" $kind) }}
      {{- fail (printf (print "%s.envFromSecret: does %s hold the password for %s? List all its keys that say where PostgreSQL and Redis "
        "are beside its existingSecret: secrets.%s.connectionKeys: [%s, …], or [] when there are none")
        $.where (join " or " $silent) . (last $silent) $password) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- if and .access.guessed (gt (len $silent) 1) }}
  {{- fail (printf (print "%s.envFromSecret: which of %s has DATABASE_URL? Say of each: secrets.%s: {existingSecret: %s, "
    "connectionKeys: [DATABASE_URL]}, or connectionKeys: [] for one that names no database")
    .where (join ", " $silent) (last $silent) (last $silent)) }}
{{- end }}
{{- end }}
