{{- /*
What changes the number of a workload's pods, or holds it up.

release-runtime.model.autoscaling   as JSON, to be read by fromJsonArray: in: the model

    component target          of the workload: its key, {apiVersion, kind, name}
    minReplicas maxReplicas metrics behavior
*/ -}}
{{- define "release-runtime.model.autoscaling" -}}
{{- $root := .root }}{{ $out := list }}
{{- range $key, $made := .workloads }}
  {{- $w := get $root.Values.workloads $key }}
  {{- if and (hasKey $w "autoscaling") (dig "enabled" true $w.autoscaling) }}
    {{- $name := dict "nameOverride" ($w.autoscaling.nameOverride | default $made.name) }}
    {{- $entry := merge (pick $w.autoscaling "annotations" "labels") $name }}
    {{- $where := printf "workloads.%s.autoscaling" $key }}
    {{- $one := dict "root" $root "key" $key "entry" $entry "shape" "autoscaler" "kind" "HorizontalPodAutoscaler" "where" $where }}
    {{- $one = include "release-runtime.other" $one | fromJson }}
    {{- $target := dict "apiVersion" "apps/v1" "kind" ($made.kind | default "Deployment") "name" $made.name }}
    {{- $least := int64 ($w.autoscaling.minReplicas | default 1) }}
    {{- $most := int64 ($w.autoscaling.maxReplicas | default 1) }}
    {{- $metrics := include "release-runtime.metrics" $w.autoscaling | fromJsonArray }}
    {{- $all := dict "component" $key "target" $target "minReplicas" $least "maxReplicas" $most "metrics" $metrics }}
    {{- with $w.autoscaling.behavior }}{{ $_ := set $all "behavior" (include "release-runtime.behavior" . | fromJson) }}{{ end }}
    {{- $out = append $out (merge $all $one) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* Kubernetes' list of metrics, as JSON, to be read by fromJsonArray: in: the values of autoscaling */ -}}
{{- define "release-runtime.metrics" -}}
{{- $out := list }}
{{- range $name, $metric := .metrics | default (dict "cpu" 80) }}
  {{- if kindIs "map" $metric }}{{ $out = append $out $metric }}
  {{- else }}
    {{- $target := dict "type" "Utilization" "averageUtilization" (int64 $metric) }}
    {{- $out = append $out (dict "type" "Resource" "resource" (dict "name" $name "target" $target)) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* Its behavior with policies as a list, as JSON: in: that of the values */ -}}
{{- define "release-runtime.behavior" -}}
{{- $out := dict }}
{{- range $direction, $rules := . }}
  {{- $policies := list }}{{ range $rules.policies }}{{ $policies = append $policies . }}{{ end }}
  {{- $one := omit $rules "policies" }}
  {{- with $policies }}{{ $_ := set $one "policies" . }}{{ end }}
  {{- $_ := set $out $direction $one }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
PodDisruptionBudgets, as JSON, to be read by fromJsonArray, each with component, limit, unhealthyPodEvictionPolicy: in: the model
*/ -}}
{{- define "release-runtime.model.pdb" -}}
{{- $root := .root }}{{ $out := list }}
{{- range $key, $made := .workloads }}
  {{- $pdb := (get $root.Values.workloads $key).pdb }}
  {{- if and (not (kindIs "invalid" $pdb)) (dig "enabled" true $pdb) }}
    {{- $entry := merge (pick $pdb "annotations" "labels") (dict "nameOverride" ($pdb.nameOverride | default $made.name)) }}
    {{- $where := printf "workloads.%s.pdb" $key }}
    {{- $one := dict "root" $root "key" $key "entry" $entry "shape" "pdb" "kind" "PodDisruptionBudget" "where" $where }}
    {{- $one = include "release-runtime.other" $one | fromJson }}
    {{- $limit := pick $pdb "minAvailable" "maxUnavailable" }}
    {{- $policy := $pdb.unhealthyPodEvictionPolicy | default "AlwaysAllow" }}
    {{- $rest := dict "component" $key "unhealthyPodEvictionPolicy" $policy "limit" ($limit | default (dict "maxUnavailable" 1)) }}
    {{- $out = append $out (merge $rest $one) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}
