{{- /*
A migration.

release-runtime.check.migration   refuses, in the values, what does not say which files and which database: dict root key migration
*/ -}}
{{- define "release-runtime.check.migration" -}}
{{- $m := .migration }}{{ $where := printf "migrations.%s" .key }}
{{- if $m.command }}
  {{- fail (printf (print "%s.command: the chart does not write a Job of \"migrate run\" yet (docs/migrate.md has one to copy); "
    "give files, dir or image") $where) }}
{{- end }}
{{- if or (not (or $m.files $m.image $m.dir)) (and $m.files (or $m.image $m.dir)) }}
  {{- fail (printf (print "%s: give one of files (SQL here, or the name of a ConfigMap), dir (a folder in the image of from), "
    "or image (migrate with files in it; dir says where)") $where) }}
{{- end }}
{{- include "release-runtime.check.deadlines" (dict "root" .root "m" $m "where" $where) }}
{{- if $m.from }}
  {{- include "release-runtime.check.source" (dict "root" .root "from" $m.from "where" $where) }}
{{- else if and $m.dir (not $m.image) }}
  {{- fail (printf "%s.from is missing: WORKLOAD/CONTAINER, whose image has %s" $where $m.dir) }}
{{- end }}
{{- $at := dict }}
{{- range $name, $_ := $m.env }}{{ $_ := set $at $name (printf "%s.env.%s" $where $name) }}{{ end }}
{{- $source := include "release-runtime.source" (dict "root" .root "from" $m.from) | fromJson }}
{{- $given := include "release-runtime.migrationContainer" (dict "source" $source "migration" $m) | fromJson }}
{{- $from := include "release-runtime.migrationWhere" . }}
{{- include "release-runtime.check.connectionEnv" (dict "env" $given.env "at" $at "where" $from) }}
{{- include "release-runtime.check.pod" (dict "root" .root "workload" $source.workload) }}
{{- if kindIs "map" $m.files }}{{ range $file, $text := $m.files }}
  {{- if include "release-runtime.hasPassword" $text }}
    {{- fail (printf "%s.files.%s: holds a password in a URL, and a ConfigMap would show it" $where $file) }}
  {{- end }}
{{- end }}{{ end }}
{{- end }}

{{- /* Where the values say what a migration's database is: dict key migration */ -}}
{{- define "release-runtime.migrationWhere" -}}
{{- with .migration.from }}{{ printf "workloads.%s" (replace "/" ".containers." .) }}{{ else }}{{ printf "migrations.%s" .key }}{{ end }}
{{- end }}

{{- /* Refuses, in the model, a migration that would not find its database or its files: dict root key migration made(of the model) */ -}}
{{- define "release-runtime.check.migrationModel" -}}
{{- $m := .migration }}{{ $made := .made }}{{ $where := printf "migrations.%s" .key }}
{{- $access := $made.access }}{{ $from := include "release-runtime.migrationWhere" . }}
{{- include "release-runtime.check.silentSecrets" (dict "root" .root "access" $access "unused" (list "redis") "where" $from) }}
{{- if not (include "release-runtime.hasConnection" (dict "connections" $access.connections "kind" "postgres")) }}
  {{- fail (printf "%s: nothing says where PostgreSQL is: give %s DATABASE_URL (or DATABASE_HOST …, PGHOST …) in env or envFromSecret"
    $where ($m.from | default "it")) }}
{{- end }}
{{- $wanted := dict "root" .root "services" .services "connections" $access.connections "where" $where }}
{{- include "release-runtime.check.databaseIsThere" $wanted }}
{{- if $m.files }}{{ range $made.missing }}
  {{- $container := splitList "/" ($m.from | default "") | rest | join "/" | default "a container, named by from," }}
  {{- fail (printf (print "%s: %s names a file or folder, which the image of migrate does not have; "
    "mount it into %s from a volume of a Secret or a ConfigMap, and the hook gets it too") $where . $container) }}
{{- end }}{{ end }}
{{- $kinds := dict }}
{{- range $made.volumes }}{{ $_ := set $kinds .name (or .secret .configMap .projected) }}{{ end }}
{{- range $made.found }}
  {{- if $m.files }}
    {{- include "release-runtime.check.ownFolder" (dict "path" .mountPath "pattern" "/migrations" "where" $where) }}
  {{- end }}
  {{- if not (get $kinds .name) }}
    {{- fail (printf "%s: a variable names a file in %s, and a hook has only volumes of Secrets and ConfigMaps" $where .mountPath) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /*
Refuses deadlines that are not nested. The Job's begins before its pod is scheduled and the image pulled, and ends after migrate had
its terminationGracePeriodSeconds: dict root m where
*/ -}}
{{- define "release-runtime.check.deadlines" -}}
{{- $where := .where }}
{{- $given := merge (dict) .m (dict "lockTimeout" "2s" "statementTimeout" "" "deadline" "240s" "wait" "30s" "lockWait" "60s") }}
{{- $times := dict }}
{{- range $field, $text := pick $given "lockTimeout" "statementTimeout" "deadline" "wait" "lockWait" }}
  {{- if $text }}{{ include "release-runtime.check.duration" (dict "text" $text "where" (printf "%s.%s" $where $field)) }}{{ end }}
  {{- $_ := set $times $field (include "release-runtime.milliseconds" $text | int64) }}
{{- end }}
{{- range list "wait<deadline" "lockWait<deadline" "lockTimeout<statementTimeout" "statementTimeout<deadline" "lockTimeout<deadline" }}
  {{- $less := splitList "<" . | first }}{{ $more := splitList "<" . | last }}
  {{- if and (get $given $less) (get $given $more) (ge (get $times $less) (get $times $more)) }}
    {{- fail (printf "%s: %s (%s) must be less than %s (%s)" $where $less (get $given $less) $more (get $given $more)) }}
  {{- end }}
{{- end }}
{{- $active := include "release-runtime.migrateActive" . | int64 }}
{{- $helm := include "release-runtime.helmTimeout" . | int64 }}
{{- $needed := div (add $times.deadline 40999) 1000 }}
{{- if gt $needed $active }}
  {{- fail (printf (print "%s: 30 s to schedule the pod and pull its image + deadline (%s) + 10 s to end do not fit into "
    "activeDeadlineSeconds (%d): at least %d, and policy.helmTimeout (with helm's --timeout) 20 more")
    $where $given.deadline $active $needed) }}
{{- end }}
{{- if ge $active $helm }}
  {{- fail (printf "%s: activeDeadlineSeconds (%d) must be less than policy.helmTimeout (%d)" $where $active $helm) }}
{{- end }}
{{- end }}

{{- /*
Refuses a first install whose migration, which runs before all else, would look for a database among its Services:
dict root services(of the model) connections where
*/ -}}
{{- define "release-runtime.check.databaseIsThere" -}}
{{- $own := dict }}{{ $namespace := .root.Release.Namespace }}
{{- range $key, $service := .services }}{{ $_ := set $own $service.name $key }}{{ end }}
{{- range $name, $c := .connections }}
  {{- $text := include "release-runtime.knownText" (dict "root" $.root "connection" $c) }}
  {{- range include "release-runtime.hosts" (dict "name" $name "text" $text) | fromJsonArray }}
    {{- $parts := splitList "." (regexReplaceAll `:[0-9]*$` (trim .) "") }}
    {{- $key := get $own (first $parts) }}
    {{- if and $.root.Release.IsInstall $key (eq (index (append $parts $namespace) 1) $namespace) }}
      {{- fail (printf (print "%s: %s names the Service %q of this release (services.%s), which is not there when migrations run before "
        "the first install; install with --set %s.enabled=false, then upgrade without it") $.where $name (first $parts) $key $.where) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* The hosts that a variable names, as JSON, to be read by fromJsonArray: dict name text */ -}}
{{- define "release-runtime.hosts" -}}
{{- $hosts := list }}
{{- if regexMatch "^(DATABASE_HOST|PGHOST)$" .name }}{{ $hosts = splitList "," .text }}
{{- else if eq .name "DATABASE_URL" }}
  {{- $hosts = regexFind `://[^/?#\s]*` .text | trimPrefix "://" | regexFind `[^@]*$` | splitList "," }}
{{- else if eq .name "DATABASE_DSN" }}
  {{- $hosts = regexFind `(^|\s)host\s*=\s*\S+` .text | regexFind `[^=\s]*$` | trimAll "'" | splitList "," }}
{{- end }}
{{- toJson $hosts }}
{{- end }}
