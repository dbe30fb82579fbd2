{{- /*
Values in one form, so that no other template meets a second one: without entries that are switched off, images as text, addresses of
Services as text. What cannot be had is left as it is, for check to name it.

release-runtime.normal   changes them in place: in: root
*/ -}}
{{- define "release-runtime.normal" -}}
{{- $root := . }}{{ $values := .Values }}
{{- range include "release-runtime.collections" . | fromJsonArray }}
  {{- include "release-runtime.dropDisabled" (dict "at" $values "path" (splitList "/" .)) }}
{{- end }}
{{- $claims := include "release-runtime.claims" $root | fromJson }}
{{- $_ := set $root "claims" $claims }}
{{- range $workload := $values.workloads }}
  {{- range $name, $volume := $workload.volumes }}
    {{- include "release-runtime.mounted" (dict "name" $name "volume" $volume "containers" $workload.containers) }}
    {{- $claim := get $claims ($volume.persistence | default "") }}
    {{- if $claim }}
      {{- $_ := set $volume "persistentVolumeClaim" (dict "claimName" $claim.name) }}
      {{- $_ := unset $volume "persistence" }}
    {{- end }}
  {{- end }}
{{- end }}
{{- range $workload := $values.workloads }}
  {{- range $name, $template := $workload.volumeClaimTemplates }}
    {{- include "release-runtime.mounted" (dict "name" $name "volume" $template "containers" $workload.containers) }}
  {{- end }}
{{- end }}
{{- $tag := dig "image" "tag" "" ($values.global | default dict) }}
{{- range $workload := $values.workloads }}
  {{- range list $workload.containers (dict "healthd" ($workload.healthd | default dict)) }}
    {{- range $container := . }}{{ include "release-runtime.imageText" (dict "at" $container "tag" $tag) }}{{ end }}
  {{- end }}
{{- end }}
{{- range list $values.migrations $values.cronJobs $values.hooks $values.tests }}
  {{- range $job := . }}{{ include "release-runtime.imageText" (dict "at" $job "tag" $tag) }}{{ end }}
{{- end }}
{{- $services := include "release-runtime.services" $root | fromJson }}
{{- range $workload := $values.workloads }}
  {{- range $container := $workload.containers }}
    {{- include "release-runtime.addresses" (dict "env" $container.env "services" $services) }}
  {{- end }}
{{- end }}
{{- range list $values.migrations $values.cronJobs $values.hooks $values.tests }}
  {{- range $job := . }}{{ include "release-runtime.addresses" (dict "env" $job.env "services" $services) }}{{ end }}
{{- end }}
{{- end }}

{{- /*
The maps whose entries may say enabled: false, as JSON, to be read by fromJsonArray; * stands for each entry. Of services, where it
means more, and healthd they keep it.
*/ -}}
{{- define "release-runtime.collections" -}}
{{- $of := list "workloads" "workloads/*/volumes" "workloads/*/volumes/*/containers" "workloads/*/containers" }}
{{- $of = concat $of (list "workloads/*/volumeClaimTemplates" "workloads/*/volumeClaimTemplates/*/containers") }}
{{- $of = concat $of (list "configMaps" "secrets" "secrets/*/keys" "persistence" "serviceAccounts" "rbac" "migrations" "cronJobs") }}
{{- range list "envFrom" "writable" "volumeMounts" }}{{ $of = append $of (printf "workloads/*/containers/*/%s" .) }}{{ end }}
{{- $of = concat $of (list "hooks" "tests" "migrations/*/envFrom") }}
{{- range list "migrations" "cronJobs" "hooks" "tests" }}{{ $of = append $of (printf "%s/*/volumes" .) }}{{ end }}
{{- toJson $of }}
{{- end }}

{{- /* Takes entries away that are switched off: dict at(a map) path(of names) */ -}}
{{- define "release-runtime.dropDisabled" -}}
{{- $name := first .path }}{{ $rest := rest .path }}{{ $at := .at }}
{{- if eq $name "*" }}
  {{- range $entry := $at }}{{ include "release-runtime.dropDisabled" (dict "at" $entry "path" $rest) }}{{ end }}
{{- else if kindIs "map" (get $at $name) }}
  {{- $found := get $at $name }}
  {{- if $rest }}
    {{- include "release-runtime.dropDisabled" (dict "at" $found "path" $rest) }}
  {{- else }}
    {{- range $key := keys $found }}
      {{- $entry := get $found $key }}
      {{- if not (kindIs "map" $entry) }}
      {{- else if dig "enabled" true $entry }}{{ $_ := unset $entry "enabled" }}
      {{- else }}{{ $_ := unset $found $key }}
      {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /*
Writes a volume's mounts into the containers that have them: dict name volume containers. A container that is not there stays in the
volume's containers.
*/ -}}
{{- define "release-runtime.mounted" -}}
{{- $volume := .volume }}{{ $name := .name }}{{ $all := .containers | default dict }}
{{- if or $volume.mountPath $volume.containers }}
  {{- $own := pick $volume "mountPath" "subPath" "readOnly" }}
  {{- $narrowed := $volume.containers | default dict }}
  {{- if not $narrowed }}{{ range $key, $_ := $all }}{{ $_ := set $narrowed $key dict }}{{ end }}{{ end }}
  {{- range $key := keys $narrowed }}
    {{- $container := get $all $key }}
    {{- if kindIs "map" $container }}
      {{- $mounts := $container.volumeMounts | default dict }}
      {{- $mount := include "release-runtime.overlay" (list $own (get $narrowed $key) (get $mounts $name | default dict)) | fromJson }}
      {{- $_ := set $mounts $name $mount }}
      {{- $_ := set $container "volumeMounts" $mounts }}
      {{- $_ := unset $narrowed $key }}
    {{- end }}
  {{- end }}
  {{- range list "mountPath" "subPath" "readOnly" }}{{ $_ := unset $volume . }}{{ end }}
  {{- if $narrowed }}{{ $_ := set $volume "containers" $narrowed }}{{ else }}{{ $_ := unset $volume "containers" }}{{ end }}
{{- end }}
{{- end }}

{{- /* Makes {repository, tag, digest} the text that a kubelet takes; a digest wins: dict at(what has an image) tag */ -}}
{{- define "release-runtime.imageText" -}}
{{- $image := .at.image }}
{{- if kindIs "map" $image }}
  {{- $tag := include "release-runtime.asText" ($image.tag | default .tag) }}
  {{- if and $image.repository $image.digest }}{{ $_ := set .at "image" (printf "%s@%s" $image.repository $image.digest) }}
  {{- else if and $image.repository $tag }}{{ $_ := set .at "image" (printf "%s:%s" $image.repository $tag) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Makes {service, port, scheme, path} text, where there is such a Service: dict env services */ -}}
{{- define "release-runtime.addresses" -}}
{{- range $name, $value := .env }}
  {{- if kindIs "map" $value }}{{ if and $value.service (not $value.valueFrom) }}
    {{- $service := get $.services $value.service | default dict }}
    {{- $wanted := include "release-runtime.asText" ($value.port | default "") }}
    {{- $ports := list }}
    {{- range $service.ports }}
      {{- if or (not $wanted) (eq $wanted .name) (eq $wanted (toString (int64 .port))) }}{{ $ports = append $ports . }}{{ end }}
    {{- end }}
    {{- if $ports }}
      {{- $scheme := $value.scheme | default (empty $value.path | ternary "" "http") }}
      {{- $text := $service.name }}
      {{- if or $wanted $scheme }}{{ $text = printf "%s:%d" $text (int64 (first $ports).port) }}{{ end }}
      {{- if $scheme }}{{ $text = printf "%s://%s" $scheme $text }}{{ end }}
      {{- $_ := set $.env $name (printf "%s%s" $text ($value.path | default "")) }}
    {{- end }}
  {{- end }}{{ end }}
{{- end }}
{{- end }}
