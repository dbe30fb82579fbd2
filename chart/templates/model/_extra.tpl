{{- /*
Objects of one's own, tests of a release, and switches of the application.

release-runtime.model.extra   extraObjects as JSON, to be read by fromJsonArray, each with its object: in: the model
*/ -}}
{{- define "release-runtime.model.extra" -}}
{{- $root := .root }}{{ $out := list }}
{{- range $key, $text := $root.extraObjects }}
  {{- $object := fromYaml $text }}
  {{- $meta := dig "metadata" dict $object }}
  {{- $entry := dict "nameOverride" ($meta.name | default "") "annotations" ($meta.annotations | default dict) "labels" ($meta.labels |
    default dict) }}
  {{- $one := dict "root" $root "key" $key "entry" $entry "shape" "extra" "kind" ($object.kind | default "") }}
  {{- $one = include "release-runtime.other" (merge (dict "where" (printf "extraObjects.%s" $key)) $one) | fromJson }}
  {{- /* Its name is as it was said, in whatever form its kind takes. */ -}}
  {{- with $meta.name }}{{ $_ := set $one "name" . }}{{ end }}
  {{- $rest := omit $meta "name" "labels" "annotations" }}
  {{- $out = append $out (merge (dict "object" $object "metadata" $rest) $one) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* extraObjects that are not switched off, {KEY: YAML} as JSON, with templates in them filled in: dict ctx values */ -}}
{{- define "release-runtime.extraTexts" -}}
{{- $out := dict }}
{{- range $key, $given := .values.extraObjects }}
  {{- $text := kindIs "string" $given | ternary $given (toYaml $given) }}
  {{- if contains "{{" $text }}{{ $text = tpl $text $.ctx }}{{ end }}
  {{- $_ := set $out $key $text }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
Pods of helm test, as JSON, to be read by fromJsonArray: in: the model. Each asks a Service for a path, or runs a command as a
container of a workload does.

    component pod container activeDeadlineSeconds
*/ -}}
{{- define "release-runtime.model.tests" -}}
{{- $root := .root }}{{ $services := .services }}{{ $out := list }}
{{- range $key, $t := include "release-runtime.enabled" $root.Values.tests | fromJson }}
  {{- $hook := dict "helm.sh/hook" "test" "helm.sh/hook-delete-policy" "before-hook-creation" }}
  {{- $_ := set $hook "helm.sh/hook-weight" (dig "weight" 0 $t | int64 | toString) }}
  {{- $entry := dict "nameOverride" ($t.nameOverride | default "") "annotations" (merge $hook ($t.annotations | default dict)) }}
  {{- $one := dict "root" $root "key" $key "suffix" "-test" "entry" $entry "shape" "testPod" "kind" "Pod" }}
  {{- $one = include "release-runtime.other" (merge (dict "where" (printf "tests.%s" $key)) $one) | fromJson }}
  {{- $made := include "release-runtime.derived" (dict "root" $root "job" $t "name" "test") | fromJson }}
  {{- $container := $made.container }}
  {{- if not $t.from }}
    {{- $service := get $services ($t.service | default "") | default dict }}
    {{- $port := first ($service.ports | default (list dict)) }}
    {{- range $service.ports }}{{ if eq .name ($t.port | default "") }}{{ $port = . }}{{ end }}{{ end }}
    {{- $url := printf "http://%s:%d%s" ($service.name | default "") (int64 $port.port) ($t.path | default "/") }}
    {{- /* The nodes hear of a ready pod a moment later: one refusal is no failure. */ -}}
    {{- $line := printf "answer %s every 1s timeout 10s status %d" $url (int64 ($t.expect | default 200)) }}
    {{- $words := list "wait" "--timeout" ($t.timeout | default "30s") "--check" $line }}
    {{- $container = dict "name" "test" "image" (include "release-runtime.image" (dict "root" $root "program" "healthd")) "args" $words }}
    {{- $_ := set $container "imagePullPolicy" ($root.own.pullPolicy | default "IfNotPresent") }}
    {{- $_ := set $container "resources" (include "release-runtime.smallResources" (dict "root" $root) | fromJson) }}
    {{- $_ := set $container "readOnlyRoot" true }}
  {{- end }}
  {{- /* Its pod's metadata is the test's. */ -}}
  {{- $one = mergeOverwrite (dict "labels" $made.pod.labels "annotations" $made.pod.annotations) $one }}
  {{- $all := dict "component" (printf "%s.test" $key) "pod" $made.pod "container" $container }}
  {{- $_ := set $all "activeDeadlineSeconds" (dig "activeDeadlineSeconds" 120 $t) }}
  {{- $out = append $out (merge $all $one) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
Adds featureFlags to values, in place: a ConfigMap of that key, and in each container a variable for each of them: in: values without nulls
*/ -}}
{{- define "release-runtime.withFlags" -}}
{{- $values := . }}
{{- with .featureFlags }}
  {{- $maps := $values.configMaps | default dict }}
  {{- if not (hasKey $maps "feature-flags") }}{{ $_ := set $maps "feature-flags" (dict "data" . "flags" true) }}{{ end }}
  {{- $_ := set $values "configMaps" $maps }}
  {{- range $workload := $values.workloads }}{{ range $container := $workload.containers }}
    {{- $env := dict }}
    {{- range $name, $_ := $values.featureFlags }}
      {{- $_ := set $env $name (dict "valueFrom" (dict "configMapKeyRef" (dict "name" "feature-flags" "key" $name))) }}
    {{- end }}
    {{- $_ := set $container "env" (merge ($container.env | default dict) $env) }}
  {{- end }}{{ end }}
{{- end }}
{{- end }}
