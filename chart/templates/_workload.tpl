{{- /*
A Deployment: release-runtime.deployment, dict root key workload.

preStop keeps an application up until the endpoints' users have heard that it goes: Kubernetes' own sleep from 1.30 on, before that
"healthd sleep", which an init container brings along. It must leave time within terminationGracePeriodSeconds.
*/ -}}
{{- define "release-runtime.deployment" -}}
{{- $root := .root }}{{ $w := .workload }}{{ $key := .key }}
{{- $where := printf "workloads.%s" $key }}
{{- $order := (include "release-runtime.ordered" ($w.containers | default dict) | fromJson).keys }}
{{- if not $order }}{{ fail (printf "%s.containers is empty: give at least containers.app.image" $where) }}{{ end }}
{{- $ports := include "release-runtime.workloadPorts" (dict "workload" $w) | fromJson }}
{{- $plan := include "release-runtime.healthdPlan" (dict "root" $root "workload" $w "key" $key "ports" $ports) | fromJson }}
{{- $grace := int (dig "terminationGracePeriodSeconds" 30 $w) }}
{{- $sleep := int (dig "preStopSeconds" 3 $w) }}
{{- /* An ordinary container gets TERM together with the others: healthd says 503 for as long as they are still sent to. */ -}}
{{- $drain := add $sleep 5 }}
{{- if ge (add $sleep 1) $grace }}
  {{- fail (printf "%s: preStopSeconds (%d) leaves the application no time within terminationGracePeriodSeconds (%d)" $where $sleep $grace) }}
{{- end }}
{{- if and $plan.on (not $plan.native) (gt (int (add $sleep $drain)) $grace) }}
  {{- fail (printf "%s: preStopSeconds (%d) and healthd's drain (%d) do not fit into terminationGracePeriodSeconds (%d)" $where $sleep $drain $grace) }}
{{- end }}
{{- include "release-runtime.checkPorts" (dict "ports" $ports.ports "where" $where) }}
{{- include "release-runtime.checkVolumes" (dict "workload" $w "where" $where) }}
{{- include "release-runtime.noRoot" (dict "security" ($w.securityContext | default dict) "where" (printf "%s.securityContext" $where)) }}
{{- include "release-runtime.reserved" (dict "workload" $w "plan" $plan "ports" $ports "where" $where) }}
{{- $sleeps := include "release-runtime.from" (dict "root" $root "than" "1.30.0") }}
{{- $containers := list }}{{ $inits := list }}{{ $volumes := (include "release-runtime.volumes" (dict "root" $root "workload" $w) | fromJson).volumes }}
{{- $copy := false }}
{{- range $name := $order }}
  {{- $c := deepCopy (get $w.containers $name) }}
  {{- $portName := ternary "http" ($name | trunc 15 | trimSuffix "-") (eq $name (dig "first" "container" $name $ports)) }}
  {{- $own := include "release-runtime.container" (dict "root" $root "container" $c "name" $name "where" (printf "%s.containers.%s" $where $name) "portName" $portName) | fromJson }}
  {{- range $probe := list "startupProbe" "livenessProbe" "readinessProbe" }}
    {{- $given := get $own $probe }}
    {{- if and (hasKey $own $probe) (not (or (hasKey $given "httpGet") (hasKey $given "tcpSocket") (hasKey $given "grpc") (hasKey $given "exec"))) }}
      {{- fail (printf "%s.containers.%s.%s: give one of httpGet, tcpSocket, grpc, exec" $where $name $probe) }}
    {{- end }}
    {{- range $how := list "httpGet" "tcpSocket" "grpc" }}
      {{- $asked := dig $probe $how nil $own }}
      {{- if and (kindIs "map" $asked) (not (hasKey $asked "port")) }}
        {{- if not $own.ports }}{{ fail (printf "%s.containers.%s.%s.%s.port is missing, and the container has no port" $where $name $probe $how) }}{{ end }}
        {{- $_ := set $asked "port" (first $own.ports).containerPort }}
      {{- end }}
      {{- include "release-runtime.probePort" (dict "asked" $asked "ports" $own.ports "where" (printf "%s.containers.%s.%s.%s" $where $name $probe $how)) }}
    {{- end }}
  {{- end }}
  {{- if and $own.ports (gt $sleep 0) (not (dig "lifecycle" "preStop" false $own)) }}
    {{- $lifecycle := $own.lifecycle | default dict }}
    {{- if $sleeps }}{{ $_ := set $lifecycle "preStop" (dict "sleep" (dict "seconds" $sleep)) }}
    {{- else }}
      {{- $copy = true }}
      {{- $_ := set $lifecycle "preStop" (dict "exec" (dict "command" (list "/release-runtime/healthd" "sleep" (printf "%ds" $sleep)))) }}
      {{- $_ := set $own "volumeMounts" (append ($own.volumeMounts | default list) (dict "name" "release-runtime" "mountPath" "/release-runtime" "readOnly" true)) }}
    {{- end }}
    {{- $_ := set $own "lifecycle" $lifecycle }}
  {{- end }}
  {{- $containers = append $containers $own }}
  {{- $volumes = concat $volumes (include "release-runtime.writable" (dict "container" $c "name" $name) | fromJson).volumes }}
{{- end }}
{{- if $copy }}
  {{- $inits = append $inits (include "release-runtime.copy" (dict "root" $root "program" "healthd" "image" (dig "healthd" "image" "" $w)) | fromJson) }}
  {{- $volumes = append $volumes (include "release-runtime.copyVolume" . | fromJson) }}
{{- end }}
{{- if $plan.on }}
  {{- $sidecar := include "release-runtime.healthdSidecar" (dict "root" $root "native" $plan.native "lines" $plan.lines "env" $plan.env "mounts" $plan.mounts "drain" (printf "%ds" $drain) "healthd" $w.healthd) | fromJson }}
  {{- if $plan.native }}{{ $inits = append $inits $sidecar }}{{ else }}{{ $containers = append $containers $sidecar }}{{ end }}
  {{- $volumes = concat $volumes $plan.volumes }}
{{- end }}
{{- $pod := include "release-runtime.pod" (dict "root" $root "workload" $w) | fromJson }}
{{- $_ := set $pod "containers" $containers }}
{{- range $containers }}{{ if dig "lifecycle" "stopSignal" "" . }}{{ $_ := set $pod "os" (dict "name" "linux") }}{{ end }}{{ end }}
{{- if $inits }}{{ $_ := set $pod "initContainers" $inits }}{{ end }}
{{- if $volumes }}{{ $_ := set $pod "volumes" $volumes }}{{ end }}
{{- $_ := set $pod "terminationGracePeriodSeconds" $grace }}
{{- $selector := include "release-runtime.selector" (dict "root" $root "component" $key) | fromYaml }}
{{- $labels := deepCopy $selector }}
{{- range $name, $value := $w.podLabels | default dict }}
  {{- if hasKey $selector $name }}{{ fail (printf "%s.podLabels: %s belongs to the chart" $where $name) }}{{ end }}
  {{- $_ := set $labels $name (include "release-runtime.text" $value) }}
{{- end }}
{{- $meta := dict "labels" $labels }}
{{- $annotations := include "release-runtime.strings" ($w.podAnnotations | default dict) | fromJson }}
{{- range $name, $sum := include "release-runtime.checksums" (dict "root" $root "pod" $pod) | fromJson }}{{ $_ := set $annotations $name $sum }}{{ end }}
{{- if $annotations }}{{ $_ := set $meta "annotations" $annotations }}{{ end }}
{{- $spec := dict "selector" (dict "matchLabels" $selector) }}
{{- /* Rendered without being asked for, it would undo kubectl scale and an autoscaler, and Helm 4 refuses to. */ -}}
{{- if hasKey $w "replicas" }}{{ $_ := set $spec "replicas" (int64 $w.replicas) }}{{ end }}
{{- $_ := set $spec "strategy" (include "release-runtime.strategy" (dict "root" $root "workload" $w "where" $where) | fromJson) }}
{{- $_ := include "release-runtime.take" (dict "from" $w "to" $spec "keys" (list "minReadySeconds" "progressDeadlineSeconds" "revisionHistoryLimit")) }}
{{- $_ := set $spec "template" (dict "metadata" $meta "spec" $pod) }}
{{- range $name, $_ := $w.labels | default dict }}
  {{- if or (hasPrefix "app.kubernetes.io/" $name) (eq $name "helm.sh/chart") }}{{ fail (printf "%s.labels: %s belongs to the chart" $where $name) }}{{ end }}
{{- end }}
{{- $name := include "release-runtime.name" (dict "root" $root "key" $key "entry" $w) }}
{{- $metadata := include "release-runtime.metadata" (dict "root" $root "name" $name "component" $key "annotations" $w.annotations "labels" $w.labels) | fromJson }}
{{- toYaml (dict "apiVersion" "apps/v1" "kind" "Deployment" "metadata" $metadata "spec" $spec) }}
{{- end }}

{{- /*
How pods are replaced, as JSON: dict root workload where. Where they write to a claim the old one ends before the new one begins,
for two servers on one data directory destroy it; what would let two of them run has to be said twice. Of several, for which it was, one
goes at a time.
*/ -}}
{{- define "release-runtime.strategy" -}}
{{- $where := .where }}{{ $given := .workload.strategy | default dict }}
{{- $claims := (include "release-runtime.writtenClaims" .workload | fromJson).names }}
{{- $count := int64 (dig "replicas" 1 .workload) }}
{{- $alone := and (not (empty $claims)) (le $count 1) (not $given.rollingUpdate) }}
{{- $type := $given.type | default (ternary "Recreate" "RollingUpdate" $alone) }}
{{- if and $claims (not (dig "allowSharedRWO" false (.root.Values.policy | default dict))) }}
  {{- $claim := printf "to the claim of volumes.%s; where that does no harm, say policy.allowSharedRWO: true" (join ", " $claims) }}
  {{- if gt $count 1 }}{{ fail (printf "%s.replicas: %d pods would write at once %s" $where $count $claim) }}{{ end }}
  {{- if eq $type "RollingUpdate" }}{{ fail (printf "%s.strategy: RollingUpdate starts the new pod before the old one has ended, and both would write %s" $where $claim) }}{{ end }}
{{- end }}
{{- $out := dict "type" $type }}
{{- if eq $type "RollingUpdate" }}
  {{- $rolling := mergeOverwrite (dict "maxSurge" 1 "maxUnavailable" 0) ($given.rollingUpdate | default dict) }}
  {{- if and (regexMatch "^0+%?$" (toString $rolling.maxSurge)) (regexMatch "^0+%?$" (toString $rolling.maxUnavailable)) }}
    {{- fail (printf "%s.strategy.rollingUpdate: with maxSurge and maxUnavailable 0 no pod could be replaced" $where) }}
  {{- end }}
  {{- $_ := set $out "rollingUpdate" $rolling }}
{{- else if $given.rollingUpdate }}
  {{- fail (printf "%s.strategy: Recreate has no rollingUpdate; give one of the two" $where) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* Volumes of a workload that are claims which its containers can write to, as JSON {names: […]} */ -}}
{{- define "release-runtime.writtenClaims" -}}
{{- $names := list }}{{ $containers := .containers | default dict }}
{{- range $name, $volume := .volumes | default dict }}
  {{- $claim := $volume.persistentVolumeClaim }}
  {{- if and $claim (not $claim.readOnly) }}
    {{- $mounted := false }}{{ $written := false }}
    {{- range $c := $containers }}
      {{- range $key, $mount := $c.volumeMounts | default dict }}
        {{- if eq ($mount.name | default $key) $name }}
          {{- $mounted = true }}
          {{- if not $mount.readOnly }}{{ $written = true }}{{ end }}
        {{- end }}
      {{- end }}
    {{- end }}
    {{- if or $written (not $mounted) }}{{ $names = append $names $name }}{{ end }}
  {{- end }}
{{- end }}
{{- dict "names" $names | toJson }}
{{- end }}

{{- /* Refuses names and a port that the chart itself needs: dict workload plan ports where */ -}}
{{- define "release-runtime.reserved" -}}
{{- $where := .where }}{{ $plan := .plan }}
{{- range $name, $_ := .workload.containers }}
  {{- if or (eq $name "healthd") (hasPrefix "copy-" $name) }}{{ fail (printf "%s.containers.%s: the chart has a container of that name; choose another" $where $name) }}{{ end }}
{{- end }}
{{- range $name, $_ := .workload.volumes | default dict }}
  {{- if or (hasPrefix "release-runtime" $name) (hasPrefix "writable-" $name) }}{{ fail (printf "%s.volumes.%s: the chart has volumes of such names; choose another" $where $name) }}{{ end }}
{{- end }}
{{- range .ports.ports }}
  {{- if and $plan.on (eq (int .port) 9180) }}{{ fail (printf "%s.containers.%s: port 9180 is healthd's; choose another, or healthd.enabled: false" $where .container) }}{{ end }}
{{- end }}
{{- end }}

{{- /* Sums of what the chart's own Secrets and ConfigMaps hold that a pod refers to, as JSON annotations: dict root pod */ -}}
{{- define "release-runtime.checksums" -}}
{{- $root := .root }}
{{- $text := toJson (omit .pod "imagePullSecrets") }}
{{- $out := dict }}
{{- range $kind := list "secrets" "configMaps" }}
  {{- $data := dict }}
  {{- range $name, $entry := get $root.Values $kind | default dict }}
    {{- $real := include "release-runtime.name" (dict "root" $root "key" $name "entry" $entry) }}
    {{- if and (not $entry.existingSecret) (contains (printf "%q" $real) $text) }}{{ $_ := set $data $name (dict "data" $entry.data "stringData" $entry.stringData) }}{{ end }}
  {{- end }}
  {{- if $data }}{{ $_ := set $out (printf "checksum/%s" (lower $kind)) (toJson $data | sha256sum) }}{{ end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* The containers of FROM ("web/app") as JSON {workload, key, container, name}: dict root from where */ -}}
{{- define "release-runtime.source" -}}
{{- $parts := splitList "/" .from }}
{{- $known := list }}
{{- range $w, $workload := .root.Values.workloads | default dict }}
  {{- range $c, $_ := $workload.containers | default dict }}{{ $known = append $known (printf "%s/%s" $w $c) }}{{ end }}
{{- end }}
{{- if not (has .from $known) }}
  {{- fail (printf "%s.from: there is no container %q (WORKLOAD/CONTAINER); there are: %s" .where .from ($known | sortAlpha | join ", ")) }}
{{- end }}
{{- $workload := get .root.Values.workloads (index $parts 0) }}
{{- dict "workload" $workload "key" (index $parts 0) "container" (get $workload.containers (index $parts 1)) "name" (index $parts 1) | toJson }}
{{- end }}
