{{- /*
A migration before an install and before an upgrade.

release-runtime.migrateJob   the hook's Job, as YAML. dict
    root         of release-runtime.root
    name         of the Job; component: its label
    image command args mounts env volumes inits pod   what runs: the container is called migrate
    container    the application's, when that is its image: its securityContext holds here, too
    m            the values migrations.NAME, for the Job's own limits

Helm shows the log of a failed hook (hook-output-log-policy: Helm 3.18 and newer), so migrate logs as text, with file, line and
SQLSTATE. Its exit status says whether another start may help: 10 to 12 it has waited for itself, 20 to 24 need a person.
*/ -}}
{{- define "release-runtime.migrateJob" -}}
{{- $m := .m }}
{{- $container := dict "name" "migrate" "image" .image "imagePullPolicy" .pullPolicy "args" .args "env" .env }}
{{- if .command }}{{ $_ := set $container "command" .command }}{{ end }}
{{- if .mounts }}{{ $_ := set $container "volumeMounts" .mounts }}{{ end }}
{{- $_ := set $container "resources" (include "release-runtime.small" (dict "root" .root "resources" $m.resources) | fromJson) }}
{{- $_ := set $container "securityContext" (include "release-runtime.secure" (dict "container" .container "readOnly" true) | fromJson) }}
{{- $_ := set $container.securityContext "readOnlyRootFilesystem" true }}
{{- $pod := deepCopy .pod }}
{{- $_ := set $pod "containers" (list $container) }}
{{- if .inits }}{{ $_ := set $pod "initContainers" .inits }}{{ end }}
{{- if .volumes }}{{ $_ := set $pod "volumes" .volumes }}{{ end }}
{{- $_ := set $pod "restartPolicy" "Never" }}
{{- $_ := set $pod "terminationGracePeriodSeconds" 10 }}
{{- $ignore := dict "action" "Ignore" "onPodConditions" (list (dict "type" "DisruptionTarget" "status" "True")) }}
{{- $stop := dict "action" "FailJob" "onExitCodes" (dict "containerName" "migrate" "operator" "In" "values" (list 10 11 12 20 21 22 23 24)) }}
{{- $spec := dict "backoffLimit" (int64 (dig "backoffLimit" 3 $m)) "podFailurePolicy" (dict "rules" (list $ignore $stop)) }}
{{- $_ := set $spec "activeDeadlineSeconds" (include "release-runtime.migrateActive" (dict "root" .root "m" $m) | int64) }}
{{- $_ := set $spec "ttlSecondsAfterFinished" (int64 (dig "ttlSecondsAfterFinished" 86400 $m)) }}
{{- $labels := include "release-runtime.selector" (dict "root" .root "component" .component) | fromYaml }}
{{- $_ := set $spec "template" (dict "metadata" (dict "labels" $labels) "spec" $pod) }}
{{- $annotations := dict "helm.sh/hook" "pre-install,pre-upgrade" "helm.sh/hook-weight" "0" "helm.sh/hook-delete-policy" "before-hook-creation" }}
{{- /* Flux's helm-controller crashes on it when the hook fails; whether it is the one that renders cannot be seen. */ -}}
{{- if dig "hookLogs" (not .root.flux) (.root.Values.policy | default dict) }}{{ $_ := set $annotations "helm.sh/hook-output-log-policy" "hook-failed" }}{{ end }}
{{- $metadata := include "release-runtime.metadata" (dict "root" .root "name" .name "component" .component "annotations" $annotations) | fromJson }}
{{- toYaml (dict "apiVersion" "batch/v1" "kind" "Job" "metadata" $metadata "spec" $spec) }}
{{- end }}

{{- /*
The Job's name. With one hyphen it is this release's alone; with more it could be another's, whose Job Helm would delete, and gets a
hash: dict root key entry
*/ -}}
{{- define "release-runtime.jobName" -}}
{{- $suffix := "" }}
{{- if and (not .entry.nameOverride) (or (contains "-" .root.Release.Name) (contains "-" .key)) }}
  {{- $suffix = printf "-%s" (include "release-runtime.mark" .) }}
{{- end }}
{{- include "release-runtime.name" (dict "root" .root "key" .key "entry" .entry "suffix" $suffix) }}
{{- end }}

{{- define "release-runtime.helmTimeout" -}}
{{- int64 (dig "helmTimeout" 300 (.root.Values.policy | default dict)) }}
{{- end }}

{{- /* activeDeadlineSeconds of the Job: what Helm waits for, less the time that it takes to notice. dict root m */ -}}
{{- define "release-runtime.migrateActive" -}}
{{- int64 (dig "activeDeadlineSeconds" (sub (include "release-runtime.helmTimeout" . | int64) 20) .m) }}
{{- end }}

{{- /*
Refuses deadlines that are not nested. The Job's begins before its pod is scheduled and the image pulled, and ends after migrate had
its terminationGracePeriodSeconds: dict root m where
*/ -}}
{{- define "release-runtime.migrateDeadlines" -}}
{{- $where := .where }}
{{- $chain := list }}
{{- range $pair := list (list "lockTimeout" "2s") (list "statementTimeout" "") (list "deadline" "240s") }}
  {{- $text := get $.m (index $pair 0) | default (index $pair 1) }}
  {{- if $text }}
    {{- $chain = append $chain (list (index $pair 0) $text (include "release-runtime.ms" (dict "text" $text "where" (printf "%s.%s" $where (index $pair 0))) | int64)) }}
  {{- end }}
{{- end }}
{{- $active := include "release-runtime.migrateActive" . | int64 }}
{{- $helm := include "release-runtime.helmTimeout" . | int64 }}
{{- $deadline := include "release-runtime.ms" (dict "text" (.m.deadline | default "240s") "where" $where) | int64 }}
{{- range $pair := list (list "wait" "30s") (list "lockWait" "60s") }}
  {{- $text := get $.m (index $pair 0) | default (index $pair 1) }}
  {{- if ge (include "release-runtime.ms" (dict "text" $text "where" (printf "%s.%s" $where (index $pair 0))) | int64) $deadline }}
    {{- fail (printf "%s: %s (%s) must be less than deadline (%s)" $where (index $pair 0) $text ($.m.deadline | default "240s")) }}
  {{- end }}
{{- end }}
{{- range $i, $one := $chain }}
  {{- if gt $i 0 }}
    {{- $before := index $chain (int (sub $i 1)) }}
    {{- if ge (index $before 2 | int64) (index $one 2 | int64) }}
      {{- fail (printf "%s: %s (%s) must be less than %s (%s)" $where (index $before 0) (index $before 1) (index $one 0) (index $one 1)) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- $needed := div (add $deadline 40999) 1000 }}
{{- if gt $needed $active }}
  {{- fail (printf "%s: 30 s to schedule the pod and pull its image + deadline (%s) + 10 s to end do not fit into activeDeadlineSeconds (%d): at least %d, and policy.helmTimeout (with helm's --timeout) 20 more" $where (.m.deadline | default "240s") $active $needed) }}
{{- end }}
{{- if ge $active $helm }}
  {{- fail (printf "%s: activeDeadlineSeconds (%d) must be less than policy.helmTimeout (%d)" $where $active $helm) }}
{{- end }}
{{- end }}

{{- /*
Mounts and volumes for the files that the variables name, as JSON {mounts: […], volumes: […]}. An image of the user's may have them
itself, ours (own) has not: dict root connections source own copies where
*/ -}}
{{- define "release-runtime.migrateFiles" -}}
{{- $where := .where }}{{ $from := .source.name | default "a container, named by from," }}
{{- $found := include "release-runtime.pathMounts" (dict "root" .root "connections" .connections "container" .source.container) | fromJson }}
{{- if .own }}{{ range $name := $found.missing }}
  {{- fail (printf "%s: %s names a file or folder, which the image of migrate does not have; mount it into %s from a volume of a Secret or a ConfigMap, and the hook gets it too" $where $name $from) }}
{{- end }}{{ end }}
{{- $volumes := dict }}{{ $all := .source.workload.volumes | default dict }}{{ $own := .own }}
{{- range $mount := $found.mounts }}
  {{- if $own }}{{ include "release-runtime.ownFolder" (dict "path" $mount.mountPath "pattern" "/migrations" "where" $where) }}{{ end }}
  {{- $volume := deepCopy (get $all $mount.name | default dict) }}
  {{- if not (or $volume.secret $volume.configMap $volume.projected) }}
    {{- fail (printf "%s: a variable names a file in %s, and a hook has only volumes of Secrets and ConfigMaps" $where $mount.mountPath) }}
  {{- end }}
  {{- /* As with Secrets: libpq says which file it misses, instead of a pod that waits for it. */ -}}
  {{- range $kind := list "secret" "configMap" }}{{ if get $volume $kind }}{{ $_ := set (get $volume $kind) "optional" true }}{{ end }}{{ end }}
  {{- $_ := set $volumes $mount.name $volume }}
{{- end }}
{{- $made := include "release-runtime.volumes" (dict "root" .root "workload" (dict "volumes" $volumes) "hook" true "copies" .copies) | fromJson }}
{{- dict "mounts" $found.mounts "volumes" $made.volumes | toJson }}
{{- end }}

{{- /*
Refuses a first install whose migration, which runs before all else, would look for a database among its Services:
dict root connections where
*/ -}}
{{- define "release-runtime.elsewhere" -}}
{{- $root := .root }}{{ $where := .where }}{{ $own := dict }}
{{- range $key, $service := include "release-runtime.services" $root | fromJson }}{{ $_ := set $own (include "release-runtime.name" (dict "root" $root "key" $key "entry" $service)) $key }}{{ end }}
{{- range $name, $c := .connections }}
  {{- $text := include "release-runtime.known" (dict "root" $root "c" $c) }}
  {{- $hosts := list }}
  {{- if regexMatch "^(DATABASE_HOST|PGHOST)$" $name }}{{ $hosts = splitList "," $text }}
  {{- else if eq $name "DATABASE_URL" }}{{ $hosts = regexFind `://[^/?#\s]*` $text | trimPrefix "://" | regexFind `[^@]*$` | splitList "," }}
  {{- else if eq $name "DATABASE_DSN" }}{{ $hosts = regexFind `(^|\s)host\s*=\s*\S+` $text | regexFind `[^=\s]*$` | trimAll "'" | splitList "," }}
  {{- end }}
  {{- range $host := $hosts }}
    {{- $parts := splitList "." (regexReplaceAll `:[0-9]*$` (trim $host) "") }}
    {{- $key := get $own (first $parts) }}
    {{- if and $root.Release.IsInstall $key (has (index (append $parts $root.Release.Namespace) 1) (list $root.Release.Namespace)) }}
      {{- fail (printf "%s: %s names the Service %q of this release (services.%s), which is not there when migrations run before the first install; install with --set %s.enabled=false, then upgrade without it" $where $name (first $parts) $key $where) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /*
One migration with everything that it needs before it, as YAML documents: dict root key m.
What runs: files (in a ConfigMap) by our image; dir by our program inside the application's image; or an own image.
*/ -}}
{{- define "release-runtime.migration" -}}
{{- $root := .root }}{{ $m := .m }}{{ $key := .key }}
{{- $where := printf "migrations.%s" $key }}
{{- if $m.command }}
  {{- fail (printf "%s.command: wrapping another migrator needs \"migrate run\", which this version does not have; give files, dir or image" $where) }}
{{- end }}
{{- $ways := list }}
{{- if $m.files }}{{ $ways = append $ways "files" }}{{ else if $m.image }}{{ $ways = append $ways "image" }}{{ else if $m.dir }}{{ $ways = append $ways "dir" }}{{ end }}
{{- if or (not $ways) (and $m.files (or $m.image $m.dir)) }}
  {{- fail (printf "%s: give one of files (SQL here, or the name of a ConfigMap), dir (a folder in the image of from), or image (migrate with files in it; dir says where)" $where) }}
{{- end }}
{{- include "release-runtime.migrateDeadlines" (dict "root" $root "m" $m "where" $where) }}
{{- $source := dict "workload" dict "container" dict }}
{{- if $m.from }}{{ $source = include "release-runtime.source" (dict "root" $root "from" $m.from "where" $where) | fromJson }}{{ end }}
{{- if and $m.dir (not $m.image) (not $m.from) }}{{ fail (printf "%s.from is missing: WORKLOAD/CONTAINER, whose image has %s" $where $m.dir) }}{{ end }}
{{- $given := deepCopy $source.container }}{{ $at := dict }}
{{- if or $m.env $m.envFromSecret $m.envFromConfigMap }}
  {{- range $field := list "envFromSecret" "envFromConfigMap" }}{{ if hasKey $m $field }}{{ $_ := set $given $field (get $m $field) }}{{ end }}{{ end }}
  {{- $env := deepCopy ($given.env | default dict) }}
  {{- range $name, $value := $m.env | default dict }}
    {{- $_ := set $env $name $value }}
    {{- $_ := set $at $name (printf "%s.env.%s" $where $name) }}
  {{- end }}
  {{- $_ := set $given "env" $env }}
{{- end }}
{{- $connections := include "release-runtime.connections" (dict "root" $root "container" $given "at" $at "where" (ternary (printf "workloads.%s" ($m.from | default "" | replace "/" ".containers.")) $where (not (empty $m.from))) "unused" (list "redis")) | fromJson }}
{{- if not (include "release-runtime.names-a" (dict "connections" $connections "kind" "postgres")) }}
  {{- fail (printf "%s: nothing says where PostgreSQL is: give %s DATABASE_URL (or DATABASE_HOST …, PGHOST …) in env or envFromSecret" $where ($m.from | default "it")) }}
{{- end }}
{{- include "release-runtime.elsewhere" (dict "root" $root "connections" $connections "where" $where) }}
{{- $copies := dict "secrets" dict "configMaps" dict }}
{{- $has := include "release-runtime.given" (dict "root" $root "connections" $connections "volume" "release-runtime-connection" "hook" true "copies" $copies) | fromJson }}
{{- $mounts := $has.mounts }}{{ $volumes := $has.volumes }}{{ $inits := list }}
{{- $image := include "release-runtime.image" (dict "root" $root "program" "migrate") }}
{{- $pull := $root.own.pullPolicy | default "IfNotPresent" }}
{{- $dir := $m.dir | default "/migrations" }}{{ $command := list }}{{ $inside := dict }}
{{- $filesName := include "release-runtime.name" (dict "root" $root "key" $key "suffix" (printf "-files%s" (include "release-runtime.hookSuffix" (dict "root" $root "key" $key)))) }}
{{- if $m.files }}
  {{- $map := $filesName }}
  {{- if kindIs "string" $m.files }}
    {{- $map = include "release-runtime.ref" (dict "root" $root "kind" "configMaps" "name" $m.files "hook" true "copies" $copies) }}
  {{- end }}
  {{- $source := dict "name" $map }}
  {{- /* As with Secrets: migrate says that there are no files, instead of a pod that waits for them. */ -}}
  {{- if eq $map (toString $m.files) }}{{ $_ := set $source "optional" true }}{{ end }}
  {{- $volumes = append $volumes (dict "name" "release-runtime-files" "configMap" $source) }}
  {{- $mounts = append $mounts (dict "name" "release-runtime-files" "mountPath" "/migrations" "readOnly" true) }}
{{- else if $m.image }}
  {{- $image = $m.image }}{{ $pull = $m.imagePullPolicy | default $pull }}
{{- else }}
  {{- $image = $source.container.image }}{{ $pull = $source.container.imagePullPolicy | default $pull }}
  {{- $command = list "/release-runtime/migrate" }}{{ $inside = $source.container }}
  {{- $inits = append $inits (include "release-runtime.copy" (dict "root" $root "program" "migrate") | fromJson) }}
  {{- $volumes = append $volumes (include "release-runtime.copyVolume" . | fromJson) }}
  {{- $mounts = append $mounts (dict "name" "release-runtime" "mountPath" "/release-runtime" "readOnly" true) }}
{{- end }}
{{- $files := include "release-runtime.migrateFiles" (dict "root" $root "connections" $connections "source" $source "own" (not (empty $m.files)) "copies" $copies "where" $where) | fromJson }}
{{- $mounts = concat $mounts $files.mounts }}{{ $volumes = concat $volumes $files.volumes }}
{{- $args := list "up" "--dir" $dir "--log" ($m.log | default "text") "--release" $root.Release.Name }}
{{- range $pair := list (list "--deadline" "deadline" "240s") (list "--wait" "wait" "30s") (list "--lock-wait" "lockWait" "60s") (list "--lock-timeout" "lockTimeout" "2s") (list "--statement-timeout" "statementTimeout" "") (list "--phase" "phase" "") (list "--table" "table" "") (list "--role" "role" "") (list "--search-path" "searchPath" "") }}
  {{- $value := get $m (index $pair 1) | default (index $pair 2) }}
  {{- if $value }}{{ $args = concat $args (list (index $pair 0) (include "release-runtime.text" $value)) }}{{ end }}
{{- end }}
{{- $pod := include "release-runtime.pod" (dict "root" $root "workload" $source.workload "hook" true "copies" $copies) | fromJson }}
{{- $component := printf "%s.migration" $key }}
{{- $name := include "release-runtime.jobName" (dict "root" $root "key" $key "entry" $m) }}
{{- if kindIs "map" $m.files }}
{{- range $file, $text := $m.files }}
  {{- if include "release-runtime.hasPassword" $text }}
    {{- fail (printf "%s.files.%s: holds a password in a URL, and a ConfigMap would show it" $where $file) }}
  {{- end }}
{{- end }}
{{- $metadata := include "release-runtime.metadata" (dict "root" $root "name" $filesName "component" $component "annotations" (include "release-runtime.copyAnnotations" . | fromJson)) | fromJson }}
---
{{ toYaml (dict "apiVersion" "v1" "kind" "ConfigMap" "metadata" $metadata "data" $m.files) }}
{{- $_ := set .files $filesName (printf "%s.files" $where) }}
{{- end }}
---
{{ include "release-runtime.migrateJob" (dict "root" $root "name" $name "component" $component "image" $image "pullPolicy" $pull "command" $command "args" $args "mounts" $mounts "env" $has.env "volumes" $volumes "inits" $inits "pod" $pod "container" $inside "m" $m) }}
{{- $_ := set .copies "secrets" (mergeOverwrite .copies.secrets $copies.secrets) }}
{{- $_ := set .copies "configMaps" (mergeOverwrite .copies.configMaps $copies.configMaps) }}
{{- end }}
