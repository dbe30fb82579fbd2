{{- /*
Objects of one's own, tests, switches and policies.

release-runtime.check.extra   refuses, in the values, what is no object, and hooks that would be blind or dangerous. In: root
*/ -}}
{{- define "release-runtime.check.extra" -}}
{{- $root := . }}
{{- range $key, $text := .extraObjects }}
  {{- $where := printf "extraObjects.%s" $key }}{{ $object := fromYaml $text }}
  {{- if hasKey $object "Error" }}{{ fail (printf "%s: is no YAML" $where) }}{{ end }}
  {{- include "release-runtime.check.object" (dict "object" $object "where" $where) }}
  {{- $allowed := list "Job" "Pod" "ServiceAccount" "Role" "RoleBinding" "Secret" "ConfigMap" "ExternalSecret" "NetworkPolicy" }}
  {{- range $name, $_ := dig "metadata" "annotations" dict $object }}
    {{- if and (hasPrefix "helm.sh/hook" $name) (not (has $object.kind $allowed)) }}
      {{- fail (printf "%s: a %s as a hook would be deleted by an upgrade, with all that belongs to it; leave out %s" $where $object.kind
        $name) }}
    {{- end }}
  {{- end }}
  {{- if and (eq $object.kind "ConfigMap") (include "release-runtime.hasPassword" $text) }}
    {{- fail (printf "%s: holds a password in a URL; put it into secrets.NAME.stringData" $where) }}
  {{- end }}
{{- end }}
{{- if and .Values.featureFlags (not (dig "configMaps" "feature-flags" "flags" false .Values)) }}
  {{- fail "configMaps.feature-flags: featureFlags makes the ConfigMap of that key; choose another" }}
{{- end }}
{{- end }}

{{- /* Refuses what is no object, for the fields that the chart reads or fills in are of another kind: dict object where */ -}}
{{- define "release-runtime.check.object" -}}
{{- $where := .where }}
{{- range list "apiVersion" "kind" }}
  {{- if not (get $.object .) }}{{ fail (printf "%s.%s is missing" $where .) }}{{ end }}
  {{- if not (kindIs "string" (get $.object .)) }}{{ fail (printf "%s.%s: has to be text" $where .) }}{{ end }}
{{- end }}
{{- if hasKey .object "metadata" }}
  {{- $meta := .object.metadata }}
  {{- if not (kindIs "map" $meta) }}{{ fail (printf "%s.metadata: has to be a map" $where) }}{{ end }}
  {{- range $field, $value := pick $meta "labels" "annotations" }}
    {{- if not (kindIs "map" $value) }}{{ fail (printf "%s.metadata.%s: has to be a map" $where $field) }}{{ end }}
    {{- range $name, $one := $value }}
      {{- if or (kindIs "map" $one) (kindIs "slice" $one) }}
        {{- fail (printf "%s.metadata.%s.%s: has to be text" $where $field $name) }}
      {{- end }}
    {{- end }}
  {{- end }}
  {{- if not (kindIs "string" ($meta.name | default "")) }}{{ fail (printf "%s.metadata.name: has to be text" $where) }}{{ end }}
{{- end }}
{{- end }}

{{- /* Refuses, in the values, tests of what is not there. In: root */ -}}
{{- define "release-runtime.check.tests" -}}
{{- $root := . }}
{{- with include "release-runtime.enabled" .Values.tests | fromJson }}
  {{- $services := $root.services }}
  {{- range $key, $t := . }}
    {{- $where := printf "tests.%s" $key }}
    {{- if eq (empty $t.from) (empty $t.service) }}
      {{- fail (printf "%s: give service (whose path is asked), or from and command (which is run as a container does)" $where) }}
    {{- end }}
    {{- $other := list "command" "args" "env" "image" "imagePullPolicy" "volumes" "resources" }}
    {{- if $t.from }}{{ $other = list "port" "path" "expect" "timeout" }}{{ end }}
    {{- range $field := $other }}{{ if hasKey $t $field }}
      {{- fail (printf "%s.%s: only a test with %s has it" $where $field (empty $t.from | ternary "from" "service")) }}
    {{- end }}{{ end }}
    {{- include "release-runtime.check.jobPod" (dict "root" $root "pod" $t.pod "where" $where) }}
    {{- if $t.from }}
      {{- include "release-runtime.check.derived" (dict "root" $root "job" $t "where" $where) }}
    {{- else }}
      {{- if not (hasKey $services $t.service) }}
        {{- fail (printf "%s.service: there is no Service %q; there are: %s" $where $t.service (keys $services | sortAlpha | join ", ")) }}
      {{- end }}
      {{- $known := list }}{{ range (get $services $t.service).ports }}{{ $known = append $known .name }}{{ end }}
      {{- if and $t.port (not (has $t.port $known)) }}
        {{- fail (printf "%s.port: the Service %q has no port %q; it has: %s" $where $t.service $t.port (join ", " $known)) }}
      {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses, in the model, what a policy of the values forbids. In: the model */ -}}
{{- define "release-runtime.check.policies" -}}
{{- $policy := .root.Values.policy | default dict }}
{{- range $key, $made := .workloads }}
  {{- range $c := concat $made.pod.containers $made.before }}{{ if not $c.migration }}
    {{- $where := $c.where }}{{ $stays := or $c.restartPolicy (has $c $made.pod.containers) }}
    {{- if and $policy.requireLiveness $stays (not (hasKey $c "livenessProbe")) }}
      {{- fail (printf "%s.livenessProbe is missing: policy.requireLiveness wants one in every container that stays" $where) }}
    {{- end }}
    {{- include "release-runtime.check.pinned" (dict "policy" $policy "image" $c.image "where" (printf "%s.image" $where)) }}
  {{- end }}{{ end }}
{{- end }}
{{- range $key, $made := .cronJobs }}
  {{- $where := printf "cronJobs.%s.image" $key }}
  {{- range append ($made.before | default list) $made.container }}
    {{- include "release-runtime.check.pinned" (dict "policy" $policy "image" .image "where" $where) }}
  {{- end }}
{{- end }}
{{- range .residents }}{{ $image := .container.image }}
  {{- range $key, $_ := .jobs }}
    {{- include "release-runtime.check.pinned" (dict "policy" $policy "image" $image "where" (printf "cronJobs.%s.image" $key)) }}
  {{- end }}
{{- end }}
{{- range $key, $made := .hooks }}
  {{- include "release-runtime.check.pinned" (dict "policy" $policy "image" $made.container.image "where" (printf "hooks.%s.image" $key)) }}
{{- end }}
{{- range $key, $made := .migrations }}
  {{- $image := dig "wrapped" "image" "" $made | default $made.image }}
  {{- include "release-runtime.check.pinned" (dict "policy" $policy "image" $image "where" (printf "migrations.%s.image" $key)) }}
{{- end }}
{{- end }}

{{- /* Refuses an image that may be another one tomorrow: dict policy image where */ -}}
{{- define "release-runtime.check.pinned" -}}
{{- $image := .image | default "" | toString }}
{{- $tag := regexFind ":[^:/@]+$" $image | trimPrefix ":" }}
{{- if and .policy.requirePinnedImages (not (contains "@sha256:" $image)) (has $tag (list "" "latest" "main" "master" "dev" "edge"
  "stable")) }}
  {{- fail (printf "%s: %s may be another image tomorrow; policy.requirePinnedImages wants a version or a digest (@sha256:…)" .where
    $image) }}
{{- end }}
{{- end }}
