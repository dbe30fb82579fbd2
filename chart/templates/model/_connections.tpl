{{- /*
Where PostgreSQL and Redis are, and what our own programs get of it.

release-runtime.saysWhere   "true" for a variable's name that says it: of those with PG the ones of libpq, no PGDATA, no PGADMIN_…
*/ -}}
{{- define "release-runtime.saysWhere" -}}
{{- if hasPrefix "DATABASE_" . }}
  {{- if has (trimPrefix "DATABASE_" .) (list "URL" "DSN" "HOST" "PORT" "NAME" "USER" "PASSWORD") }}true{{ end }}
{{- else if hasPrefix "REDIS_" . }}
  {{- if has (trimPrefix "REDIS_" .) (list "URL" "HOST" "PORT" "USERNAME" "PASSWORD" "DB" "TLS") }}true{{ end }}
{{- else if hasPrefix "PG" . }}
  {{- $server := list "HOST" "HOSTADDR" "PORT" "DATABASE" "USER" "PASSWORD" "PASSFILE" "SERVICE" "SERVICEFILE" "SYSCONFDIR" }}
  {{- $how := list "OPTIONS" "APPNAME" "CONNECT_TIMEOUT" "CLIENTENCODING" "DATESTYLE" "TZ" "GEQO" "KRBSRVNAME" "CHANNELBINDING" }}
  {{- $which := list "TARGETSESSIONATTRS" "LOADBALANCEHOSTS" }}
  {{- $word := trimPrefix "PG" . }}
  {{- if or (has $word $server) (has $word $how) (has $word $which) }}true
  {{- else if regexMatch "^(SSL|GSS|REQUIRE|MIN|MAX)[A-Z]+$" $word }}true{{ end }}
{{- end }}
{{- end }}

{{- /*
By what a container is given, as JSON: dict root container [unused(["database" | "redis"])]

    connections   {VARIABLE: {value} | {secret, key} | {from: valueFrom}}; secret and the names in from are as written, not yet real
                  names. Later sources win, as in a pod.
    silent        Secrets that exist already and say nothing of their keys
    guessed       whether DATABASE_URL was taken to be in the last of them, for nothing else names a PostgreSQL
*/ -}}
{{- define "release-runtime.connections" -}}
{{- $values := .root.Values }}{{ $out := dict }}{{ $silent := list }}{{ $maybe := dict }}
{{- $envFrom := .container.envFrom | default dict }}
{{- range include "release-runtime.ordered" $envFrom | fromJsonArray }}
  {{- $source := get $envFrom . }}
  {{- $optional := $source.optional | default false }}
  {{- $keys := dict }}
  {{- if $source.configMap }}
    {{- range $key, $_ := dig "configMaps" $source.configMap "data" dict $values }}
      {{- $ref := dict "name" $source.configMap "key" $key }}
      {{- if $optional }}{{ $_ := set $ref "optional" true }}{{ end }}
      {{- $_ := set $keys $key (dict "from" (dict "configMapKeyRef" $ref)) }}
    {{- end }}
  {{- else if $source.secret }}
    {{- $has := dig "secrets" $source.secret dict $values | include "release-runtime.secretKeys" | fromJson }}
    {{- if not $has.known }}
      {{- $silent = append $silent $source.secret }}
      {{- if not $source.prefix }}
        {{- $url := dict "secret" $source.secret "key" "DATABASE_URL" "optional" $optional }}
        {{- $maybe = include "release-runtime.secretKey" $url | fromJson }}
      {{- end }}
    {{- end }}
    {{- range $key, $said := $has.keys }}
      {{- $one := dict "secret" $source.secret "key" $key "optional" (or $optional $said.optional) }}
      {{- $_ := set $keys $key (include "release-runtime.secretKey" $one | fromJson) }}
    {{- end }}
  {{- end }}
  {{- range $key, $one := $keys }}{{ $_ := set $out (printf "%s%s" ($source.prefix | default "") $key) $one }}{{ end }}
{{- end }}
{{- range $name, $value := .container.env }}
  {{- if include "release-runtime.saysWhere" $name }}
    {{- $_ := set $out $name (include "release-runtime.connection" (dict "value" $value) | fromJson) }}
  {{- end }}
{{- end }}
{{- range $name := keys $out }}{{ if not (include "release-runtime.saysWhere" $name) }}{{ $_ := unset $out $name }}{{ end }}{{ end }}
{{- range $unused := .unused }}
  {{- range $name := keys $out }}
    {{- if eq (hasPrefix "REDIS_" $name) (eq $unused "redis") }}{{ $_ := unset $out $name }}{{ end }}
  {{- end }}
{{- end }}
{{- $guessed := and $maybe (not (has "database" (.unused | default list))) }}
{{- if include "release-runtime.hasConnection" (dict "connections" $out "kind" "postgres") }}{{ $guessed = false }}{{ end }}
{{- if $guessed }}{{ $_ := set $out "DATABASE_URL" $maybe }}{{ end }}
{{- dict "connections" $out "silent" $silent "guessed" (not (empty $guessed)) | toJson }}
{{- end }}

{{- /*
The keys that a Secret has, as far as the values say, as JSON {known, keys: {KEY: {optional}}}: in: an entry of secrets
*/ -}}
{{- define "release-runtime.secretKeys" -}}
{{- $keys := .keys | default dict }}
{{- $known := hasKey . "keys" }}
{{- if not $known }}
  {{- range list .data .stringData .sealed }}{{ range $key, $_ := . }}{{ $_ := set $keys $key dict }}{{ end }}{{ end }}
{{- end }}
{{- dict "known" (or $known (not (empty $keys))) "keys" $keys | toJson }}
{{- end }}

{{- /* A Secret's key as a connection, as JSON. A file of an optional key would have to be there: dict secret key optional */ -}}
{{- define "release-runtime.secretKey" -}}
{{- if .optional }}{{ dict "from" (dict "secretKeyRef" (dict "name" .secret "key" .key "optional" true)) | toJson }}
{{- else }}{{ dict "secret" .secret "key" .key | toJson }}
{{- end }}
{{- end }}

{{- /* One variable as a connection: dict value. A file of an optional key would have to be there; the variable need not. */ -}}
{{- define "release-runtime.connection" -}}
{{- if kindIs "map" .value }}
  {{- $ref := dig "valueFrom" "secretKeyRef" dict .value }}
  {{- if and $ref (not $ref.optional) }}{{ dict "secret" $ref.name "key" $ref.key | toJson }}
  {{- else }}{{ dict "from" (.value.valueFrom | default dict) | toJson }}
  {{- end }}
{{- else }}{{ dict "value" (include "release-runtime.asText" .value) | toJson }}
{{- end }}
{{- end }}

{{- /* What a connection holds, as far as it can be known here: dict root connection */ -}}
{{- define "release-runtime.knownText" -}}
{{- $from := dig "from" "configMapKeyRef" dict .connection }}
{{- if hasKey .connection "value" }}{{ .connection.value }}
{{- else if .connection.secret }}
  {{- $key := .connection.key }}
  {{- $entry := dig "secrets" .connection.secret dict .root.Values }}
  {{- if hasKey ($entry.stringData | default dict) $key }}{{ include "release-runtime.asText" (get $entry.stringData $key) }}
  {{- else }}{{ get ($entry.data | default dict) $key | toString | b64dec }}
  {{- end }}
{{- else if $from.name }}{{ dig "configMaps" $from.name "data" $from.key "" .root.Values | include "release-runtime.asText" }}
{{- end }}
{{- end }}

{{- /*
The variable that says where PostgreSQL (Redis) is, when nothing says with which credentials: dict root connections kind(database|redis).
A URL that cannot be read here may have some.
*/ -}}
{{- define "release-runtime.withoutPassword" -}}
{{- $credentials := list "REDIS_PASSWORD" }}{{ $hosts := list "REDIS_URL" "REDIS_HOST" }}
{{- if eq .kind "database" }}
  {{- $credentials = list "DATABASE_PASSWORD" "PGPASSWORD" "PGPASSFILE" "PGSERVICE" "PGSERVICEFILE" "PGSSLCERT" "PGSSLKEY" }}
  {{- $hosts = list "DATABASE_URL" "DATABASE_DSN" "DATABASE_HOST" "PGHOST" "PGHOSTADDR" }}
{{- end }}
{{- $bare := list }}{{ $given := false }}
{{- range $name, $c := .connections }}
  {{- if has $name $credentials }}{{ $given = true }}
  {{- else if has $name $hosts }}
    {{- $known := and (not $c.secret) (include "release-runtime.knownText" (dict "root" $.root "connection" $c)) }}
    {{- if and (regexMatch "_(URL|DSN)$" $name) (not $known) }}{{ $given = true }}{{ else }}{{ $bare = append $bare $name }}{{ end }}
  {{- end }}
{{- end }}
{{- if and $bare (not $given) }}{{ first $bare }}{{ end }}
{{- end }}

{{- /* "true" when connections name a PostgreSQL (or a Redis): dict connections kind(postgres|redis) */ -}}
{{- define "release-runtime.hasConnection" -}}
{{- $hosts := list "REDIS_URL" "REDIS_HOST" }}
{{- if eq .kind "postgres" }}
  {{- $hosts = list "DATABASE_URL" "DATABASE_DSN" "DATABASE_HOST" "PGHOST" "PGHOSTADDR" "PGSERVICE" }}
{{- end }}
{{- range $hosts }}{{ if hasKey $.connections . }}true{{ end }}{{ end }}
{{- end }}

{{- /*
How our programs get connections, as JSON {env: […], mounts: […], volumes: […]}: Secrets as files of one mounted directory, so that a
new password needs no restart. A hook's pod would wait for a Secret or a ConfigMap that is missing, without a word; so it gets those
that exist already as files that may be missing, and migrate names one that is. dict root connections [hook copies]
[volume: its name]
*/ -}}
{{- define "release-runtime.connectionEnv" -}}
{{- $env := list }}{{ $files := dict "secrets" dict "configMaps" dict }}
{{- range $name, $c := .connections }}
  {{- $map := dig "from" "configMapKeyRef" dict $c }}
  {{- $asFile := $c.secret }}
  {{- if and $.hook $map (not $map.optional) (not (hasKey ($.root.Values.configMaps | default dict) ($map.name | default ""))) }}
    {{- /* For these libpq has no file's name. */ -}}
    {{- $asFile = not (regexMatch "^PG(SERVICEFILE|SYSCONFDIR|DATESTYLE|TZ|GEQO)$" $name) }}
  {{- end }}
  {{- if $asFile }}
    {{- $items := get $files (ternary "secrets" "configMaps" (hasKey $c "secret")) }}
    {{- $object := $c.secret | default $map.name }}
    {{- $path := printf "%s/%s" (dig "secrets" $object "existingSecret" $object $.root.Values) $name }}
    {{- $env = append $env (dict "name" (printf "%s_FILE" $name) "value" (printf "/run/release-runtime/%s" $path)) }}
    {{- $_ := set $items $object (append (get $items $object | default list) (dict "key" ($c.key | default $map.key) "path" $path)) }}
  {{- else if $c.from }}
    {{- $wanted := dict "root" $.root "valueFrom" $c.from "hook" $.hook "copies" $.copies }}
    {{- $env = append $env (dict "name" $name "valueFrom" (include "release-runtime.valueFrom" $wanted | fromJson)) }}
  {{- else }}
    {{- $env = append $env (dict "name" $name "value" $c.value) }}
  {{- end }}
{{- end }}
{{- $sources := list }}
{{- range $kind, $field := dict "configMaps" "configMap" "secrets" "secret" }}
  {{- range $object, $items := get $files $kind }}
    {{- $wanted := dict "root" $.root "kind" $kind "name" $object "hook" $.hook "copies" $.copies }}
    {{- $source := dict "name" (include "release-runtime.realName" $wanted) "items" $items }}
    {{- if and $.hook (include "release-runtime.isNotCopied" $wanted) }}{{ $_ := set $source "optional" true }}{{ end }}
    {{- $sources = append $sources (dict $field $source) }}
  {{- end }}
{{- end }}
{{- $mounts := list }}{{ $volumes := list }}{{ $volume := .volume | default "release-runtime-connection" }}
{{- if $sources }}
  {{- $mounts = list (dict "name" $volume "mountPath" "/run/release-runtime" "readOnly" true) }}
  {{- $volumes = list (dict "name" $volume "projected" (dict "sources" $sources)) }}
{{- end }}
{{- dict "env" $env "mounts" $mounts "volumes" $volumes | toJson }}
{{- end }}

{{- /* The Service of this release that a connection to PostgreSQL names, as JSON {variable, host, key}, or {}: dict root connections */ -}}
{{- define "release-runtime.ownDatabase" -}}
{{- $own := dict }}{{ $out := dict }}{{ $namespace := .root.Release.Namespace }}
{{- range $key, $service := .root.services }}{{ $_ := set $own $service.name $key }}{{ end }}
{{- range $name, $c := .connections }}
  {{- $text := include "release-runtime.knownText" (dict "root" $.root "connection" $c) }}
  {{- range include "release-runtime.hosts" (dict "name" $name "text" $text) | fromJsonArray }}
    {{- $parts := splitList "." (regexReplaceAll `:[0-9]*$` (trim .) "") }}
    {{- $key := get $own (first $parts) }}
    {{- if and $key (eq (index (append $parts $namespace) 1) $namespace) }}
      {{- $out = dict "variable" $name "host" (first $parts) "key" $key }}
    {{- end }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* The hosts that a variable names, as JSON, to be read by fromJsonArray: dict name text */ -}}
{{- define "release-runtime.hosts" -}}
{{- $hosts := list }}
{{- if has .name (list "DATABASE_HOST" "PGHOST") }}{{ $hosts = splitList "," .text }}
{{- else if eq .name "DATABASE_URL" }}
  {{- $hosts = regexFind `://[^/?#\s]*` .text | trimPrefix "://" | regexFind `[^@]*$` | splitList "," }}
{{- else if eq .name "DATABASE_DSN" }}
  {{- $hosts = regexFind `(^|\s)host\s*=\s*\S+` .text | regexFind `[^=\s]*$` | trimAll "'" | splitList "," }}
{{- end }}
{{- toJson $hosts }}
{{- end }}
