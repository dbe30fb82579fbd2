{{- /*
A workload.

release-runtime.model.deployment   as JSON: dict root key workload migrations(of the model, that run in its pods)

    kind name component labels annotations replicas
    limits                    what Kubernetes defaults, and what only a StatefulSet has
    strategy                  how its pods are replaced; of a StatefulSet and a DaemonSet called updateStrategy
    templates                 of a StatefulSet: claims, as Kubernetes has them
    ports                     release-runtime.workloadPorts
    grace sleep drain         seconds: to end; that preStop holds the application up; that a healthd in an ordinary container says 503
    healthd                   release-runtime.healthdPlan, with what the values say of it
    pod                       release-runtime.model.pod with containers, volumes
    migrations                those that its init containers run
    before                    init containers: release-runtime.model.container or {migration}, in the order in which they start
    bringsHealthd             whether preStop needs "healthd sleep": before Kubernetes 1.30, which sleeps itself
*/ -}}
{{- define "release-runtime.model.deployment" -}}
{{- $w := .workload }}
{{- $ports := include "release-runtime.workloadPorts" . | fromJsonArray }}
{{- $plan := include "release-runtime.healthdPlan" (dict "root" .root "workload" $w "ports" $ports) | fromJson }}
{{- $sleep := int64 (dig "preStopSeconds" 3 $w) }}
{{- $made := include "release-runtime.workloadContainers" (merge (dict "ports" $ports "sleep" $sleep) .) | fromJson }}
{{- $volumes := concat (include "release-runtime.volumes" . | fromJsonArray) ($made.volumes | default list) }}
{{- range .migrations }}
  {{- range $one := .volumes }}
    {{- $there := false }}{{ range $volumes }}{{ if eq .name $one.name }}{{ $there = true }}{{ end }}{{ end }}
    {{- if not $there }}{{ $volumes = append $volumes $one }}{{ end }}
  {{- end }}
{{- end }}
{{- $pod := include "release-runtime.model.pod" . | fromJson }}
{{- $pod = merge (include "release-runtime.apart" . | fromJson) $pod }}
{{- $_ := set $pod "containers" $made.containers }}
{{- $_ := set $pod "volumes" (concat $volumes $plan.volumes) }}
{{- $out := pick $w "labels" "annotations" "replicas" }}
{{- $_ := set $out "name" (include "release-runtime.name" (dict "root" .root "key" .key "entry" $w)) }}
{{- $_ := set $out "component" .key }}
{{- $_ := set $out "kind" ($w.kind | default "Deployment") }}
{{- $_ := set $out "limits" (pick $w "minReadySeconds" "progressDeadlineSeconds" "revisionHistoryLimit") }}
{{- if eq $out.kind "StatefulSet" }}
  {{- $_ := set $out "limits" (merge $out.limits (include "release-runtime.ofStatefulSet" . | fromJson)) }}
  {{- $_ := set $out "templates" (include "release-runtime.claimTemplates" . | fromJsonArray) }}
{{- end }}
{{- if eq $out.kind "Deployment" }}
  {{- $_ := set $out "strategy" (include "release-runtime.strategy" . | fromJson) }}
{{- else }}
  {{- $_ := set $out "strategy" (merge (dict "type" (dig "updateStrategy" "type" "RollingUpdate" $w)) ($w.updateStrategy | default dict)) }}
{{- end }}
{{- $_ := set $out "grace" (int64 (dig "terminationGracePeriodSeconds" 30 $w)) }}
{{- $_ := set $out "sleep" $sleep }}
{{- /* It gets TERM together with the others: 503 for as long as they are still sent to. */ -}}
{{- $_ := set $out "drain" (add $sleep 5) }}
{{- $_ := set $out "bringsHealthd" $made.bringsHealthd }}
{{- $_ := set $out "before" $made.before }}
{{- $_ := set $out "migrations" .migrations }}
{{- merge $out (dict "ports" $ports "pod" $pod "healthd" (include "release-runtime.overlay" (list $w.healthd $plan) | fromJson)) | toJson }}
{{- end }}

{{- /*
Containers of the user's, as JSON {containers, before, volumes, bringsHealthd}, each with where(its path): dict root key workload ports
sleep migrations. Sidecars are init containers that stay, from Kubernetes 1.29 on; of one order they come first, then migrations.
*/ -}}
{{- define "release-runtime.workloadContainers" -}}
{{- $w := .workload }}{{ $where := printf "workloads.%s" .key }}
{{- $stays := include "release-runtime.kubeAtLeast" (dict "root" .root "version" "1.29.0") | empty | not }}
{{- $sleeps := include "release-runtime.kubeAtLeast" (dict "root" .root "version" "1.30.0") | empty | not }}
{{- $out := dict "containers" list "volumes" list "bringsHealthd" false }}{{ $before := dict }}
{{- range $key, $m := .migrations }}{{ $_ := set $before (printf "%010d/1/%010d" 100 $key) (dict "migration" $m) }}{{ end }}
{{- range $of := list "containers" "sidecars" "initContainers" }}
  {{- range $name := include "release-runtime.containersOf" (dict "workload" $w "of" $of) | fromJsonArray }}
    {{- $container := get $w.containers $name }}
    {{- $first := eq $name (empty $.ports | ternary "" (first ($.ports | default (list dict))).container) }}
    {{- $given := dict "root" $.root "name" $name "portName" (ternary "http" ($name | trunc 15 | trimSuffix "-") $first) }}
    {{- $one := include "release-runtime.model.container" (merge (dict "container" $container) $given) | fromJson }}
    {{- $_ := set $one "where" (include "release-runtime.containerPath" (dict "workload" $w "name" $name "where" $where)) }}
    {{- $_ := set $out "volumes" (concat $out.volumes $one.volumes) }}
    {{- $native := and $stays (eq $of "sidecars") }}
    {{- if $native }}{{ $_ := set $one "restartPolicy" "Always" }}{{ end }}
    {{- if and $one.ports (not $native) (gt (int64 $.sleep) 0) (not (dig "lifecycle" "preStop" false $one)) }}
      {{- $one = merge (dict "preStopSeconds" $.sleep "sleepsItself" $sleeps) $one }}
      {{- if not $sleeps }}
        {{- $_ := set $out "bringsHealthd" true }}
        {{- $mount := include "release-runtime.programMount" . | fromYaml }}
        {{- $_ := set $one "volumeMounts" (append ($one.volumeMounts | default list) $mount) }}
      {{- end }}
    {{- end }}
    {{- if or $native (eq $of "initContainers") }}
      {{- $mark := printf "%010d/%d/%s" (dig "order" 100 $container | int64) (ternary 0 2 $native) $name }}
      {{- $_ := set $before $mark $one }}
    {{- else }}{{ $_ := set $out "containers" (append $out.containers $one) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- if $out.bringsHealthd }}
  {{- $_ := set $out "volumes" (append $out.volumes (include "release-runtime.programVolume" . | fromYaml)) }}
{{- end }}
{{- $list := list }}{{ range $one := $before }}{{ $list = append $list $one }}{{ end }}
{{- $_ := set $out "before" $list }}
{{- toJson $out }}
{{- end }}

{{- /*
How pods are replaced, as JSON: dict root workload. Where they write to a claim the old one ends before the new one begins, for two servers
on one data directory destroy it. Of several, for which that was allowed, one goes at a time.
*/ -}}
{{- define "release-runtime.strategy" -}}
{{- $given := .workload.strategy | default dict }}
{{- $type := $given.type | default "RollingUpdate" }}
{{- $shared := and (gt (int64 (dig "replicas" 1 .workload)) 1) (dig "policy" "allowSharedRWO" false .root.Values) }}
{{- if not (or $given.type $given.rollingUpdate $shared) }}
  {{- if include "release-runtime.writtenClaims" . | fromJsonArray }}{{ $type = "Recreate" }}{{ end }}
{{- end }}
{{- $out := dict "type" $type }}
{{- if eq $type "RollingUpdate" }}
  {{- $rolling := include "release-runtime.overlay" (list (dict "maxSurge" 1 "maxUnavailable" 0) $given.rollingUpdate) | fromJson }}
  {{- $_ := set $out "rollingUpdate" $rolling }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* What only a StatefulSet has, as JSON: dict root key workload. The Service that names its pods is one of its own. */ -}}
{{- define "release-runtime.ofStatefulSet" -}}
{{- $out := pick .workload "podManagementPolicy" "persistentVolumeClaimRetentionPolicy" }}
{{- $found := list }}
{{- range $key, $service := .root.services }}
  {{- if eq $service.workload $.key }}{{ $found = append $found $service }}{{ end }}
{{- end }}
{{- range $service := $found }}
  {{- if or (not $out.serviceName) (eq ($service.spec.clusterIP | default "") "None") }}
    {{- $_ := set $out "serviceName" $service.name }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
Its claims, as JSON, to be read by fromJsonArray: dict root key workload. They can never be changed, so their labels are those of selectors.
*/ -}}
{{- define "release-runtime.claimTemplates" -}}
{{- $out := list }}
{{- range $name, $given := .workload.volumeClaimTemplates }}
  {{- $labels := include "release-runtime.selector" (dict "root" $.root "component" $.key) | fromYaml }}
  {{- $meta := dict "name" $name "labels" $labels }}
  {{- with $given.annotations }}{{ $_ := set $meta "annotations" . }}{{ end }}
  {{- $spec := include "release-runtime.claimSpec" $given | fromJson }}
  {{- $out = append $out (dict "apiVersion" "v1" "kind" "PersistentVolumeClaim" "metadata" $meta "spec" $spec) }}
{{- end }}
{{- toJson $out }}
{{- end }}
