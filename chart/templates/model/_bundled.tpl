{{- /*
PostgreSQL and Redis: of the release itself, for development, or elsewhere.

release-runtime.withBundled   adds to values, in place, for postgresql and redis the entry of that key in workloads, services, persistence
                              and configMaps; what the values have under that key is laid over it: in: root
*/ -}}
{{- define "release-runtime.withBundled" -}}
{{- $root := . }}
{{- range $key := list "postgresql" "redis" }}
  {{- $given := get $root.Values $key | default dict }}
  {{- $entries := dict "configMaps" (include (printf "release-runtime.%sAddress" $key) $root) }}
  {{- if $given.enabled }}
    {{- $_ := set $entries "workloads" (include (printf "release-runtime.%sServer" $key) $root) }}
    {{- /* An address that stays, though the pod's changes. */ -}}
    {{- $_ := set $entries "services" "type: ClusterIP" }}
    {{- if include "release-runtime.bundledClaim" (dict "root" $root "key" $key) }}
      {{- $theirs := dig $key "existingClaim" "" ($root.Values.persistence | default dict) }}
      {{- $_ := set $entries "persistence" (empty $theirs | ternary "size: 8Gi" "{}") }}
    {{- end }}
  {{- end }}
  {{- if or $given.enabled $given.host }}
    {{- include "release-runtime.addEntries" (dict "values" $root.Values "key" $key "entries" $entries) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Adds entries of one key to values, in place, below what is there: dict values key entries({COLLECTION: YAML}) */ -}}
{{- define "release-runtime.addEntries" -}}
{{- range $collection, $text := .entries }}
  {{- $all := get $.values $collection | default dict }}
  {{- $entry := fromYaml $text }}
  {{- include "release-runtime.copyPlain" (dict "from" (get $all $.key | default dict) "to" $entry) }}
  {{- $_ := set $all $.key $entry }}
  {{- $_ := set $.values $collection $all }}
{{- end }}
{{- end }}

{{- /* "true" when a bundled server's data is on a claim: PostgreSQL's unless switched off, Redis' when asked for: dict root key */ -}}
{{- define "release-runtime.bundledClaim" -}}
{{- $claim := dig .key nil (.root.Values.persistence | default dict) }}
{{- if kindIs "map" $claim }}{{ if dig "enabled" true $claim }}true{{ end }}
{{- else if eq .key "postgresql" }}true
{{- end }}
{{- end }}

{{- /*
A pod's securityContext for a server's image, as JSON: dict root user. As its data belongs to that user, it is not the preset's, but where
the cluster chooses it.
*/ -}}
{{- define "release-runtime.serverSecurity" -}}
{{- $values := .root.Values }}
{{- if or (not (hasKey $values "podSecurity")) (hasKey ($values.podSecurity | default dict) "runAsUser") }}
  {{- $user := dict "runAsUser" .user "runAsGroup" .user "fsGroup" .user }}
  {{- /* Kubernetes would give the group rights to the data on every start, and PostgreSQL refuses to start then. */ -}}
  {{- merge $user (dict "fsGroupChangePolicy" "OnRootMismatch") | toJson }}
{{- else }}{}
{{- end }}
{{- end }}

{{- /* The image with PostgreSQL's server and programs, as JSON: in: root */ -}}
{{- define "release-runtime.postgresImage" -}}
{{- dig "postgresql" "image" "" .Values | default "postgres:16.10-bookworm" | toJson }}
{{- end }}

{{- /* The user postgres in an image, which initdb wants to have a name: in: the image, as JSON */ -}}
{{- define "release-runtime.postgresUser" -}}
{{- contains "alpine" . | ternary 70 999 }}
{{- end }}

{{- /* A bundled server's configuration as arguments, as JSON: dict config switch(before a name) [join: between name and value] */ -}}
{{- define "release-runtime.serverArgs" -}}
{{- $args := list }}
{{- range $name, $value := .config }}
  {{- $text := include "release-runtime.asText" $value }}
  {{- if $.join }}{{ $args = concat $args (list $.switch (printf "%s%s%s" $name $.join $text)) }}
  {{- else }}{{ $args = concat $args (list (printf "%s%s" $.switch $name) $text) }}
  {{- end }}
{{- end }}
{{- toJson $args }}
{{- end }}

{{- define "release-runtime.bundledHost" -}}
{{- $service := dig .key dict (.root.Values.services | default dict) }}
{{- (get .root.Values .key).host | default (include "release-runtime.name" (merge (dict "entry" $service) .)) }}
{{- end }}

{{- define "release-runtime.postgresqlAddress" -}}
{{- with .Values.postgresql -}}
data:
  DATABASE_HOST: {{ include "release-runtime.bundledHost" (dict "root" $ "key" "postgresql") | quote }}
  DATABASE_PORT: {{ empty .host | ternary 5432 (.port | default 5432) | int64 }}
  DATABASE_NAME: {{ .database | default "app" | quote }}
  DATABASE_USER: {{ .username | default "app" | quote }}
{{- end }}
{{- end }}

{{- define "release-runtime.redisAddress" -}}
{{- with .Values.redis -}}
data:
  REDIS_HOST: {{ include "release-runtime.bundledHost" (dict "root" $ "key" "redis") | quote }}
  REDIS_PORT: {{ empty .host | ternary 6379 (.port | default 6379) | int64 }}
{{- end }}
{{- end }}

{{- /* A workload with the official image's conventions, as YAML: in: root. One server, whose probes are its own program's. */ -}}
{{- define "release-runtime.postgresqlServer" -}}
{{- $p := .Values.postgresql }}{{ $image := include "release-runtime.postgresImage" . }}
{{- $user := include "release-runtime.postgresUser" $image | int64 }}
{{- $claim := include "release-runtime.bundledClaim" (dict "root" . "key" "postgresql") }}
{{- /* Over TCP: while the data is made, the server is on its socket alone. With names that it has: others are errors in its log, and where
the pod's user has no name, pg_isready gives up without one. */}}
{{- $asks := list "pg_isready" "-q" "-h" "127.0.0.1" "-U" ($p.username | default "app") "-d" ($p.database | default "app") -}}
kind: StatefulSet
terminationGracePeriodSeconds: 60
preStopSeconds: 0
securityContext: {{ include "release-runtime.serverSecurity" (dict "root" . "user" $user) }}
healthd: {enabled: false}
volumes:
  data:
    {{ empty $claim | ternary "emptyDir: {}" "persistence: postgresql" }}
    mountPath: /data
containers:
  postgresql:
    image: {{ $image }}
    port: {number: 5432, name: tcp-postgresql}
    args: {{ include "release-runtime.serverArgs" (dict "config" $p.config "switch" "-c" "join" "=") }}
    env:
      # The volume itself may hold lost+found.
      PGDATA: /data/pgdata
      POSTGRES_DB: {{ $p.database | default "app" | quote }}
      POSTGRES_USER: {{ $p.username | default "app" | quote }}
      POSTGRES_PASSWORD: {{ include "release-runtime.bundledPassword" $p }}
      POSTGRES_INITDB_ARGS: --data-checksums
    readOnlyRoot: true
    writable: {/tmp: {}, /var/run/postgresql: {}, /dev/shm: {medium: Memory, sizeLimit: 128Mi}}
    resources: {requests: {cpu: 100m, memory: 256Mi}, limits: {memory: 512Mi}}
    # 1 is a server that is busy starting or ending.
    startupProbe: {exec: {command: {{ toJson $asks }}}, periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 300}
    readinessProbe: {exec: {command: {{ toJson $asks }}}, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 2}
    livenessProbe:
      exec: {command: [sh, -c, {{ printf "%s; test $? -le 1" (join " " $asks) | quote }}]}
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 6
{{- end }}

{{- define "release-runtime.bundledPassword" -}}
{{- dict "valueFrom" (dict "secretKeyRef" (dict "name" (dig "password" "secret" "" .) "key" (dig "password" "key" "" .))) | toJson }}
{{- end }}

{{- /* The same of Redis. It reads its password, so that no list of processes shows it. */ -}}
{{- define "release-runtime.redisServer" -}}
{{- $r := .Values.redis }}{{ $claim := include "release-runtime.bundledClaim" (dict "root" . "key" "redis") }}
{{- $preset := dict "dir" "/data" "maxmemory" "192mb" "appendonly" (empty $claim | ternary "no" "yes") }}
{{- if not $claim }}{{ $_ := set $preset "save" "" }}{{ end }}
{{- $config := include "release-runtime.overlay" (list $preset $r.config) | fromJson -}}
{{ empty $claim | ternary "strategy: {type: Recreate}" "kind: StatefulSet" }}
preStopSeconds: 0
securityContext: {{ include "release-runtime.serverSecurity" (dict "root" . "user" 999) }}
healthd: {enabled: false}
volumes:
  data:
    {{ empty $claim | ternary "emptyDir: {}" "persistence: redis" }}
    mountPath: /data
containers:
  redis:
    image: {{ $r.image | default "redis:7.4.5-bookworm" | toJson }}
    port: {number: 6379, name: tcp-redis}
    command:
      - sh
      - -c
      - |
        umask 077
        password=$(printf %s "$REDISCLI_AUTH" | sed 's/[\\"]/\\&/g')
        exec redis-server - "$@" <<END
        requirepass "$password"
        END
      - redis-server
    args: {{ include "release-runtime.serverArgs" (dict "config" $config "switch" "--") }}
    env:
      REDISCLI_AUTH: {{ include "release-runtime.bundledPassword" $r }}
    readOnlyRoot: true
    writable: {/tmp: {}}
    resources: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: 256Mi}}
    # While it loads its data it answers, but not with PONG.
    startupProbe: &ping
      exec: {command: [sh, -c, "test \"$(redis-cli ping)\" = PONG"]}
      periodSeconds: 2
      timeoutSeconds: 5
      failureThreshold: 300
    readinessProbe: {<<: *ping, periodSeconds: 5, failureThreshold: 2}
    livenessProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6}
{{- end }}
