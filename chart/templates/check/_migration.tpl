{{- /*
A migration.

release-runtime.check.migration   refuses, in the values, what does not say which files and which database: dict root key migration
*/ -}}
{{- define "release-runtime.check.migration" -}}
{{- $m := .migration }}{{ $where := printf "migrations.%s" .key }}
{{- if or (not (or $m.files $m.image $m.dir $m.command)) (and $m.files (or $m.image $m.dir $m.command)) (and $m.dir $m.command) }}
  {{- fail (printf (print "%s: give one of files (SQL here, or the name of a ConfigMap), dir (a folder in the image of from), "
    "image (migrate with files in it; dir says where), or command (another migrator, in the image of from or in image)") $where) }}
{{- end }}
{{- include "release-runtime.check.migrationKeys" (dict "m" $m "where" $where "root" .root) }}
{{- include "release-runtime.check.deadlines" (dict "root" .root "m" $m "where" $where) }}
{{- if $m.from }}
  {{- include "release-runtime.check.source" (dict "root" .root "from" $m.from "where" $where) }}
{{- else if and $m.dir (not $m.image) }}
  {{- fail (printf "%s.from is missing: WORKLOAD/CONTAINER, whose image has %s" $where $m.dir) }}
{{- else if $m.command }}{{ fail (printf "%s.from is missing: WORKLOAD/CONTAINER, whose image and variables command gets" $where) }}
{{- else if eq ($m.when | default "") "init" }}
  {{- fail (printf "%s.from is missing: WORKLOAD/CONTAINER, in whose pods the init container runs" $where) }}
{{- end }}
{{- if $m.image }}{{ include "release-runtime.check.image" (dict "image" $m.image "where" $where) }}{{ end }}
{{- include "release-runtime.check.envFrom" (dict "envFrom" $m.envFrom "where" $where) }}
{{- $at := dict }}
{{- range $name, $_ := $m.env }}{{ $_ := set $at $name (printf "%s.env.%s" $where $name) }}{{ end }}
{{- $source := include "release-runtime.source" (dict "root" .root "from" $m.from) | fromJson }}
{{- $taken := merge (dict "root" .root "source" $source "where" $where) (pick $m "volumes" "from") }}
{{- include "release-runtime.check.takenVolumes" $taken }}
{{- include "release-runtime.check.jobPod" (dict "root" .root "pod" $m.pod "where" $where) }}
{{- $given := include "release-runtime.migrationContainer" (dict "source" $source "migration" $m) | fromJson }}
{{- $from := include "release-runtime.migrationAt" . }}
{{- if $m.command }}
  {{- include "release-runtime.check.words" (dict "words" $m.command "where" (printf "%s.command" $where)) }}
  {{- range $name, $_ := $m.env }}
    {{- include "release-runtime.check.env" (dict "root" $.root "env" (pick $m.env $name) "where" (printf "%s.env" $where)) }}
  {{- end }}
{{- else }}
  {{- include "release-runtime.check.connectionEnv" (dict "root" .root "env" $given.env "at" $at "where" $from) }}
{{- end }}
{{- include "release-runtime.check.pod" (dict "root" .root "workload" $source.workload) }}
{{- if kindIs "map" $m.files }}{{ range $file, $text := $m.files }}
  {{- if include "release-runtime.hasPassword" $text }}
    {{- fail (printf "%s.files.%s: holds a password in a URL, and a ConfigMap would show it" $where $file) }}
  {{- end }}
{{- end }}{{ end }}
{{- end }}

{{- /* Refuses keys that go together with others alone: dict root m where */ -}}
{{- define "release-runtime.check.migrationKeys" -}}
{{- $m := .m }}{{ $where := .where }}
{{- range empty $m.command | ternary (list "exportUrl" "grace") (list "lockTimeout" "statementTimeout" "layout" "role" "searchPath") }}
  {{- if hasKey $m . }}
    {{- fail (printf "%s.%s: only %s has it" $where . (empty $m.command | ternary "command" "files, dir or image")) }}
  {{- end }}
{{- end }}
{{- $contract := $m.contract | default "manual" }}
{{- if and $m.command (ne $contract "manual") }}{{ fail (printf "%s.contract: another migrator has no such files" $where) }}{{ end }}
{{- /* Argo CD waits by itself. */ -}}
{{- if and (eq $contract "post") (not .root.argocd) (not (dig "policy" "helmWaits" false .root.Values)) }}
  {{- fail (printf (print "%s.contract: post takes away what old pods may still use, unless Helm waits until they are gone; call it with "
    "--wait and say policy.helmWaits: true, or use manual") $where) }}
{{- end }}
{{- if and (eq ($m.when | default "") "init") $m.pod }}
  {{- fail (printf "%s.pod: with when: init it runs in the pods of %s" $where ($m.from | default "from")) }}
{{- end }}
{{- end }}

{{- /* Where the values say what a migration's database is: dict root key migration */ -}}
{{- define "release-runtime.migrationAt" -}}
{{- with .migration.from }}{{ include "release-runtime.fromPath" (dict "root" $.root "from" .) }}
{{- else }}{{ printf "migrations.%s" .key }}
{{- end }}
{{- end }}

{{- /* Refuses, in the model, a migration that would not find its database or its files: dict root made(of the model) claims */ -}}
{{- define "release-runtime.check.migrationModel" -}}
{{- $made := .made }}{{ $m := $made.m }}{{ $where := $made.where }}
{{- $access := $made.access }}{{ $from := include "release-runtime.migrationAt" (dict "root" .root "key" $made.key "migration" $m) }}
{{- $known := include "release-runtime.hasConnection" (dict "connections" $access.connections "kind" "postgres") }}
{{- if $made.wrapped }}
  {{- include "release-runtime.check.containerModel" (dict "container" $made.wrapped "where" $from) }}
  {{- $given := dict "source" (include "release-runtime.source" (dict "root" .root "from" $m.from) | fromJson) "migration" $m }}
  {{- $container := include "release-runtime.migrationContainer" $given | fromJson }}
  {{- $known = (include "release-runtime.cronStores" (dict "root" .root "container" $container) | fromJson).postgres }}
{{- else }}
  {{- include "release-runtime.check.silentSecrets" (dict "root" .root "access" $access "unused" (list "redis") "where" $from) }}
{{- end }}
{{- include "release-runtime.check.schemaChecks" (dict "root" .root "made" $made) }}
{{- if not $known }}
  {{- fail (printf "%s: nothing says where PostgreSQL is: give %s DATABASE_URL (or DATABASE_HOST …, PGHOST …) in env or envFrom"
    $where ($m.from | default "it")) }}
{{- end }}
{{- if eq $made.when "pre" }}
  {{- $remedy := dict "root" .root "where" $where "first" (printf "say %s.when: init" $where) }}
  {{- $remedy = include "release-runtime.check.remedies" $remedy }}
  {{- include "release-runtime.check.beforeInstall" (dict "root" .root "made" $made "claims" .claims "remedy" $remedy) }}
  {{- include "release-runtime.check.databaseIsThere" (dict "root" .root "connections" $access.connections "where" $where) }}
{{- end }}
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

{{- /* Refuses, before a first install, what is not there yet: dict root made claims remedy */ -}}
{{- define "release-runtime.check.beforeInstall" -}}
{{- $made := .made }}{{ $where := $made.where }}{{ $remedy := .remedy }}
{{- if .root.Release.IsInstall }}
  {{- range $name, $one := $made.claims }}{{ range $key, $claim := $.claims }}
    {{- if and (eq $claim.name $one.claim) $claim.made }}
      {{- fail (printf "%s.volumes: the claim of persistence.%s is not there before the first install; %s" $where $key $remedy) }}
    {{- end }}
  {{- end }}{{ end }}
  {{- range $key, $_ := $made.copies.sealed }}
    {{- fail (printf (print "%s: it needs secrets.%s, which is sealed: before the first install nobody has unsealed it, and a copy for "
      "the hook cannot be made, for it is sealed to its name; %s") $where $key $remedy) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /*
Refuses a migration after the upgrade beside a readiness that waits for it: with --wait and under Flux each would wait for the other.
dict root made
*/ -}}
{{- define "release-runtime.check.schemaChecks" -}}
{{- $made := .made }}
{{- if and (eq $made.when "post") (hasSuffix ".migration" $made.component) }}
  {{- range $key, $workload := .root.Values.workloads }}
    {{- range $name, $line := dig "healthd" "checks" dict $workload }}
      {{- if regexMatch `\sschema\s` $line }}
        {{- fail (printf (print "%s.when: post runs when the pods are ready, and workloads.%s.healthd.checks.%s keeps them from it "
          "until it has run; say when: pre or init") $made.where $key $name) }}
      {{- end }}
    {{- end }}
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
{{- /* An init container has none of a Job's. */ -}}
{{- if ne (.m.when | default "") "init" }}
  {{- include "release-runtime.check.jobDeadline" (merge (dict "deadline" $given.deadline "needed" $times.deadline) .) }}
{{- end }}
{{- end }}

{{- /* Refuses a Job's time that is too short for the deadline, or too long for Helm: dict root m where deadline needed(milliseconds) */ -}}
{{- define "release-runtime.check.jobDeadline" -}}
{{- $where := .where }}
{{- $active := include "release-runtime.migrateActive" . | int64 }}
{{- $helm := include "release-runtime.helmTimeout" . | int64 }}
{{- $needed := div (add .needed 40999) 1000 }}
{{- if gt $needed $active }}
  {{- fail (printf (print "%s: 30 s to schedule the pod and pull its image + deadline (%s) + 10 s to end do not fit into "
    "activeDeadlineSeconds (%d): at least %d, and policy.helmTimeout (with helm's --timeout) 20 more")
    $where .deadline $active $needed) }}
{{- end }}
{{- if ge $active $helm }}
  {{- fail (printf "%s: activeDeadlineSeconds (%d) must be less than policy.helmTimeout (%d)" $where $active $helm) }}
{{- end }}
{{- end }}

{{- /*
Refuses a first install whose migration, which runs before all else, would look for a database among its Services:
dict root connections where
*/ -}}
{{- define "release-runtime.check.databaseIsThere" -}}
{{- $remedy := dict "root" .root "where" .where "first" (printf "say %s.when: init (with from)" .where) }}
{{- $remedy = include "release-runtime.check.remedies" $remedy }}
{{- with include "release-runtime.ownDatabase" . | fromJson }}{{ if $.root.Release.IsInstall }}
  {{- fail (printf (print "%s: %s names the Service %q of this release (services.%s), which is not there when migrations run before "
    "the first install; %s")
    $.where .variable .host .key $remedy) }}
{{- end }}{{ end }}
{{- end }}
