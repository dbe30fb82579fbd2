{{- /*
Values to plain data.

release-runtime.model   in: the chart's root. Puts into it, as .releaseRuntime, everything that the object files make objects of. The
                        first of them has it computed, for all files of a chart share that root; what is refused is refused here,
                        before any object is made. Whoever reads it changes nothing in it.
*/ -}}
{{- define "release-runtime.model" -}}
{{- if not (hasKey . "releaseRuntime") }}
  {{- include "release-runtime.check.plain" (dict "value" .Values "path" "") }}
  {{- include "release-runtime.check.characters" . }}
  {{- $root := include "release-runtime.root" . | fromJson }}
  {{- include "release-runtime.check.values" $root }}
  {{- $model := include "release-runtime.model.all" $root | fromJson }}
  {{- include "release-runtime.check.model" $model }}
  {{- $_ := set . "releaseRuntime" $model }}
{{- end }}
{{- end }}

{{- /*
{root, workloads, services, migrations, cronJobs, secrets, configMaps: by key, copies: {secrets, configMaps}} as JSON: in: root
*/ -}}
{{- define "release-runtime.model.all" -}}
{{- $root := . }}{{ $values := .Values }}
{{- $workloads := dict }}{{ $migrations := dict }}{{ $cronJobs := dict }}
{{- range $key, $workload := $values.workloads }}
  {{- $given := dict "root" $root "key" $key "workload" $workload }}
  {{- $_ := set $workloads $key (include "release-runtime.model.deployment" $given | fromJson) }}
{{- end }}
{{- $copied := dict "secrets" dict "configMaps" dict }}
{{- range $key, $migration := include "release-runtime.enabled" $values.migrations | fromJson }}
  {{- $made := include "release-runtime.model.migration" (dict "root" $root "key" $key "migration" $migration) | fromJson }}
  {{- $_ := set $migrations $key $made }}
  {{- $copied = mergeOverwrite $copied $made.copies }}
{{- end }}
{{- range $key, $job := include "release-runtime.enabled" $values.cronJobs | fromJson }}
  {{- $_ := set $cronJobs $key (include "release-runtime.model.cronJob" (dict "root" $root "key" $key "job" $job) | fromJson) }}
{{- end }}
{{- $out := dict "root" $root "workloads" $workloads "migrations" $migrations "cronJobs" $cronJobs "copies" dict }}
{{- $_ := set $out "services" (include "release-runtime.services" $root | fromJson) }}
{{- range list "secrets" "configMaps" }}
  {{- $_ := set $out . (include "release-runtime.data" (dict "root" $root "kind" .) | fromJson) }}
  {{- $copies := dict "root" $root "kind" . "copies" (get $copied .) }}
  {{- $_ := set $out.copies . (include "release-runtime.data" $copies | fromJson) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* Entries that are not switched off, as JSON: in: a map, or nothing */ -}}
{{- define "release-runtime.enabled" -}}
{{- $out := dict }}
{{- range $key, $entry := . }}{{ if dig "enabled" true $entry }}{{ $_ := set $out $key $entry }}{{ end }}{{ end }}
{{- toJson $out }}
{{- end }}

{{- /*
In: the chart's root; out: as JSON {Values, Release, Chart, kube, flux, own}: the values without entries that are null, at any depth.
All other templates get this as "root", so that none meets a null.
*/ -}}
{{- define "release-runtime.root" -}}
{{- $values := dict }}
{{- include "release-runtime.copyPlain" (dict "from" .Values "to" $values) }}
{{- $global := $values.global | default dict }}
{{- $release := pick .Release "Name" "Namespace" "Service" "IsInstall" }}
{{- $chart := dict "name" .Chart.Name "version" .Chart.Version }}
{{- $kube := dig "kubeVersion" "" $global | default .Capabilities.KubeVersion.Version | toString }}
{{- $flux := .Capabilities.APIVersions.Has "helm.toolkit.fluxcd.io/v2" }}
{{- $own := dig "releaseRuntime" (dict) $global }}
{{- dict "Values" $values "Release" $release "Chart" $chart "kube" $kube "flux" $flux "own" $own | toJson }}
{{- end }}

{{- /* Copies a map's entries to .to, without those that are null, also of the maps in it and in its lists: dict from to */ -}}
{{- define "release-runtime.copyPlain" -}}
{{- $to := .to }}
{{- range $key, $value := .from }}
  {{- if kindIs "map" $value }}
    {{- $inner := dict }}
    {{- include "release-runtime.copyPlain" (dict "from" $value "to" $inner) }}
    {{- $value = $inner }}
  {{- else if kindIs "slice" $value }}
    {{- $items := list }}
    {{- range $value }}
      {{- $inner := dict }}
      {{- include "release-runtime.copyPlain" (dict "from" (dict "item" .) "to" $inner) }}
      {{- $items = append $items $inner.item }}
    {{- end }}
    {{- $value = $items }}
  {{- end }}
  {{- if not (kindIs "invalid" $value) }}{{ $_ := set $to $key $value }}{{ end }}
{{- end }}
{{- end }}
