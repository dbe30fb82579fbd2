{{- /*
What pods have in common.

release-runtime.model.pod   as JSON: dict root [workload] [over: a job's pod values] [near] [hook copies]

    labels annotations     besides those that selectors use
    account serviceAccountName token
    securityContext imagePullSecrets
    and release-runtime.scheduling
*/ -}}
{{- define "release-runtime.model.pod" -}}
{{- $values := .root.Values }}
{{- $pod := include "release-runtime.podValues" . | fromJson }}
{{- /* Its defaults are in values.yaml, so that a null takes them away; an upgrade that reuses older values has none of it. */ -}}
{{- $user := hasKey $values "podSecurity" | ternary $values.podSecurity (dict "runAsUser" 1000 "runAsGroup" 1000) }}
{{- $account := include "release-runtime.accountOf" (merge (dict "name" $pod.serviceAccount) .) | fromJson }}
{{- $pull := list }}
{{- range $pod.imagePullSecrets | default (dig "global" "imagePullSecrets" list $values) }}
  {{- $wanted := dict "root" $.root "kind" "secrets" "name" .name "hook" $.hook "copies" $.copies }}
  {{- $pull = append $pull (dict "name" (include "release-runtime.realName" $wanted)) }}
{{- end }}
{{- $security := include "release-runtime.overlay" (list $user $pod.securityContext) | fromJson }}
{{- $scheduling := include "release-runtime.scheduling" $pod | fromJson }}
{{- $near := dict "root" .root "affinity" $scheduling.affinity "near" .near }}
{{- with include "release-runtime.affinityNear" $near | fromJson }}{{ $_ := set $scheduling "affinity" . }}{{ end }}
{{- $out := merge (dict "labels" $pod.labels "annotations" $pod.annotations) $account }}
{{- merge $out (dict "securityContext" $security "imagePullSecrets" $pull) $scheduling | toJson }}
{{- end }}

{{- /*
The account of a pod, as JSON {account: its key, serviceAccountName, token}: dict root name [hook copies]
*/ -}}
{{- define "release-runtime.accountOf" -}}
{{- $key := .name | default "main" }}
{{- $accounts := .root.Values.serviceAccounts | default dict }}
{{- $entry := get $accounts $key | default dict }}
{{- $out := dict "account" $key "token" false }}
{{- if not (or (hasKey $accounts $key) (eq $key "main")) }}
  {{- $_ := set $out "serviceAccountName" $key }}
{{- else if $entry.existingAccount }}
  {{- $_ := set $out "serviceAccountName" $entry.existingAccount }}
{{- else if and .hook (not .root.argocd) }}
  {{- $_ := set .copies.accounts $key true }}
  {{- $_ := set $out "serviceAccountName" (include "release-runtime.hookAccountName" (dict "root" .root "key" $key "entry" $entry)) }}
{{- else }}
  {{- $_ := set $out "serviceAccountName" (include "release-runtime.name" (dict "root" .root "key" $key "entry" $entry)) }}
{{- end }}
{{- /* A hook has no rights: these come with the release. */ -}}
{{- if not .hook }}
  {{- $rights := false }}
  {{- range $name, $rbac := .root.Values.rbac }}
    {{- if eq ($rbac.serviceAccount | default $name) $key }}{{ $rights = true }}{{ end }}
  {{- end }}
  {{- $_ := set $out "token" (dig "automountServiceAccountToken" $rights $entry) }}
{{- end }}
{{- toJson $out }}
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
The accounts that are made, and copies of them for hooks; main only where a pod has it. As JSON, to be read by fromJsonArray:
dict root pods(of release-runtime.model.pod) copies({KEY: true})
*/ -}}
{{- define "release-runtime.accounts" -}}
{{- $root := .root }}{{ $out := list }}
{{- $entries := deepCopy ($root.Values.serviceAccounts | default dict) }}
{{- range .pods }}{{ if and (eq .account "main") (not (hasKey $entries "main")) }}{{ $_ := set $entries "main" dict }}{{ end }}{{ end }}
{{- range $key, $entry := $entries }}
  {{- if not $entry.existingAccount }}
    {{- $name := include "release-runtime.name" (dict "root" $root "key" $key "entry" $entry) }}
    {{- $annotations := merge (include "release-runtime.early" $root | fromJson) ($entry.annotations | default dict) }}
    {{- $out = append $out (dict "name" $name "key" $key "annotations" $annotations) }}
  {{- end }}
{{- end }}
{{- $copy := include "release-runtime.hookCopyAnnotations" . | fromYaml }}
{{- range $key, $_ := .copies }}
  {{- $entry := get $entries $key | default dict }}
  {{- $name := include "release-runtime.hookAccountName" (dict "root" $root "key" $key "entry" $entry) }}
  {{- $annotations := merge (deepCopy $copy) ($entry.annotations | default dict) }}
  {{- $out = append $out (dict "name" $name "key" (printf "%s (its copy for migrations)" $key) "annotations" $annotations) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* Rights of accounts, by key, as JSON {KEY: {name, clusterName, account, rules, clusterRules}}: in: root */ -}}
{{- define "release-runtime.rbac" -}}
{{- $root := . }}{{ $out := dict }}
{{- range $key, $entry := .Values.rbac }}
  {{- $account := include "release-runtime.accountOf" (dict "root" $root "name" ($entry.serviceAccount | default $key)) | fromJson }}
  {{- $one := dict "name" (include "release-runtime.name" (dict "root" $root "key" $key)) "account" $account.serviceAccountName }}
  {{- /* What has no namespace is told apart by it. */ -}}
  {{- $_ := set $one "clusterName" (include "release-runtime.shortName" (list (printf "%s-%s" $root.Release.Namespace $one.name) 63)) }}
  {{- $_ := set $one "annotations" (include "release-runtime.early" $root | fromJson) }}
  {{- $_ := set $out $key (merge $one (pick $entry "rules" "clusterRules")) }}
{{- end }}
{{- toJson $out }}
{{- end }}
