{{- /*
What pods have in common.

release-runtime.model.pod   as JSON {serviceAccountName, securityContext, imagePullSecrets, and
                            release-runtime.scheduling}: dict root [workload] [hook copies]
*/ -}}
{{- define "release-runtime.model.pod" -}}
{{- $values := .root.Values }}{{ $workload := .workload | default dict }}
{{- /* Its defaults are in values.yaml, so that a null takes them away; an upgrade that reuses older values has none of it. */ -}}
{{- $user := hasKey $values "podSecurity" | ternary $values.podSecurity (dict "runAsUser" 1000 "runAsGroup" 1000) }}
{{- $make := dig "serviceAccount" "create" true $values }}
{{- $account := include "release-runtime.accountName" .root }}
{{- if and $make .hook }}{{ $account = include "release-runtime.hookAccountName" .root }}
{{- else if not $make }}{{ $account = dig "serviceAccount" "name" "" $values | default "default" }}
{{- end }}
{{- $pull := list }}
{{- range $workload.imagePullSecrets | default (dig "global" "imagePullSecrets" list $values) }}
  {{- $wanted := dict "root" $.root "kind" "secrets" "name" .name "hook" $.hook "copies" $.copies }}
  {{- $pull = append $pull (dict "name" (include "release-runtime.realName" $wanted)) }}
{{- end }}
{{- $security := include "release-runtime.overlay" (list $user $workload.securityContext) | fromJson }}
{{- $out := dict "serviceAccountName" $account "securityContext" $security "imagePullSecrets" $pull }}
{{- merge $out (include "release-runtime.scheduling" $workload | fromJson) | toJson }}
{{- end }}

{{- /* A workload's volumes with the real names in them, as JSON, to be read by fromJsonArray: dict root workload [hook copies] */ -}}
{{- define "release-runtime.volumes" -}}
{{- $out := list }}
{{- range $name, $volume := .workload.volumes }}
  {{- $v := deepCopy $volume }}
  {{- $parts := list (list $v "secret" "secrets" "secretName") (list $v "configMap" "configMaps" "name") }}
  {{- range dig "projected" "sources" list $v }}
    {{- $parts = concat $parts (list (list . "secret" "secrets" "name") (list . "configMap" "configMaps" "name")) }}
  {{- end }}
  {{- range $parts }}
    {{- $field := index . 3 }}
    {{- $wanted := dict "root" $.root "kind" (index . 2) "hook" $.hook "copies" $.copies }}
    {{- with get (index . 0) (index . 1) }}
      {{- $_ := set . $field (include "release-runtime.realName" (merge (dict "name" (get . $field)) $wanted)) }}
    {{- end }}
  {{- end }}
  {{- $out = append $out (merge (dict "name" $name) $v) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* The volume in which an init container puts our programs, and how others mount it */ -}}
{{- define "release-runtime.programVolume" -}}
name: release-runtime
emptyDir:
  sizeLimit: 32Mi
{{- end }}

{{- define "release-runtime.programMount" -}}
name: release-runtime
mountPath: /release-runtime
readOnly: true
{{- end }}

{{- /*
The accounts that are made: that of the release's pods, and its copy for hooks; none without a pod. As JSON, to be read by
fromJsonArray: in: the model
*/ -}}
{{- define "release-runtime.accounts" -}}
{{- $root := .root }}{{ $out := list }}
{{- $account := $root.Values.serviceAccount | default dict }}
{{- if and (dig "create" true $account) (or .workloads .migrations .cronJobs) }}
  {{- $out = append $out (merge (dict "name" (include "release-runtime.accountName" $root)) (pick $account "annotations")) }}
  {{- if or .migrations .hooks }}
    {{- $copy := include "release-runtime.hookCopyAnnotations" . | fromYaml }}
    {{- $annotations := merge $copy ($account.annotations | default dict) }}
    {{- $out = append $out (dict "name" (include "release-runtime.hookAccountName" $root) "annotations" $annotations) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}
