{{- /*
A migration. What runs: files (in a ConfigMap) by our image; dir by our program inside the application's image; an own image; or another
migrator there, wrapped by our program.

release-runtime.model.migration   as JSON: dict root key migration [contract: when the others are applied, for the Job that applies what
                                  they leave]

    key m where when                  its key and values; pre, post or init
    name component                    of the Job
    image pullPolicy command args     what runs
    env mounts volumes pod container  release-runtime.migrateContainer
    wrapped                           release-runtime.model.container, when a command of the container's is run
    bringsMigrate                     whether the program is brought into the application's image
    files                             {name, component, annotations, data} of the ConfigMap with files, when they are in the values
    copies                            {secrets, configMaps, accounts, sealed}: keys of those that it refers to; of sealed ones no copy
                                      can be made
    access missing found claims       connections, variables whose file lies on no mount, the mounts of the others, and claims
*/ -}}
{{- define "release-runtime.model.migration" -}}
{{- $m := .migration }}{{ $root := .root }}
{{- $source := include "release-runtime.source" (dict "root" .root "from" $m.from) | fromJson }}
{{- $given := include "release-runtime.migrationContainer" (dict "source" $source "migration" $m) | fromJson }}
{{- $access := include "release-runtime.connections" (dict "root" .root "container" $given "unused" (list "redis")) | fromJson }}
{{- $when := "post" }}
{{- if not .contract }}
  {{- $when = include "release-runtime.migrationWhen" (dict "root" .root "migration" $m "connections" $access.connections) }}
{{- end }}
{{- $hook := dict "root" .root "connections" $access.connections "key" .key "when" $when "hook" (eq $when "pre") }}
{{- $_ := set $hook "copies" (dict "secrets" dict "configMaps" dict "sealed" dict "accounts" dict) }}
{{- $out := dict "key" .key "m" $m "when" $when "where" (printf "migrations.%s" .key) "access" $access }}
{{- $_ := set $out "name" (include "release-runtime.jobName" (merge (dict "entry" $m) .)) }}
{{- $_ := set $out "component" (printf "%s.%s" .key (empty .contract | ternary "migration" "contract")) }}
{{- $taken := include "release-runtime.takenVolumes" (merge (dict "source" $source "root" .root) (pick $m "volumes" "from")) | fromJson }}
{{- $runs := dict "source" $source "migration" $m "given" $given "hook" $hook "contract" .contract "taken" $taken }}
{{- $runs = include (empty $m.command | ternary "release-runtime.runsFiles" "release-runtime.wrapsCommand") $runs | fromJson }}
{{- $theirs := include "release-runtime.volumes" (merge (dict "workload" $taken) $hook) | fromJsonArray }}
{{- $_ := set $runs "volumes" (concat ($runs.volumes | default list) $theirs) }}
{{- if $runs.files }}{{ $_ := set $runs.files "component" $out.component }}{{ end }}
{{- if ne $when "init" }}
  {{- $pod := dict "workload" $source.workload "over" $m.pod "near" $taken.near }}
  {{- $_ := set $out "pod" (include "release-runtime.model.pod" (merge $pod $hook) | fromJson) }}
{{- end }}
{{- merge $out $runs (dict "claims" $taken.claims "copies" $hook.copies) | toJson }}
{{- end }}

{{- /* pre, post or init: dict root migration connections. A database of this very release is not there before it. */ -}}
{{- define "release-runtime.migrationWhen" -}}
{{- $when := .migration.when | default "auto" }}
{{- if eq $when "auto" }}
  {{- $when = "pre" }}
  {{- if and .migration.from (include "release-runtime.ownDatabase" . | fromJson) }}{{ $when = "init" }}{{ end }}
{{- end }}
{{- $when }}
{{- end }}

{{- /* The name of a volume of the chart's own: an init container shares its pod with others. dict key when word */ -}}
{{- define "release-runtime.ownVolume" -}}
{{- $middle := eq .when "init" | ternary (printf "%s-" .key) "" }}
{{- include "release-runtime.shortName" (list (printf "release-runtime-%s%s" $middle .word) 63) }}
{{- end }}

{{- /*
Our program and what it needs, as JSON {image, pullPolicy, command, args, env, mounts, volumes, container, bringsMigrate, files, missing,
found}: dict source migration hook contract taken
*/ -}}
{{- define "release-runtime.runsFiles" -}}
{{- $m := .migration }}{{ $root := .hook.root }}{{ $hook := .hook }}
{{- $volume := include "release-runtime.ownVolume" (merge (dict "word" "connection") $hook) }}
{{- $has := include "release-runtime.connectionEnv" (merge (dict "volume" $volume) $hook) | fromJson }}
{{- $named := include "release-runtime.migrationFiles" (merge (dict "source" .source) $hook) | fromJson }}
{{- $copied := and $hook.hook (not $root.argocd) }}
{{- $suffix := printf "-files%s" (ternary (include "release-runtime.hookSuffix" $hook) "" $copied) }}
{{- $filesName := include "release-runtime.name" (dict "root" $root "key" $hook.key "suffix" $suffix) }}
{{- $image := dict "migration" $m "source" .source "filesName" $filesName "hook" $hook }}
{{- $image = include "release-runtime.migrationImage" $image | fromJson }}
{{- $out := dict "env" $has.env "args" (include "release-runtime.migrateArgs" (merge (dict "root" $root) .) | fromJsonArray) }}
{{- $_ := set $out "mounts" (concat $has.mounts $image.mounts $named.found) }}
{{- range $key, $mount := .taken.mounts }}{{ $_ := set $out "mounts" (append $out.mounts (merge (dict "name" $key) $mount)) }}{{ end }}
{{- $_ := set $out "volumes" (concat $has.volumes $image.volumes $named.volumes) }}
{{- /* The Job for what is left has files of its own where the others' are a hook's, which go with it. */ -}}
{{- if and (kindIs "map" $m.files) (or (not .contract) (and (eq .contract "pre") (not $root.argocd))) }}
  {{- $_ := set $out "files" (dict "name" $filesName "data" $m.files) }}
  {{- $_ := set $out.files "annotations" (include "release-runtime.early" $root | fromJson) }}
  {{- if $copied }}{{ $_ := set $out.files "annotations" (include "release-runtime.hookCopyAnnotations" . | fromYaml) }}{{ end }}
{{- end }}
{{- merge $out (omit $image "mounts" "volumes") (omit $named "volumes") | toJson }}
{{- end }}

{{- /* The container that runs another migrator, as JSON {wrapped, volumes, bringsMigrate}: dict migration given hook taken */ -}}
{{- define "release-runtime.wrapsCommand" -}}
{{- $m := .migration }}{{ $hook := .hook }}
{{- $theirs := include "release-runtime.inheritedContainer" .given | fromJson }}
{{- $own := merge (dict "volumeMounts" .taken.mounts) (pick $m "image" "imagePullPolicy" "resources") }}
{{- $container := include "release-runtime.overlay" (list $theirs $own) | fromJson }}
{{- $name := include "release-runtime.migrateName" $hook }}
{{- $one := include "release-runtime.model.container" (merge (dict "container" $container "name" $name) $hook) | fromJson }}
{{- $args := list "/release-runtime/migrate" "run" "--log" ($m.log | default "text") }}
{{- $presets := dict "deadline" "240s" "wait" "30s" "lockWait" "60s" "grace" "5s" }}
{{- range list "deadline" "wait" "lockWait" "grace" "table" "exportUrl" }}
  {{- $value := get $m . | default (get $presets .) }}
  {{- if $value }}{{ $args = concat $args (list (printf "--%s" (kebabcase .)) $value) }}{{ end }}
{{- end }}
{{- $_ := set $one "command" (concat $args (list "--") (include "release-runtime.words" $m.command | fromJsonArray)) }}
{{- $_ := set $one "volumeMounts" (append ($one.volumeMounts | default list) (include "release-runtime.programMount" . | fromYaml)) }}
{{- $volumes := append $one.volumes (include "release-runtime.programVolume" . | fromYaml) }}
{{- dict "wrapped" $one "volumes" $volumes "bringsMigrate" true | toJson }}
{{- end }}

{{- /* A container's name: a Job's policy for failed pods names it. dict key when */ -}}
{{- define "release-runtime.migrateName" -}}
{{- if ne (.when | default "") "init" }}migrate
{{- else }}{{ include "release-runtime.shortName" (list (printf "migrate-%s" .key) 63) }}
{{- end }}
{{- end }}

{{- /*
Which image, and what it needs, as JSON {image, pullPolicy, command, container, bringsMigrate, mounts, volumes}:
dict migration source filesName hook
*/ -}}
{{- define "release-runtime.migrationImage" -}}
{{- $m := .migration }}{{ $root := .hook.root }}
{{- $pull := $root.own.pullPolicy | default "IfNotPresent" }}
{{- $out := dict "image" (include "release-runtime.image" (dict "root" $root "program" "migrate")) "pullPolicy" $pull }}
{{- $volumes := list }}{{ $mounts := list }}
{{- if $m.files }}
  {{- $map := dict "name" .filesName }}
  {{- if kindIs "string" $m.files }}
    {{- $_ := set $map "name" (include "release-runtime.realName" (merge (dict "kind" "configMaps" "name" $m.files) .hook)) }}
    {{- /* As with Secrets: migrate says that there are no files, instead of a pod that waits for them. */ -}}
    {{- if and .hook.hook (eq $map.name $m.files) }}{{ $_ := set $map "optional" true }}{{ end }}
  {{- end }}
  {{- $volume := include "release-runtime.ownVolume" (merge (dict "word" "files") .hook) }}
  {{- $volumes = list (dict "name" $volume "configMap" $map) }}
  {{- $mounts = list (dict "name" $volume "mountPath" "/migrations" "readOnly" true) }}
{{- else if $m.image }}
  {{- $out = dict "image" $m.image "pullPolicy" ($m.imagePullPolicy | default "") }}
{{- else }}
  {{- $theirs := .source.container }}
  {{- $out = dict "image" $theirs.image "pullPolicy" ($theirs.imagePullPolicy | default "") }}
  {{- $inside := dict "command" (list "/release-runtime/migrate") "bringsMigrate" true }}
  {{- $out = merge $out $inside (dict "container" (pick $theirs "securityContext")) }}
  {{- $volumes = list (include "release-runtime.programVolume" . | fromYaml) }}
  {{- $mounts = list (include "release-runtime.programMount" . | fromYaml) }}
{{- end }}
{{- merge $out (dict "volumes" $volumes "mounts" $mounts) | toJson }}
{{- end }}

{{- /*
The arguments of migrate, as JSON, to be read by fromJsonArray: dict root migration [contract]. What takes something away is applied by a
Job after the upgrade, or when the values ask for it.
*/ -}}
{{- define "release-runtime.migrateArgs" -}}
{{- $m := .migration }}
{{- $args := list "up" "--dir" ($m.dir | default "/migrations") "--log" ($m.log | default "text") "--release" .root.Release.Name }}
{{- $presets := dict "deadline" "240s" "wait" "30s" "lockWait" "60s" "lockTimeout" "2s" }}
{{- range list "deadline" "wait" "lockWait" "lockTimeout" "statementTimeout" "table" "layout" "role" "searchPath" }}
  {{- $value := get $m . | default (get $presets .) }}
  {{- if $value }}
    {{- $args = concat $args (list (printf "--%s" (kebabcase .)) (include "release-runtime.asText" $value)) }}
  {{- end }}
{{- end }}
{{- $all := or (eq ($m.contract | default "") "pre") (and (eq ($m.contract | default "") "post") (eq ($m.when | default "") "post")) }}
{{- if .contract }}{{ $args = concat $args (list "--phase" "contract") }}
{{- else if $all }}{{ $args = concat $args (list "--phase" "all") }}
{{- end }}
{{- toJson $args }}
{{- end }}

{{- /*
Mounts and volumes for the files that the variables name, as JSON {found: [mounts], volumes, missing}: dict root connections source
[hook copies]
*/ -}}
{{- define "release-runtime.migrationFiles" -}}
{{- $paths := include "release-runtime.pathMounts" (merge (dict "container" .source.container) .) | fromJson }}
{{- $volumes := dict }}
{{- range $paths.mounts }}
  {{- $volume := dig "volumes" .name dict $.source.workload | deepCopy }}
  {{- /* As with Secrets: libpq says which file it misses, instead of a pod that waits for it. */ -}}
  {{- range pick $volume "secret" "configMap" }}{{ $_ := set . "optional" true }}{{ end }}
  {{- $_ := set $volumes .name $volume }}
{{- end }}
{{- $workload := dict "workload" (dict "volumes" $volumes) "root" .root "hook" .hook "copies" .copies }}
{{- $made := include "release-runtime.volumes" $workload | fromJsonArray }}
{{- dict "found" $paths.mounts "volumes" $made "missing" $paths.missing | toJson }}
{{- end }}

{{- define "release-runtime.helmTimeout" -}}
{{- int64 (dig "policy" "helmTimeout" 300 .root.Values) }}
{{- end }}

{{- /* activeDeadlineSeconds of the Job: what Helm waits for, less the time that it takes to notice. dict root m */ -}}
{{- define "release-runtime.migrateActive" -}}
{{- int64 (dig "activeDeadlineSeconds" (sub (include "release-runtime.helmTimeout" . | int64) 20) .m) }}
{{- end }}
