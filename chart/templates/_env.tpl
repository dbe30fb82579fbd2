{{- /*
What a container is given: variables, Secrets and ConfigMaps; and what of it our own programs get.

release-runtime.ref     the real name of a Secret or ConfigMap: dict root kind(secrets|configMaps) name hook
                        A name that is a key of .Values.secrets or .Values.configMaps means that one; any other exists already.
                        With hook, one that the chart makes is its copy; its key is noted in .copies.
*/ -}}
{{- define "release-runtime.ref" -}}
{{- $entry := dig .kind .name nil .root.Values }}
{{- if kindIs "invalid" $entry }}{{ .name }}
{{- else if $entry.existingSecret }}{{ $entry.existingSecret }}
{{- else }}
  {{- if .hook }}{{ $_ := set (get .copies .kind) .name true }}{{ end }}
  {{- include "release-runtime.name" (dict "root" .root "key" .name "entry" $entry "suffix" (include "release-runtime.copySuffix" (dict "root" .root "key" .name "hook" .hook))) }}
{{- end }}
{{- end }}

{{- /* "" for the object itself: dict root key hook */ -}}
{{- define "release-runtime.copySuffix" -}}
{{- if .hook }}{{ include "release-runtime.hookSuffix" . }}{{ end }}
{{- end }}

{{- /* One name or a list of names as JSON {names: […]} */ -}}
{{- define "release-runtime.names" -}}
{{- if kindIs "slice" . }}{{ dict "names" . | toJson }}{{ else if . }}{{ dict "names" (list .) | toJson }}{{ else }}{"names":[]}{{ end }}
{{- end }}

{{- /* "true" when a value carries a password in a URL; $(X) instead of it is fine */ -}}
{{- define "release-runtime.hasPassword" -}}
{{- if regexMatch `://[^/\s:@]*:[^@/\s$][^@/\s]*@` . }}true{{ end }}
{{- end }}

{{- /* Variables that a text refers to by $(NAME), as JSON {names: […]} */ -}}
{{- define "release-runtime.references" -}}
{{- $names := list }}
{{- range regexFindAll `\$\([A-Za-z_][A-Za-z0-9_.-]*\)` (replace "$$" "" .) -1 }}
  {{- $names = append $names (. | trimPrefix "$(" | trimSuffix ")") }}
{{- end }}
{{- dict "names" $names | toJson }}
{{- end }}

{{- /* Refuses a variable that is a map without what it needs: dict value where */ -}}
{{- define "release-runtime.checkVariable" -}}
{{- if kindIs "map" .value }}
  {{- if not .value.valueFrom }}{{ fail (printf "%s: give a value, or valueFrom" .where) }}{{ end }}
  {{- $where := .where }}
  {{- range $field, $ref := .value.valueFrom }}
    {{- if and (has $field (list "secretKeyRef" "configMapKeyRef")) (not (and $ref.name $ref.key)) }}
      {{- fail (printf "%s.valueFrom.%s: name and key are both needed" $where $field) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* valueFrom with the real names in it: dict root valueFrom hook copies */ -}}
{{- define "release-runtime.valueFrom" -}}
{{- $from := deepCopy .valueFrom }}
{{- $root := .root }}{{ $hook := .hook }}{{ $copies := .copies }}
{{- range $field, $kind := dict "secretKeyRef" "secrets" "configMapKeyRef" "configMaps" }}
  {{- $ref := get $from $field }}
  {{- if $ref }}
    {{- $_ := set $ref "name" (include "release-runtime.ref" (dict "root" $root "kind" $kind "name" $ref.name "hook" $hook "copies" $copies)) }}
  {{- end }}
{{- end }}
{{- toJson $from }}
{{- end }}

{{- /* The list for a container's env, as JSON {env: […]}, each behind those that it refers to: dict root env where */ -}}
{{- define "release-runtime.env" -}}
{{- $root := .root }}{{ $where := .where }}
{{- $env := .env | default dict }}
{{- $waits := dict }}{{ $out := list }}
{{- range $name, $value := $env }}
  {{- $names := list }}
  {{- include "release-runtime.checkVariable" (dict "value" $value "where" (printf "%s.%s" $where $name)) }}
  {{- if not (kindIs "map" $value) }}
    {{- $text := include "release-runtime.text" $value }}
    {{- if include "release-runtime.tellsPassword" (dict "name" $name "text" $text) }}
      {{- fail (printf "%s.%s: a password belongs into a Secret: put the value into secrets.NAME.stringData and give %s as {valueFrom: {secretKeyRef: {name: NAME, key: KEY}}}" $where $name $name) }}
    {{- end }}
    {{- range (include "release-runtime.references" $text | fromJson).names }}
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
        {{- $from := include "release-runtime.valueFrom" (dict "root" $root "valueFrom" $value.valueFrom) | fromJson }}
        {{- $out = append $out (dict "name" $name "valueFrom" $from) }}
      {{- else }}
        {{- $out = append $out (dict "name" $name "value" (include "release-runtime.text" $value)) }}
      {{- end }}
      {{- $_ := unset $waits $name }}
    {{- end }}
  {{- end }}
{{- end }}
{{- if $waits }}
  {{- fail (printf "%s: these refer to each other in a circle: %s" $where (keys $waits | sortAlpha | join ", ")) }}
{{- end }}
{{- dict "env" $out | toJson }}
{{- end }}

{{- /* The list for a container's envFrom, as JSON {envFrom: […]}: dict root container */ -}}
{{- define "release-runtime.envFrom" -}}
{{- $root := .root }}{{ $out := list }}
{{- range (include "release-runtime.names" .container.envFromConfigMap | fromJson).names }}
  {{- $name := include "release-runtime.ref" (dict "root" $root "kind" "configMaps" "name" .) }}
  {{- $out = append $out (dict "configMapRef" (dict "name" $name)) }}
{{- end }}
{{- range (include "release-runtime.names" .container.envFromSecret | fromJson).names }}
  {{- $name := include "release-runtime.ref" (dict "root" $root "kind" "secrets" "name" .) }}
  {{- $out = append $out (dict "secretRef" (dict "name" $name)) }}
{{- end }}
{{- dict "envFrom" $out | toJson }}
{{- end }}

{{- /* Names of variables that say where PostgreSQL and Redis are: of those with PG the ones of libpq, no PGDATA, no PGADMIN_… */ -}}
{{- define "release-runtime.connectionNames" -}}
^(DATABASE_(URL|DSN|HOST|PORT|NAME|USER|PASSWORD)|PG(HOST|HOSTADDR|PORT|DATABASE|USER|PASSWORD|PASSFILE|SERVICE|SERVICEFILE|SYSCONFDIR|OPTIONS|APPNAME|CONNECT_TIMEOUT|CLIENTENCODING|DATESTYLE|TZ|GEQO|KRBSRVNAME|CHANNELBINDING|TARGETSESSIONATTRS|LOADBALANCEHOSTS|(SSL|GSS|REQUIRE|MIN|MAX)[A-Z]+)|REDIS_(URL|HOST|PORT|USERNAME|PASSWORD|DB|TLS))$
{{- end }}

{{- /*
Where PostgreSQL and Redis are, by what a container is given, as JSON {VARIABLE: {value} | {secret, key} | {from: valueFrom}}:
dict root container where [at({VARIABLE: where})] [unused(["database" | "redis"])] [lenient]. secret and the names in from are as
written, not yet real names. Later sources win, as in a pod. Of one Secret that exists already and says nothing DATABASE_URL is taken,
when nothing else names a PostgreSQL; of two that would be a guess, which is refused unless lenient. So is such a Secret beside a host
without a password, for it may hold that.
*/ -}}
{{- define "release-runtime.connections" -}}
{{- $root := .root }}{{ $where := .where }}{{ $at := .at | default dict }}
{{- $pattern := include "release-runtime.connectionNames" . | trim }}
{{- $out := dict }}{{ $silent := list }}
{{- range $map := (include "release-runtime.names" .container.envFromConfigMap | fromJson).names }}
  {{- range $key, $value := dig "configMaps" $map "data" (dict) $root.Values }}
    {{- if regexMatch $pattern $key }}
      {{- $_ := set $out $key (dict "from" (dict "configMapKeyRef" (dict "name" $map "key" $key))) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- range $secret := (include "release-runtime.names" .container.envFromSecret | fromJson).names }}
  {{- $entry := dig "secrets" $secret (dict) $root.Values }}
  {{- $keys := list }}
  {{- if hasKey $entry "connectionKeys" }}
    {{- $keys = $entry.connectionKeys }}
  {{- else if or $entry.data $entry.stringData }}
    {{- $keys = concat (keys ($entry.data | default dict)) (keys ($entry.stringData | default dict)) }}
  {{- else }}
    {{- $silent = append $silent $secret }}
  {{- end }}
  {{- range $key := $keys }}
    {{- if regexMatch $pattern $key }}{{ $_ := set $out $key (dict "secret" $secret "key" $key) }}{{ end }}
  {{- end }}
{{- end }}
{{- range $name, $value := .container.env | default dict }}
  {{- if regexMatch $pattern $name }}
    {{- $here := get $at $name | default (printf "%s.env.%s" $where $name) }}
    {{- include "release-runtime.checkVariable" (dict "value" $value "where" $here) }}
    {{- if kindIs "map" $value }}
      {{- $ref := dig "valueFrom" "secretKeyRef" (dict) $value }}
      {{- /* A file of an optional key would have to be there; the variable need not. */ -}}
      {{- if and $ref (not $ref.optional) }}
        {{- $_ := set $out $name (dict "secret" $ref.name "key" $ref.key) }}
      {{- else }}
        {{- $_ := set $out $name (dict "from" $value.valueFrom) }}
      {{- end }}
    {{- else }}
      {{- $text := include "release-runtime.text" $value }}
      {{- if (include "release-runtime.references" $text | fromJson).names }}
        {{- fail (printf "%s: healthd and migrate do not get the variables that it refers to; give DATABASE_HOST, DATABASE_NAME, DATABASE_USER and DATABASE_PASSWORD (or REDIS_HOST …) instead, or the whole URL from a Secret" $here) }}
      {{- end }}
      {{- if include "release-runtime.tellsPassword" (dict "name" $name "text" $text) }}
        {{- fail (printf "%s: a password belongs into a Secret: put the value into secrets.NAME.stringData and give %s as {valueFrom: {secretKeyRef: {name: NAME, key: KEY}}}" $here $name) }}
      {{- end }}
      {{- $_ := set $out $name (dict "value" $text) }}
    {{- end }}
  {{- else if and (hasSuffix "_FILE" $name) (regexMatch $pattern (trimSuffix "_FILE" $name)) }}
    {{- fail (printf "%s: healthd and migrate do not have that file; give %s as {valueFrom: {secretKeyRef: {name: …, key: …}}}, the chart mounts it for them" (get $at $name | default (printf "%s.env.%s" $where $name)) (trimSuffix "_FILE" $name)) }}
  {{- end }}
{{- end }}
{{- $unused := .unused | default list }}{{ $lenient := .lenient }}
{{- range $kind, $names := dict "database" "^(DATABASE_|PG)" "redis" "^REDIS_" }}
  {{- if has $kind $unused }}
    {{- range $name := keys $out }}{{ if regexMatch $names $name }}{{ $_ := unset $out $name }}{{ end }}{{ end }}
  {{- else if and $silent (not $lenient) (include "release-runtime.bare" (dict "root" $root "connections" $out "kind" $kind)) }}
    {{- $password := ternary "DATABASE_PASSWORD" "REDIS_PASSWORD" (eq $kind "database") }}
    {{- fail (printf "%s.envFromSecret: does %s hold the password for %s? List all its keys that say where PostgreSQL and Redis are beside its existingSecret: secrets.%s.connectionKeys: [%s, …], or [] when there are none" $where (join " or " $silent) (include "release-runtime.bare" (dict "root" $root "connections" $out "kind" $kind)) (last $silent) $password) }}
  {{- end }}
{{- end }}
{{- if and $silent (not (has "database" $unused)) (not (include "release-runtime.names-a" (dict "connections" $out "kind" "postgres"))) }}
  {{- if and (gt (len $silent) 1) (not $lenient) }}
    {{- fail (printf "%s.envFromSecret: which of %s has DATABASE_URL? Say of each: secrets.%s: {existingSecret: %s, connectionKeys: [DATABASE_URL]}, or connectionKeys: [] for one that names no database" $where (join ", " $silent) (last $silent) (last $silent)) }}
  {{- end }}
  {{- $_ := set $out "DATABASE_URL" (dict "secret" (last $silent) "key" "DATABASE_URL") }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* What a connection holds, as far as it can be known here: dict root c(one of connections) */ -}}
{{- define "release-runtime.known" -}}
{{- $from := dig "from" "configMapKeyRef" dict .c }}
{{- if hasKey .c "value" }}{{ .c.value }}
{{- else if .c.secret }}
  {{- $entry := dig "secrets" .c.secret dict .root.Values }}
  {{- if hasKey ($entry.stringData | default dict) .c.key }}{{ include "release-runtime.text" (get $entry.stringData .c.key) }}
  {{- else }}{{ get ($entry.data | default dict) .c.key | toString | b64dec }}
  {{- end }}
{{- else if $from.name }}{{ dig "configMaps" $from.name "data" $from.key "" .root.Values | include "release-runtime.text" }}
{{- end }}
{{- end }}

{{- /*
The variable that says where PostgreSQL (Redis) is, when nothing says with which credentials: dict root connections kind(database|redis).
A URL that cannot be read here may have some.
*/ -}}
{{- define "release-runtime.bare" -}}
{{- $credentials := ternary "^(DATABASE_PASSWORD|PGPASSWORD|PGPASSFILE|PGSERVICE|PGSERVICEFILE|PGSSLCERT|PGSSLKEY)$" "^REDIS_PASSWORD$" (eq .kind "database") }}
{{- $hosts := ternary "^(DATABASE_(URL|DSN|HOST)|PGHOST|PGHOSTADDR)$" "^REDIS_(URL|HOST)$" (eq .kind "database") }}
{{- $root := .root }}{{ $bare := list }}{{ $given := false }}
{{- range $name, $c := .connections }}
  {{- if regexMatch $credentials $name }}{{ $given = true }}
  {{- else if regexMatch $hosts $name }}
    {{- if and (regexMatch "_(URL|DSN)$" $name) (or $c.secret (not (include "release-runtime.known" (dict "root" $root "c" $c)))) }}{{ $given = true }}
    {{- else }}{{ $bare = append $bare $name }}
    {{- end }}
  {{- end }}
{{- end }}
{{- if and $bare (not $given) }}{{ first $bare }}{{ end }}
{{- end }}

{{- /* "true" when connections name a PostgreSQL (or a Redis): dict connections kind(postgres|redis) */ -}}
{{- define "release-runtime.names-a" -}}
{{- $pattern := ternary "^(DATABASE_(URL|DSN|HOST)|PGHOST|PGHOSTADDR|PGSERVICE)$" "^REDIS_(URL|HOST)$" (eq .kind "postgres") }}
{{- range $name, $_ := .connections }}{{ if regexMatch $pattern $name }}true{{ end }}{{ end }}
{{- end }}

{{- /*
How our programs get connections, as JSON {env: […], mounts: […], volumes: […]}: Secrets as files of one mounted directory,
so that a new password needs no restart. A hook's pod would wait for a Secret or a ConfigMap that is missing, without a word; so it gets
those that exist already as files that may be missing, and migrate names one that is. dict root connections volume [hook copies]
*/ -}}
{{- define "release-runtime.given" -}}
{{- $root := .root }}{{ $hook := .hook }}{{ $copies := .copies }}
{{- $env := list }}{{ $files := dict "secrets" dict "configMaps" dict }}
{{- range $name, $c := .connections }}
  {{- $map := dig "from" "configMapKeyRef" dict $c }}
  {{- $waits := and $hook $map (not $map.optional) (not (hasKey ($root.Values.configMaps | default dict) ($map.name | default ""))) (not (regexMatch "^PG(SERVICEFILE|SYSCONFDIR|DATESTYLE|TZ|GEQO)$" $name)) }}
  {{- if or $c.secret $waits }}
    {{- $items := get $files (ternary "secrets" "configMaps" (hasKey $c "secret")) }}
    {{- $object := $c.secret | default $map.name }}
    {{- $path := printf "%s/%s" (dig "secrets" $object "existingSecret" $object $root.Values) $name }}
    {{- $env = append $env (dict "name" (printf "%s_FILE" $name) "value" (printf "/run/release-runtime/%s" $path)) }}
    {{- $_ := set $items $object (append (get $items $object | default list) (dict "key" ($c.key | default $map.key) "path" $path)) }}
  {{- else if $c.from }}
    {{- $from := include "release-runtime.valueFrom" (dict "root" $root "valueFrom" $c.from "hook" $hook "copies" $copies) | fromJson }}
    {{- $env = append $env (dict "name" $name "valueFrom" $from) }}
  {{- else }}
    {{- $env = append $env (dict "name" $name "value" $c.value) }}
  {{- end }}
{{- end }}
{{- $sources := list }}
{{- range $kind, $field := dict "configMaps" "configMap" "secrets" "secret" }}
  {{- range $object, $list := get $files $kind }}
    {{- $name := include "release-runtime.ref" (dict "root" $root "kind" $kind "name" $object "hook" $hook "copies" $copies) }}
    {{- $source := dict "name" $name "items" $list }}
    {{- if and $hook (eq $name (dig $kind $object "existingSecret" $object $root.Values)) }}{{ $_ := set $source "optional" true }}{{ end }}
    {{- $sources = append $sources (dict $field $source) }}
  {{- end }}
{{- end }}
{{- $out := dict "env" $env "mounts" list "volumes" list }}
{{- if $sources }}
  {{- $_ := set $out "mounts" (list (dict "name" .volume "mountPath" "/run/release-runtime" "readOnly" true)) }}
  {{- $_ := set $out "volumes" (list (dict "name" .volume "projected" (dict "sources" $sources))) }}
{{- end }}
{{- toJson $out }}
{{- end }}
