{{- /*
A migration before an install and before an upgrade. What runs: files (in a ConfigMap) by our image; dir by our program inside the
application's image; or an own image.

release-runtime.model.migration   as JSON: dict root key migration

    name component                    of the Job
    image pullPolicy command args     what runs
    env mounts volumes pod container  release-runtime.migrateJob
    bringsMigrate                     whether the program is brought into the application's image
    files                             {name, component, annotations, data} of the ConfigMap with files, when they are in the values
    copies                            {secrets, configMaps}: keys of those that it refers to
    access missing found              connections, variables whose file lies on no mount, and the mounts of the others
*/ -}}
{{- define "release-runtime.model.migration" -}}
{{- $m := .migration }}
{{- $copies := dict "secrets" dict "configMaps" dict }}
{{- $source := include "release-runtime.source" (dict "root" .root "from" $m.from) | fromJson }}
{{- $given := include "release-runtime.migrationContainer" (dict "source" $source "migration" $m) | fromJson }}
{{- $access := include "release-runtime.connections" (dict "root" .root "container" $given "unused" (list "redis")) | fromJson }}
{{- $hook := dict "root" .root "hook" true "copies" $copies "connections" $access.connections }}
{{- $has := include "release-runtime.connectionEnv" $hook | fromJson }}
{{- $named := include "release-runtime.migrationFiles" (merge (dict "source" $source) $hook) | fromJson }}
{{- $filesName := printf "-files%s" (include "release-runtime.hookSuffix" .) }}
{{- $filesName = include "release-runtime.name" (dict "root" .root "key" .key "suffix" $filesName) }}
{{- $image := dict "migration" $m "source" $source "filesName" $filesName "hook" $hook }}
{{- $runs := include "release-runtime.migrationImage" $image | fromJson }}
{{- $out := dict "name" (include "release-runtime.jobName" (dict "root" .root "key" .key "entry" $m)) }}
{{- $_ := set $out "component" (printf "%s.migration" .key) }}
{{- $_ := set $out "args" (include "release-runtime.migrateArgs" (dict "root" .root "migration" $m) | fromJsonArray) }}
{{- $_ := set $out "env" $has.env }}
{{- $_ := set $out "mounts" (concat $has.mounts $runs.mounts $named.found) }}
{{- $_ := set $out "volumes" (concat $has.volumes $runs.volumes $named.volumes) }}
{{- $_ := set $out "pod" (include "release-runtime.model.pod" (merge (dict "workload" $source.workload) $hook) | fromJson) }}
{{- if kindIs "map" $m.files }}
  {{- $copy := include "release-runtime.hookCopyAnnotations" . | fromYaml }}
  {{- $_ := set $out "files" (dict "name" $filesName "component" $out.component "annotations" $copy "data" $m.files) }}
{{- end }}
{{- merge $out (dict "copies" $copies "access" $access) (omit $runs "mounts" "volumes") (omit $named "volumes") | toJson }}
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
    {{- if eq $map.name $m.files }}{{ $_ := set $map "optional" true }}{{ end }}
  {{- end }}
  {{- $volumes = list (dict "name" "release-runtime-files" "configMap" $map) }}
  {{- $mounts = list (dict "name" "release-runtime-files" "mountPath" "/migrations" "readOnly" true) }}
{{- else if $m.image }}
  {{- $out = dict "image" $m.image "pullPolicy" ($m.imagePullPolicy | default $pull) }}
{{- else }}
  {{- $theirs := .source.container }}
  {{- $out = dict "image" $theirs.image "pullPolicy" ($theirs.imagePullPolicy | default $pull) }}
  {{- $inside := dict "command" (list "/release-runtime/migrate") "bringsMigrate" true }}
  {{- $out = merge $out $inside (dict "container" (pick $theirs "securityContext")) }}
  {{- $volumes = list (include "release-runtime.programVolume" . | fromYaml) }}
  {{- $mounts = list (include "release-runtime.programMount" . | fromYaml) }}
{{- end }}
{{- merge $out (dict "volumes" $volumes "mounts" $mounts) | toJson }}
{{- end }}

{{- /* The arguments of migrate, as JSON, to be read by fromJsonArray: dict root migration */ -}}
{{- define "release-runtime.migrateArgs" -}}
{{- $m := .migration }}
{{- $args := list "up" "--dir" ($m.dir | default "/migrations") "--log" ($m.log | default "text") "--release" .root.Release.Name }}
{{- $presets := dict "deadline" "240s" "wait" "30s" "lockWait" "60s" "lockTimeout" "2s" }}
{{- range list "deadline" "wait" "lockWait" "lockTimeout" "statementTimeout" "phase" "table" "role" "searchPath" }}
  {{- $value := get $m . | default (get $presets .) }}
  {{- if $value }}
    {{- $args = concat $args (list (printf "--%s" (kebabcase .)) (include "release-runtime.asText" $value)) }}
  {{- end }}
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
