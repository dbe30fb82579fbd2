{{- /*
A workload.

release-runtime.check.workload   refuses, in the values, what lacks something or takes what is the chart's; the model relies on it:
                                 dict root key workload
*/ -}}
{{- define "release-runtime.check.workload" -}}
{{- $w := .workload }}{{ $where := printf "workloads.%s" .key }}
{{- $stay := include "release-runtime.containersOf" (dict "workload" $w "of" "containers") | fromJsonArray }}
{{- if not $stay }}{{ fail (printf "%s.containers is empty: give at least containers.app.image" $where) }}{{ end }}
{{- include "release-runtime.check.kind" (dict "workload" $w "where" $where) }}
{{- include "release-runtime.check.healthd" (dict "root" .root "workload" $w "where" $where) }}
{{- range list "autoscaling" "pdb" "scheduling" }}
  {{- include (printf "release-runtime.check.%s" .) (dict "root" $.root "workload" $w "where" $where) }}
{{- end }}
{{- include "release-runtime.check.volumes" (dict "root" .root "workload" $w "where" $where) }}
{{- include "release-runtime.check.noRoot" (dict "security" $w.securityContext "where" (printf "%s.securityContext" $where)) }}
{{- range $name := include "release-runtime.ordered" $w.containers | fromJsonArray }}
  {{- $at := include "release-runtime.containerPath" (dict "workload" $w "name" $name "where" $where) }}
  {{- if or (eq $name "healthd") (hasPrefix "copy-" $name) }}
    {{- fail (printf "%s: the chart has a container of that name; choose another" $at) }}
  {{- end }}
  {{- include "release-runtime.check.container" (dict "root" $.root "container" (get $w.containers $name) "where" $at) }}
{{- end }}
{{- range $field := list "sidecars" "initContainers" }}{{ range $name, $_ := get $w $field | default dict }}
  {{- $other := include "release-runtime.containerPath" (dict "workload" $w "name" $name "where" $where) }}
  {{- fail (printf "%s.%s.%s: %s has the same name; choose another" $where $field $name $other) }}
{{- end }}{{ end }}
{{- include "release-runtime.check.pod" (dict "root" .root "workload" $w) }}
{{- include "release-runtime.check.podLabels" (dict "root" .root "labels" $w.podLabels "where" (printf "%s.podLabels" $where)) }}
{{- range $name, $_ := $w.labels }}
  {{- if or (hasPrefix "app.kubernetes.io/" $name) (eq $name "helm.sh/chart") }}
    {{- fail (printf "%s.labels: %s belongs to the chart" $where $name) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses labels that selectors use: dict root labels where */ -}}
{{- define "release-runtime.check.podLabels" -}}
{{- $selector := include "release-runtime.selector" (dict "root" .root "component" "x") | fromYaml }}
{{- range $name, $_ := .labels }}
  {{- if hasKey $selector $name }}{{ fail (printf "%s: %s belongs to the chart" $.where $name) }}{{ end }}
{{- end }}
{{- end }}

{{- /* Refuses, in the model, what does not fit together: dict root key workload deployment */ -}}
{{- define "release-runtime.check.deploymentModel" -}}
{{- $where := printf "workloads.%s" .key }}{{ $d := .deployment }}
{{- include "release-runtime.check.healthdModel" . }}
{{- if ge (add $d.sleep 1) (int64 $d.grace) }}
  {{- fail (printf "%s: preStopSeconds (%d) leaves the application no time within terminationGracePeriodSeconds (%d)"
    $where (int64 $d.sleep) (int64 $d.grace)) }}
{{- end }}
{{- if and $d.healthd.on (not $d.healthd.native) (gt (add $d.sleep $d.drain) (int64 $d.grace)) }}
  {{- fail (printf "%s: preStopSeconds (%d) and healthd's drain (%d) do not fit into terminationGracePeriodSeconds (%d)"
    $where (int64 $d.sleep) (int64 $d.drain) (int64 $d.grace)) }}
{{- end }}
{{- include "release-runtime.check.ports" (dict "ports" $d.ports "where" $where "workload" .workload) }}
{{- range $d.migrations }}
  {{- $name := include "release-runtime.migrateName" . }}
  {{- if hasKey $.workload.containers $name }}
    {{- $at := include "release-runtime.containerPath" (dict "workload" $.workload "name" $name "where" $where) }}
    {{- fail (printf "%s: the init container of %s has the same name; choose another" $at .where) }}
  {{- end }}
{{- end }}
{{- range $d.ports }}
  {{- if and $d.healthd.on (eq (int64 .port) 9180) }}
    {{- $at := include "release-runtime.containerPath" (dict "workload" $.workload "name" .container "where" $where) }}
    {{- fail (printf "%s: port 9180 is healthd's; choose another, or healthd.enabled: false" $at) }}
  {{- end }}
{{- end }}
{{- range concat $d.pod.containers $d.before }}
  {{- if not .migration }}{{ include "release-runtime.check.containerModel" (dict "container" . "where" .where) }}{{ end }}
{{- end }}
{{- $given := dict "root" .root "workload" .workload "made" $d.strategy "where" $where }}
{{- include (eq $d.kind "Deployment" | ternary "release-runtime.check.strategy" "release-runtime.check.written") $given }}
{{- end }}

{{- /* Refuses what its kind does not have: dict workload where */ -}}
{{- define "release-runtime.check.kind" -}}
{{- $w := .workload }}{{ $kind := $w.kind | default "Deployment" }}
{{- $only := dict "strategy" (list "Deployment") "progressDeadlineSeconds" (list "Deployment") "podManagementPolicy" (list "StatefulSet") }}
{{- $only = merge $only (dict "volumeClaimTemplates" (list "StatefulSet") "persistentVolumeClaimRetentionPolicy" (list "StatefulSet")) }}
{{- $only = merge $only (dict "updateStrategy" (list "StatefulSet" "DaemonSet") "replicas" (list "Deployment" "StatefulSet")) }}
{{- $only = merge $only (dict "autoscaling" (list "Deployment" "StatefulSet")) }}
{{- range $field, $kinds := $only }}
  {{- if and (hasKey $w $field) (not (has $kind $kinds)) }}
    {{- fail (printf "%s.%s: a %s has none, but a %s" $.where $field $kind (join " or a " $kinds)) }}
  {{- end }}
{{- end }}
{{- $rolling := dig "updateStrategy" "rollingUpdate" dict $w }}
{{- if and (hasKey $rolling "partition") (ne $kind "StatefulSet") }}
  {{- fail (printf "%s.updateStrategy.rollingUpdate.partition: only a StatefulSet has one" .where) }}
{{- end }}
{{- if and (hasKey $rolling "maxSurge") (ne $kind "DaemonSet") }}
  {{- fail (printf "%s.updateStrategy.rollingUpdate.maxSurge: only a DaemonSet has one" .where) }}
{{- end }}
{{- range $name, $template := $w.volumeClaimTemplates }}
  {{- $at := printf "%s.volumeClaimTemplates.%s" $.where $name }}
  {{- if not $template.size }}{{ fail (printf "%s.size is missing" $at) }}{{ end }}
  {{- if hasKey ($w.volumes | default dict) $name }}{{ fail (printf "%s: volumes.%s has the same name" $at $name) }}{{ end }}
  {{- range $key, $_ := $template.containers }}
    {{- fail (printf "%s.containers.%s: there is no such container; there are: %s" $at $key (keys $w.containers | sortAlpha | join ", ")) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses, of what is no Deployment, several pods that write to one claim: dict root workload where */ -}}
{{- define "release-runtime.check.written" -}}
{{- $claims := include "release-runtime.writtenClaims" . | fromJsonArray }}
{{- $pinned := hasKey (.workload.nodeSelector | default dict) "kubernetes.io/hostname" }}
{{- if and $claims (not $pinned) (not (dig "policy" "allowSharedRWO" false .root.Values)) }}
  {{- $many := or (eq .workload.kind "DaemonSet") (gt (int64 (dig "replicas" 1 .workload)) 1) }}
  {{- if $many }}
    {{- fail (printf (print "%s: several pods would write at once to the claim of volumes.%s; a StatefulSet's volumeClaimTemplates "
      "give each pod one of its own; where it does no harm, say policy.allowSharedRWO: true") .where (join ", " $claims)) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses what would let two pods write to one claim, unless it was said twice: dict root workload made(strategy) where */ -}}
{{- define "release-runtime.check.strategy" -}}
{{- $where := .where }}{{ $given := .workload.strategy | default dict }}{{ $type := .made.type }}
{{- $claims := include "release-runtime.writtenClaims" . | fromJsonArray }}
{{- if and $claims (not (dig "policy" "allowSharedRWO" false .root.Values)) }}
  {{- $count := int64 (dig "replicas" 1 .workload) }}
  {{- $claim := printf "to the claim of volumes.%s; where that does no harm, say policy.allowSharedRWO: true" (join ", " $claims) }}
  {{- $pinned := hasKey (.workload.nodeSelector | default dict) "kubernetes.io/hostname" }}
  {{- if and (gt $count 1) (not $pinned) }}{{ fail (printf "%s.replicas: %d pods would write at once %s" $where $count $claim) }}{{ end }}
  {{- if eq $type "RollingUpdate" }}
    {{- fail (printf "%s.strategy: RollingUpdate starts the new pod before the old one has ended, and both would write %s" $where $claim) }}
  {{- end }}
{{- end }}
{{- if ne $type "RollingUpdate" }}
  {{- if $given.rollingUpdate }}{{ fail (printf "%s.strategy: Recreate has no rollingUpdate; give one of the two" $where) }}{{ end }}
{{- else if regexMatch "^0+%? 0+%?$" (printf "%v %v" .made.rollingUpdate.maxSurge .made.rollingUpdate.maxUnavailable) }}
  {{- fail (printf "%s.strategy.rollingUpdate: with maxSurge and maxUnavailable 0 no pod could be replaced" $where) }}
{{- end }}
{{- end }}

{{- /* Refuses two ports of one name or one number in a pod, and one without a number: dict ports where workload */ -}}
{{- define "release-runtime.check.ports" -}}
{{- $seen := dict }}
{{- range .ports }}
  {{- $at := include "release-runtime.containerPath" (dict "workload" $.workload "name" .container "where" $.where) }}
  {{- if not .port }}{{ fail (printf "%s.ports.%s.containerPort is missing" $at .name) }}{{ end }}
  {{- $marks := list (printf "called %q" .name) (printf "with the number %d/%s" (int64 .port) .protocol) }}
  {{- range $marks }}
    {{- if hasKey $seen . }}
      {{- fail (printf (print "%s: a second port %s in one pod, the other is in the container %s "
        "(a container's port is called http when it is the workload's first, else like the container)") $at . (get $seen .)) }}
    {{- end }}
  {{- end }}
  {{- $container := .container }}
  {{- range $marks }}{{ $_ := set $seen . $container }}{{ end }}
{{- end }}
{{- end }}

{{- /* Refuses volumes and mounts that lack what they need, or are the chart's: dict root workload where */ -}}
{{- define "release-runtime.check.volumes" -}}
{{- $volumes := .workload.volumes | default dict }}
{{- $mountable := merge (deepCopy $volumes) (.workload.volumeClaimTemplates | default dict) }}
{{- $needed := dict "secret" "secretName" "configMap" "name" "persistentVolumeClaim" "claimName" "projected" "sources" }}
{{- range $name, $volume := $volumes }}
  {{- $at := printf "%s.volumes.%s" $.where $name }}
  {{- range $key, $_ := $volume.containers }}
    {{- $known := keys $.workload.containers | sortAlpha | join ", " }}
    {{- fail (printf "%s.containers.%s: there is no such container; there are: %s" $at $key $known) }}
  {{- end }}
  {{- if $volume.persistence }}
    {{- fail (printf "%s.persistence: there is no %q in persistence; there are: %s"
      $at $volume.persistence (keys ($.root.Values.persistence | default dict) | sortAlpha | join ", ")) }}
  {{- end }}
  {{- if ne (len $volume) 1 }}
    {{- fail (printf "%s: give one of emptyDir, secret, configMap, persistentVolumeClaim, projected, persistence" $at) }}
  {{- end }}
  {{- range $kind, $what := $volume }}
    {{- $field := get $needed $kind }}
    {{- if and $field (not (get $what $field)) }}{{ fail (printf "%s.%s.%s is missing" $at $kind $field) }}{{ end }}
  {{- end }}
  {{- if or (hasPrefix "release-runtime" $name) (hasPrefix "writable-" $name) }}
    {{- fail (printf "%s: the chart has volumes of such names; choose another" $at) }}
  {{- end }}
{{- end }}
{{- range $name, $container := .workload.containers }}
  {{- $at := include "release-runtime.containerPath" (dict "workload" $.workload "name" $name "where" $.where) }}
  {{- include "release-runtime.check.mounts" (dict "container" $container "volumes" $mountable "where" $at) }}
{{- end }}
{{- end }}

{{- /* Refuses two mounts on one path, and mounts of what is not there: dict container volumes where */ -}}
{{- define "release-runtime.check.mounts" -}}
{{- $paths := dict }}{{ $ours := "(/run)?/release-runtime" }}
{{- range $path, $_ := .container.writable }}
  {{- $at := printf "%s.writable" $.where }}
  {{- $plain := trimSuffix "/" $path }}
  {{- if not (hasPrefix "/" $path) }}{{ fail (printf "%s: %s has to begin with /" $at $path) }}{{ end }}
  {{- if hasKey $paths $plain }}{{ fail (printf "%s: %s is there twice" $at $plain) }}{{ end }}
  {{- include "release-runtime.check.ownFolder" (dict "path" $path "pattern" $ours "where" $at) }}
  {{- $_ := set $paths $plain true }}
{{- end }}
{{- range $name, $mount := .container.volumeMounts }}
  {{- $at := printf "%s.volumeMounts.%s" $.where $name }}
  {{- if not $mount.mountPath }}{{ fail (printf "%s.mountPath is missing" $at) }}{{ end }}
  {{- include "release-runtime.check.ownFolder" (dict "path" $mount.mountPath "pattern" $ours "where" (printf "%s.mountPath" $at)) }}
  {{- if hasKey $paths (trimSuffix "/" $mount.mountPath) }}
    {{- fail (printf "%s: something else is mounted on %s already (writable makes volumes too)" $at $mount.mountPath) }}
  {{- end }}
  {{- $_ := set $paths (trimSuffix "/" $mount.mountPath) true }}
  {{- $volume := $mount.name | default $name }}
  {{- if not (hasKey $.volumes $volume) }}
    {{- fail (printf "%s: the workload has no volume %q; it has: %s" $at $volume (keys $.volumes | sortAlpha | join ", ")) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses a mount where the chart has its own, or below it, which is read-only: dict path pattern where */ -}}
{{- define "release-runtime.check.ownFolder" -}}
{{- if regexMatch (printf "^%s(/|$)" .pattern) .path }}
  {{- fail (printf "%s: %s is the chart's own; choose another" .where (trimSuffix "/" .path)) }}
{{- end }}
{{- end }}
