{{- /*
A Deployment, StatefulSet or DaemonSet, as YAML: dict root deployment(of the model)

preStop keeps an application up until the endpoints' users have heard that it goes: Kubernetes' own sleep from 1.30 on, before that
"healthd sleep", which an init container brings along.
*/ -}}
{{- define "release-runtime.deployment" -}}
{{- $d := .deployment }}
{{- $pod := include "release-runtime.workloadPod" . }}
apiVersion: apps/v1
kind: {{ $d.kind }}
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) $d) | nindent 2 }}
spec:
  {{- /* Rendered without being asked for, it would undo kubectl scale and an autoscaler, and Helm 4 refuses to. */}}
  {{- if hasKey $d "replicas" }}
  replicas: {{ int64 $d.replicas }}
  {{- end }}
  {{- with $d.limits }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{ eq $d.kind "Deployment" | ternary "strategy" "updateStrategy" }}: {{ toJson $d.strategy }}
  selector:
    matchLabels:
      {{- include "release-runtime.selector" (dict "root" .root "component" $d.component) | nindent 6 }}
  template:
    metadata:
      {{- $sums := include "release-runtime.checksums" (dict "root" .root "pod" (fromYaml $pod)) | fromJson }}
      {{- $files := list }}{{ range $d.migrations }}{{ with .files }}{{ $files = append $files .data }}{{ end }}{{ end }}
      {{- if $files }}{{ $_ := set $sums "checksum/migrations" (toJson $files | sha256sum) }}{{ end }}
      {{- include "release-runtime.podMetadata" (merge (dict "root" .root "sums" $sums) (pick $d "component" "pod")) | nindent 6 }}
    spec:
      {{- $pod | nindent 6 }}
  {{- with $d.templates }}
  volumeClaimTemplates:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- /* Its pod */ -}}
{{- define "release-runtime.workloadPod" -}}
{{- $d := .deployment }}{{ $h := $d.healthd }}{{ $healthd := "" }}
{{- if $h.on }}
  {{- $given := dict "root" .root "drain" (printf "%ds" (int64 $d.drain)) "healthd" $h }}
  {{- $healthd = include "release-runtime.healthd" (merge $given (pick $h "native" "lines" "env" "mounts")) }}
{{- end }}
{{- include "release-runtime.pod" $d.pod }}
terminationGracePeriodSeconds: {{ int64 $d.grace }}
{{- range concat $d.pod.containers $d.before }}{{ if dig "lifecycle" "stopSignal" "" . }}
os: {name: linux}
{{- break }}
{{- end }}{{ end }}
{{- if or $d.bringsHealthd $d.before (and $h.on $h.native) }}
{{- $bringsMigrate := false }}{{ range $d.migrations }}{{ if .bringsMigrate }}{{ $bringsMigrate = true }}{{ end }}{{ end }}
initContainers:
  {{- if $bringsMigrate }}
  - {{- include "release-runtime.copyProgram" (dict "root" .root "program" "migrate") | nindent 4 }}
  {{- end }}
  {{- if $d.bringsHealthd }}
  - {{- include "release-runtime.copyProgram" (dict "root" .root "program" "healthd" "image" $h.image) | nindent 4 }}
  {{- end }}
  {{- range $d.before }}
  {{- if .migration }}
  - {{- include "release-runtime.migrateContainer" (merge (dict "root" $.root) .migration) | nindent 4 }}
  {{- else }}
  - {{- include "release-runtime.container" . | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- if and $h.on $h.native }}
  - {{- $healthd | nindent 4 }}
  {{- end }}
{{- end }}
containers:
  {{- range $d.pod.containers }}
  - {{- include "release-runtime.container" . | nindent 4 }}
  {{- end }}
  {{- if and $h.on (not $h.native) }}
  - {{- $healthd | nindent 4 }}
  {{- end }}
{{- end }}

{{- /* Sums of what the chart's own Secrets and ConfigMaps hold that a pod refers to, as JSON annotations: dict root pod */ -}}
{{- define "release-runtime.checksums" -}}
{{- $text := toJson (omit .pod "imagePullSecrets") }}
{{- $out := dict }}
{{- range $kind := list "secrets" "configMaps" }}
  {{- $data := dict }}
  {{- range $key, $entry := get $.root.Values $kind | default dict }}
    {{- $name := include "release-runtime.name" (dict "root" $.root "key" $key "entry" $entry) }}
    {{- if and (not $entry.existingSecret) (contains (printf "%q" $name) $text) }}
      {{- $_ := set $data $key (pick $entry "data" "stringData" "sealed") }}
    {{- end }}
  {{- end }}
  {{- with $data }}{{ $_ := set $out (printf "checksum/%s" (lower $kind)) (toJson . | sha256sum) }}{{ end }}
{{- end }}
{{- toJson $out }}
{{- end }}
