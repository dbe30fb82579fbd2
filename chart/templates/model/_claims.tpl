{{- /*
Claims.

release-runtime.claims   by key, as JSON: in: root

    name             of the claim
    single           whether one node at a time can write to it (ReadWriteOnce, ReadWriteOncePod, without ReadWriteMany)
    made             whether the chart makes it, with annotations and spec
*/ -}}
{{- define "release-runtime.claims" -}}
{{- $root := . }}{{ $out := dict }}
{{- range $key, $entry := .Values.persistence }}
  {{- $spec := include "release-runtime.claimSpec" $entry | fromJson }}
  {{- $once := or (has "ReadWriteOnce" $spec.accessModes) (has "ReadWriteOncePod" $spec.accessModes) }}
  {{- $single := and $once (not (has "ReadWriteMany" $spec.accessModes)) }}
  {{- $one := dict "single" $single "made" (empty $entry.existingClaim) "name" ($entry.existingClaim | default "") }}
  {{- if $one.made }}
    {{- $_ := set $one "name" (include "release-runtime.name" (dict "root" $root "key" $key "entry" $entry)) }}
    {{- $keep := ternary (include "release-runtime.kept" $root | fromJson) dict (dig "retain" true $entry) }}
    {{- $_ := set $one "annotations" (merge $keep ($entry.annotations | default dict)) }}
    {{- $_ := set $one "spec" $spec }}
  {{- end }}
  {{- $_ := set $out $key $one }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* What a claim asks for, as Kubernetes has it, as JSON: in: an entry of persistence or of volumeClaimTemplates */ -}}
{{- define "release-runtime.claimSpec" -}}
{{- $modes := .accessModes | default (list "ReadWriteOnce") }}
{{- $spec := dict "accessModes" $modes "resources" (dict "requests" (dict "storage" (.size | default ""))) }}
{{- $spec = merge $spec (pick . "volumeMode" "volumeName") }}
{{- if hasKey . "storageClass" }}{{ $_ := set $spec "storageClassName" .storageClass }}{{ end }}
{{- toJson $spec }}
{{- end }}

{{- /*
The claims that a workload has, by volume, as JSON: dict root workload

    {VOLUME: {claim, single, written}}   written: its containers can write to it, or none mounts it
*/ -}}
{{- define "release-runtime.workloadClaims" -}}
{{- $single := dict }}{{ $out := dict }}{{ $containers := .workload.containers }}
{{- range .root.claims }}{{ $_ := set $single .name .single }}{{ end }}
{{- range $name, $volume := .workload.volumes }}
  {{- $claim := $volume.persistentVolumeClaim }}
  {{- if and $claim $claim.claimName }}
    {{- $mounted := false }}{{ $written := false }}
    {{- range $c := $containers }}
      {{- range $key, $mount := $c.volumeMounts }}
        {{- if eq ($mount.name | default $key) $name }}
          {{- $mounted = true }}
          {{- if not $mount.readOnly }}{{ $written = true }}{{ end }}
        {{- end }}
      {{- end }}
    {{- end }}
    {{- $one := dict "claim" $claim.claimName "written" (and (not $claim.readOnly) (or $written (not $mounted))) }}
    {{- /* Of a claim made elsewhere the worst is assumed. */ -}}
    {{- $_ := set $out $name (merge $one (dict "single" (dig $claim.claimName true $single))) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* The volumes that are claims which only one pod may write to, as JSON, to be read by fromJsonArray: dict root workload */ -}}
{{- define "release-runtime.writtenClaims" -}}
{{- $names := list }}
{{- range $name, $one := include "release-runtime.workloadClaims" . | fromJson }}
  {{- if and $one.written $one.single }}{{ $names = append $names $name }}{{ end }}
{{- end }}
{{- toJson $names }}
{{- end }}

{{- /*
What a job takes over of its workload's volumes, as JSON {mounts: {NAME: mount}, volumes: {NAME: volume}, near}: dict root source
volumes(true, or a map) key. near: the workload on whose node it has to run, for a claim is there.
*/ -}}
{{- define "release-runtime.takenVolumes" -}}
{{- $mounts := dict }}{{ $volumes := dict }}{{ $near := "" }}
{{- $wanted := .volumes | default dict }}{{ $all := kindIs "bool" $wanted }}
{{- range $name, $volume := .source.workload.volumes }}
  {{- if or $all (hasKey $wanted $name) }}
    {{- $_ := set $volumes $name $volume }}
    {{- range $key, $mount := $.source.container.volumeMounts }}
      {{- if eq ($mount.name | default $key) $name }}
        {{- $more := ternary dict (pick (get (ternary dict $wanted $all) $name | default dict) "readOnly") $all }}
        {{- $_ := set $mounts $key (merge $more (dict "name" $name) $mount) }}
      {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- $claims := include "release-runtime.workloadClaims" (dict "root" .root "workload" (dict "volumes" $volumes)) | fromJson }}
{{- $owner := splitList "/" ($.from | default "") | first }}
{{- /* One that is there for jobs alone has no pods. */ -}}
{{- if hasKey ($.root.Values.workloads | default dict) $owner }}
  {{- range $claims }}{{ if .single }}{{ $near = $owner }}{{ end }}{{ end }}
{{- end }}
{{- dict "mounts" $mounts "volumes" $volumes "near" $near "claims" $claims | toJson }}
{{- end }}

{{- /*
A pod's affinity with the rule that it runs where that workload's pods run, as JSON: dict root affinity near(a workload's key, or "")
*/ -}}
{{- define "release-runtime.affinityNear" -}}
{{- $affinity := .affinity | default dict }}
{{- if .near }}
  {{- $labels := include "release-runtime.selector" (dict "root" .root "component" .near) | fromYaml }}
  {{- $term := dict "labelSelector" (dict "matchLabels" $labels) "topologyKey" "kubernetes.io/hostname" }}
  {{- $field := "requiredDuringSchedulingIgnoredDuringExecution" }}
  {{- $pod := $affinity.podAffinity | default dict }}
  {{- $terms := append (get $pod $field | default list) $term }}
  {{- $pod = include "release-runtime.overlay" (list $pod (dict $field $terms)) | fromJson }}
  {{- $affinity = include "release-runtime.overlay" (list $affinity (dict "podAffinity" $pod)) | fromJson }}
{{- end }}
{{- toJson $affinity }}
{{- end }}
