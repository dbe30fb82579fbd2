{{- /*
Pods and containers under restricted Pod Security.

release-runtime.pod     what every pod has, as JSON: dict root [workload] [hook copies]
*/ -}}
{{- define "release-runtime.pod" -}}
{{- $workload := .workload | default dict }}
{{- $security := dict "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault") }}
{{- /* Its defaults are in values.yaml, so that a null takes them away; an upgrade that reuses an older release's values has none of it. */ -}}
{{- $ours := dict "runAsUser" 1000 "runAsGroup" 1000 }}
{{- if hasKey .root.Values "podSecurity" }}{{ $ours = .root.Values.podSecurity }}{{ end }}
{{- include "release-runtime.noRoot" (dict "security" $ours "where" "podSecurity") }}
{{- range $from := list $ours ($workload.securityContext | default dict) }}
  {{- range $key, $value := $from }}{{ $_ := set $security $key $value }}{{ end }}
{{- end }}
{{- $account := .root.Values.serviceAccount | default dict }}
{{- $make := dig "create" true $account }}
{{- $name := $account.name | default (ternary .root.Release.Name "default" $make) }}
{{- if and $make .hook }}{{ $name = include "release-runtime.hookAccount" .root }}{{ end }}
{{- $pod := dict "automountServiceAccountToken" false "enableServiceLinks" false "securityContext" $security "serviceAccountName" $name }}
{{- $pull := list }}{{ $root := .root }}{{ $hook := .hook }}{{ $copies := .copies }}
{{- range $workload.imagePullSecrets | default (dig "imagePullSecrets" (list) (.root.Values.global | default dict)) }}
  {{- $entry := dig "secrets" .name dict $root.Values }}
  {{- if and (or $entry.data $entry.stringData) (not (has $entry.type (list "kubernetes.io/dockerconfigjson" "kubernetes.io/dockercfg"))) }}
    {{- fail (printf "secrets.%s.type: imagePullSecrets name it, and a kubelet passes over all but kubernetes.io/dockerconfigjson (with the key .dockerconfigjson) without a word" .name) }}
  {{- end }}
  {{- $pull = append $pull (dict "name" (include "release-runtime.ref" (dict "root" $root "kind" "secrets" "name" .name "hook" $hook "copies" $copies))) }}
{{- end }}
{{- if $pull }}{{ $_ := set $pod "imagePullSecrets" $pull }}{{ end }}
{{- toJson $pod }}
{{- end }}

{{- /* The account of hook pods: a copy of the release's */ -}}
{{- define "release-runtime.hookAccount" -}}
{{- $name := dig "serviceAccount" "name" "" .Values | default .Release.Name }}
{{- include "release-runtime.cut" (list (printf "%s%s" $name (include "release-runtime.hookSuffix" (dict "root" . "key" ""))) 63) }}
{{- end }}

{{- /* A container's securityContext, as JSON: dict [container] readOnly */ -}}
{{- define "release-runtime.secure" -}}
{{- $out := dict "allowPrivilegeEscalation" false "capabilities" (dict "drop" (list "ALL")) }}
{{- if .readOnly }}{{ $_ := set $out "readOnlyRootFilesystem" true }}{{ end }}
{{- range $key, $value := dig "securityContext" (dict) (.container | default dict) }}{{ $_ := set $out $key $value }}{{ end }}
{{- /* What is added comes on top of the drop: without it restricted Pod Security refuses the pod. */ -}}
{{- if not (hasKey $out.capabilities "drop") }}{{ $_ := set $out "capabilities" (merge (dict "drop" (list "ALL")) $out.capabilities) }}{{ end }}
{{- toJson $out }}
{{- end }}

{{- /* Our programs' requests and limits, as JSON: dict root [resources] */ -}}
{{- define "release-runtime.small" -}}
{{- $preset := dict "requests" (dict "cpu" "5m" "memory" "8Mi") "limits" (dict "memory" "32Mi") }}
{{- .resources | default (mergeOverwrite $preset (.root.own.resources | default dict)) | toJson }}
{{- end }}

{{- /* An init container that puts one of our programs into the volume release-runtime, as JSON: dict root program [image] */ -}}
{{- define "release-runtime.copy" -}}
{{- $image := include "release-runtime.image" (dict "root" .root "program" .program "image" .image) }}
{{- $out := dict "name" (printf "copy-%s" .program) "image" $image "imagePullPolicy" (.root.own.pullPolicy | default "IfNotPresent") }}
{{- $_ := set $out "args" (list "copy" (printf "/release-runtime/%s" .program)) }}
{{- $_ := set $out "resources" (include "release-runtime.small" (dict "root" .root) | fromJson) }}
{{- $_ := set $out "securityContext" (include "release-runtime.secure" (dict "readOnly" true) | fromJson) }}
{{- $_ := set $out "volumeMounts" (list (dict "name" "release-runtime" "mountPath" "/release-runtime")) }}
{{- toJson $out }}
{{- end }}

{{- /* The volume that .copy fills */ -}}
{{- define "release-runtime.copyVolume" -}}
{"name":"release-runtime","emptyDir":{"sizeLimit":"32Mi"}}
{{- end }}

{{- /* containerPorts of a container, the first one first, as JSON {ports: […]}: dict container name */ -}}
{{- define "release-runtime.ports" -}}
{{- $out := list }}
{{- if .container.port }}{{ $out = append $out (dict "name" (.portName | default "http") "containerPort" (int64 .container.port)) }}{{ end }}
{{- range $name, $port := .container.ports | default dict }}
  {{- if kindIs "map" $port }}
    {{- $one := deepCopy $port }}{{ $_ := set $one "name" $name }}
    {{- $out = append $out $one }}
  {{- else }}
    {{- $out = append $out (dict "name" $name "containerPort" (int64 $port)) }}
  {{- end }}
{{- end }}
{{- dict "ports" $out | toJson }}
{{- end }}

{{- /*
All ports of a workload in its containers' order, as JSON {first: {container, name, port} or nothing, ports: [{container, name, port}]}:
dict workload
*/ -}}
{{- define "release-runtime.workloadPorts" -}}
{{- $containers := .workload.containers | default dict }}
{{- $ports := list }}
{{- range $name := (include "release-runtime.ordered" $containers | fromJson).keys }}
  {{- $c := get $containers $name }}
  {{- $portName := ternary "http" ($name | trunc 15 | trimSuffix "-") (empty $ports) }}
  {{- range (include "release-runtime.ports" (dict "container" $c "portName" $portName) | fromJson).ports }}
    {{- $ports = append $ports (dict "container" $name "name" .name "port" .containerPort "protocol" (.protocol | default "TCP")) }}
  {{- end }}
{{- end }}
{{- $out := dict "ports" $ports }}
{{- if $ports }}{{ $_ := set $out "first" (first $ports) }}{{ end }}
{{- toJson $out }}
{{- end }}

{{- /* A workload's volumes, as JSON {volumes: […]}: dict root workload [hook copies] */ -}}
{{- define "release-runtime.volumes" -}}
{{- $how := dict "root" .root "hook" .hook "copies" .copies }}{{ $out := list }}
{{- range $name, $volume := .workload.volumes | default dict }}
  {{- $v := deepCopy $volume }}
  {{- if $v.secret }}
    {{- $_ := set $v.secret "secretName" (include "release-runtime.ref" (merge (dict "kind" "secrets" "name" $v.secret.secretName) $how)) }}
  {{- else if $v.configMap }}
    {{- $_ := set $v.configMap "name" (include "release-runtime.ref" (merge (dict "kind" "configMaps" "name" $v.configMap.name) $how)) }}
  {{- end }}
  {{- range $source := dig "projected" "sources" (list) $v }}
    {{- range $field, $kind := dict "secret" "secrets" "configMap" "configMaps" }}
      {{- $part := get $source $field }}
      {{- if $part }}{{ $_ := set $part "name" (include "release-runtime.ref" (merge (dict "kind" $kind "name" $part.name) $how)) }}{{ end }}
    {{- end }}
  {{- end }}
  {{- $_ := set $v "name" $name }}
  {{- $out = append $out $v }}
{{- end }}
{{- dict "volumes" $out | toJson }}
{{- end }}

{{- /* emptyDirs for a container's writable folders, as JSON {mounts, volumes}: dict container name */ -}}
{{- define "release-runtime.writable" -}}
{{- $mounts := list }}{{ $volumes := list }}{{ $name := .name }}
{{- range $i, $path := .container.writable | default list }}
  {{- $volume := include "release-runtime.cut" (list (printf "writable-%s-%d" $name $i) 63) }}
  {{- $mounts = append $mounts (dict "name" $volume "mountPath" $path) }}
  {{- $volumes = append $volumes (dict "name" $volume "emptyDir" dict) }}
{{- end }}
{{- dict "mounts" $mounts "volumes" $volumes | toJson }}
{{- end }}

{{- /* A container of the user's, as JSON: dict root container name where portName */ -}}
{{- define "release-runtime.container" -}}
{{- $c := .container }}{{ $where := .where }}
{{- include "release-runtime.noRoot" (dict "security" ($c.securityContext | default dict) "where" (printf "%s.securityContext" $where)) }}
{{- if not $c.image }}{{ fail (printf "%s.image is missing" .where) }}{{ end }}
{{- $out := dict "name" .name "image" $c.image }}
{{- $_ := include "release-runtime.take" (dict "from" $c "to" $out "keys" (list "imagePullPolicy" "command" "args" "workingDir" "resources" "startupProbe" "livenessProbe" "readinessProbe" "lifecycle")) }}
{{- range $key := list "command" "args" }}
  {{- if hasKey $out $key }}
    {{- $words := list }}
    {{- range get $out $key }}{{ $words = append $words (include "release-runtime.text" .) }}{{ end }}
    {{- include "release-runtime.noPasswords" (dict "words" $words "where" (printf "%s.%s" $where $key)) }}
    {{- $_ := set $out $key $words }}
  {{- end }}
{{- end }}
{{- $ports := (include "release-runtime.ports" (dict "container" $c "portName" .portName) | fromJson).ports }}
{{- if $ports }}{{ $_ := set $out "ports" $ports }}{{ end }}
{{- $env := (include "release-runtime.env" (dict "root" .root "env" $c.env "where" (printf "%s.env" .where)) | fromJson).env }}
{{- if $env }}{{ $_ := set $out "env" $env }}{{ end }}
{{- $envFrom := (include "release-runtime.envFrom" (dict "root" .root "container" $c) | fromJson).envFrom }}
{{- if $envFrom }}{{ $_ := set $out "envFrom" $envFrom }}{{ end }}
{{- $_ := set $out "securityContext" (include "release-runtime.secure" (dict "container" $c "readOnly" $c.readOnlyRoot) | fromJson) }}
{{- $mounts := list }}
{{- range $name, $mount := $c.volumeMounts | default dict }}
  {{- $m := deepCopy $mount }}
  {{- if not $m.name }}{{ $_ := set $m "name" $name }}{{ end }}
  {{- $mounts = append $mounts $m }}
{{- end }}
{{- $mounts = concat $mounts (include "release-runtime.writable" (dict "container" $c "name" .name) | fromJson).mounts }}
{{- if $mounts }}{{ $_ := set $out "volumeMounts" $mounts }}{{ end }}
{{- toJson $out }}
{{- end }}
