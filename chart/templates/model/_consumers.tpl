{{- /*
First consumers of claims.

release-runtime.model.consumers   as JSON, to be read by fromJsonArray: in: the model, without others. A storage class may bind a claim
                                  only when a pod uses it, and `helm --wait` waits for claims. One that cron jobs alone use is used
                                  once with the install, by a Job whose pod stands where that of the first of them does. Each has

    shape kind name where component
    pod                           release-runtime.model.pod, with the claim as its only volume
*/ -}}
{{- define "release-runtime.model.consumers" -}}
{{- $model := . }}{{ $root := .root }}{{ $out := list }}{{ $keys := dict }}
{{- range $key, $claim := .claims }}{{ if $claim.made }}{{ $_ := set $keys $claim.name $key }}{{ end }}{{ end }}
{{- range list .workloads .residents }}
  {{- range . }}{{ range .pod.volumes }}{{ $_ := unset $keys (dig "persistentVolumeClaim" "claimName" "" .) }}{{ end }}{{ end }}
{{- end }}
{{- range $job := .cronJobs }}
  {{- range $volume := $job.pod.volumes }}
    {{- $name := dig "persistentVolumeClaim" "claimName" "" $volume }}
    {{- if hasKey $keys $name }}
      {{- $given := dict "root" $root "pod" (merge (dict "volumes" (list $volume)) $job.pod) "key" (get $keys $name) }}
      {{- $out = append $out (include "release-runtime.model.consumer" $given | fromJson) }}
      {{- $_ := unset $keys $name }}
    {{- end }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* One of them, as JSON: dict root key(of the claim) pod. What a Job runs cannot be changed, so its name changes with it. */ -}}
{{- define "release-runtime.model.consumer" -}}
{{- $out := dict "shape" "consumerJob" "kind" "Job" "where" (printf "persistence.%s" .key) "component" (printf "%s.claim" .key) }}
{{- $all := list (include "release-runtime.version" .) .root.own .pod | toJson }}
{{- $suffix := printf "-claim-%s" ($all | sha256sum | trunc 8) }}
{{- $_ := set $out "name" (include "release-runtime.name" (dict "root" .root "key" .key "entry" dict "suffix" $suffix)) }}
{{- merge $out (pick . "pod") | toJson }}
{{- end }}
