{{- /* Refuses variables that are a map without what it needs, and passwords: dict root env where */ -}}
{{- define "release-runtime.check.env" -}}
{{- range $name, $value := .env }}
  {{- $at := printf "%s.%s" $.where $name }}
  {{- include "release-runtime.check.variable" (dict "root" $.root "value" $value "where" $at) }}
  {{- if not (kindIs "map" $value) }}
    {{- $text := include "release-runtime.asText" $value }}
    {{- include "release-runtime.check.noPasswordIn" (dict "name" $name "text" $text "where" $at) }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "release-runtime.check.variable" -}}
{{- if kindIs "map" .value }}
  {{- if and .value.service .value.valueFrom }}{{ fail (printf "%s: give one of service and valueFrom" .where) }}{{ end }}
  {{- if .value.service }}{{ include "release-runtime.check.address" . }}{{ end }}
  {{- if pick .value "port" "scheme" "path" }}{{ fail (printf "%s: of which service? Give %s.service" .where .where) }}{{ end }}
  {{- if not .value.valueFrom }}{{ fail (printf "%s: give a value, valueFrom, or service" .where) }}{{ end }}
  {{- range $field, $ref := .value.valueFrom }}
    {{- if and (has $field (list "secretKeyRef" "configMapKeyRef")) (not (and $ref.name $ref.key)) }}
      {{- fail (printf "%s.valueFrom.%s: name and key are both needed" $.where $field) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses the address of a Service that is not there, or a port that it has not: dict root value where */ -}}
{{- define "release-runtime.check.address" -}}
{{- $services := .root.services }}
{{- $service := get $services .value.service }}
{{- if not $service }}
  {{- fail (printf "%s.service: there is no Service %q; there are: %s" .where .value.service (keys $services | sortAlpha | join ", ")) }}
{{- end }}
{{- $ports := list }}
{{- range $service.ports }}{{ $ports = append $ports (printf "%s (%d)" .name (int64 .port)) }}{{ end }}
{{- fail (printf "%s.port: the Service %q has no port %s; it has: %s"
  .where .value.service (include "release-runtime.asText" (.value.port | default "")) (join ", " $ports)) }}
{{- end }}

{{- /* Refuses an entry of envFrom that names two things or none: dict envFrom where */ -}}
{{- define "release-runtime.check.envFrom" -}}
{{- range $name, $source := .envFrom }}
  {{- if ne (len (pick $source "secret" "configMap")) 1 }}
    {{- fail (printf "%s.envFrom.%s: give one of secret and configMap" $.where $name) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /*
Refuses variables of a connection that our programs could not read as the container does: dict root env where [at({VARIABLE: where})]
*/ -}}
{{- define "release-runtime.check.connectionEnv" -}}
{{- range $name, $value := .env }}
  {{- $at := get ($.at | default dict) $name | default (printf "%s.env.%s" $.where $name) }}
  {{- if include "release-runtime.saysWhere" $name }}
    {{- include "release-runtime.check.variable" (dict "root" $.root "value" $value "where" $at) }}
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
      {{- fail (printf (print "%s.envFrom: does %s hold the password for %s? Name the keys that it has: "
        "secrets.%s: {existingSecret: %s, keys: {%s: {}, …}}, or keys: {} when none says where PostgreSQL or Redis is")
        $.where (join " or " $silent) . (last $silent) (last $silent) $password) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- if and .access.guessed (gt (len $silent) 1) }}
  {{- fail (printf (print "%s.envFrom: which of %s has DATABASE_URL? Say of each: secrets.%s: {existingSecret: %s, "
    "keys: {DATABASE_URL: {}}}, or keys: {} for one that names no database")
    .where (join ", " $silent) (last $silent) (last $silent)) }}
{{- end }}
{{- end }}
