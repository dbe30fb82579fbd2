{{- /*
Where pods go.

release-runtime.scheduling   what a workload's pods and the Jobs made from it have in common, as JSON: in:
                             release-runtime.podValues
*/ -}}
{{- define "release-runtime.scheduling" -}}
{{- $out := pick . "affinity" "priorityClassName" "runtimeClassName" "schedulerName" "hostAliases" "dnsPolicy" "dnsConfig" }}
{{- with .nodeSelector }}{{ $_ := set $out "nodeSelector" (include "release-runtime.strings" . | fromJson) }}{{ end }}
{{- with .tolerations }}
  {{- $list := list }}{{ range . }}{{ $list = append $list . }}{{ end }}
  {{- $_ := set $out "tolerations" $list }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
What keeps a workload's own pods apart from each other, as JSON {affinity, topologySpreadConstraints}: dict root key workload. Pods of
the release before are not counted, where Kubernetes can tell them apart: they are about to go.
*/ -}}
{{- define "release-runtime.apart" -}}
{{- $w := .workload }}{{ $out := pick $w "affinity" }}
{{- $selector := dict "matchLabels" (include "release-runtime.selector" (dict "root" .root "component" .key) | fromYaml) }}
{{- $revision := dict }}
{{- if eq ($w.kind | default "Deployment") "Deployment" }}{{ $revision = dict "matchLabelKeys" (list "pod-template-hash") }}{{ end }}
{{- with $w.affinityPreset }}
  {{- $term := dict "labelSelector" $selector "topologyKey" "kubernetes.io/hostname" }}
  {{- if include "release-runtime.kubeAtLeast" (dict "root" $.root "version" "1.31.0") }}{{ $term = merge $term $revision }}{{ end }}
  {{- $affinity := deepCopy ($w.affinity | default dict) }}
  {{- $anti := $affinity.podAntiAffinity | default dict }}
  {{- $field := printf "%sDuringSchedulingIgnoredDuringExecution" (ternary "required" "preferred" (eq . "hard")) }}
  {{- $one := ternary $term (dict "weight" 100 "podAffinityTerm" $term) (eq . "hard") }}
  {{- $_ := set $anti $field (append (get $anti $field | default list) $one) }}
  {{- $_ := set $affinity "podAntiAffinity" $anti }}
  {{- $_ := set $out "affinity" $affinity }}
{{- end }}
{{- $constraints := list }}
{{- range $name, $given := $w.topologySpreadConstraints }}
  {{- $preset := dict "whenUnsatisfiable" (ternary "DoNotSchedule" "ScheduleAnyway" (eq (toString $given) "hard")) }}
  {{- $one := kindIs "map" $given | ternary $given $preset }}
  {{- $key := get (dict "node" "kubernetes.io/hostname" "zone" "topology.kubernetes.io/zone") $name }}
  {{- $preset := merge (dict "maxSkew" 1 "whenUnsatisfiable" "ScheduleAnyway" "topologyKey" $key "labelSelector" $selector) $revision }}
  {{- $constraints = append $constraints (include "release-runtime.overlay" (list $preset $one) | fromJson) }}
{{- end }}
{{- with $constraints }}{{ $_ := set $out "topologySpreadConstraints" . }}{{ end }}
{{- toJson $out }}
{{- end }}
