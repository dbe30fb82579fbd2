{{- /*
How many pods, and where.

release-runtime.check.autoscaling   refuses, in the values, two who set the number, numbers that do not fit, and a share of a request that
                                    is not made: dict root workload where
*/ -}}
{{- define "release-runtime.check.autoscaling" -}}
{{- $w := .workload }}{{ $where := printf "%s.autoscaling" .where }}{{ $hpa := $w.autoscaling | default dict }}
{{- if and (hasKey $w "autoscaling") (dig "enabled" true $hpa) }}
  {{- if hasKey $w "replicas" }}
    {{- fail (printf "%s: each upgrade would undo what it sets; leave out %s.replicas (or autoscaling.enabled: false)" $where .where) }}
  {{- end }}
  {{- if and (include "release-runtime.writtenClaims" . | fromJsonArray) (not (dig "policy" "allowSharedRWO" false .root.Values)) }}
    {{- fail (printf "%s: its pods would write to one claim at once; where that does no harm, say policy.allowSharedRWO: true" $where) }}
  {{- end }}
  {{- if not $hpa.maxReplicas }}{{ fail (printf "%s.maxReplicas is missing" $where) }}{{ end }}
  {{- if gt (int64 ($hpa.minReplicas | default 1)) (int64 $hpa.maxReplicas) }}
    {{- fail (printf "%s: minReplicas (%d) is more than maxReplicas (%d)" $where (int64 $hpa.minReplicas) (int64 $hpa.maxReplicas)) }}
  {{- end }}
  {{- range $name, $metric := $hpa.metrics }}
    {{- include "release-runtime.check.metric" (dict "metric" $metric "where" (printf "%s.metrics.%s" $where $name)) }}
  {{- end }}
  {{- range include "release-runtime.metrics" $hpa | fromJsonArray }}
    {{- if eq (dig "resource" "target" "type" "" .) "Utilization" }}
      {{- include "release-runtime.check.requests" (dict "workload" $w "resource" .resource.name "where" $.where) }}
    {{- end }}
  {{- end }}
  {{- range $direction, $rules := $hpa.behavior }}{{ range $name, $policy := $rules.policies }}
    {{- range list "type" "value" "periodSeconds" }}
      {{- if not (get $policy .) }}{{ fail (printf "%s.behavior.%s.policies.%s.%s is missing" $where $direction $name .) }}{{ end }}
    {{- end }}
  {{- end }}{{ end }}
{{- end }}
{{- end }}

{{- /* Refuses a metric without what its type needs: dict metric where */ -}}
{{- define "release-runtime.check.metric" -}}
{{- if kindIs "map" .metric }}
  {{- if not .metric.type }}{{ fail (printf "%s.type is missing: Resource, ContainerResource, Pods, Object or External" .where) }}{{ end }}
  {{- $field := untitle .metric.type }}
  {{- $target := dig $field "target" dict .metric }}
  {{- if or (not (hasKey .metric $field)) (ne (len .metric) 2) }}
    {{- fail (printf "%s: a metric of the type %s has type and %s, nothing else" .where .metric.type $field) }}
  {{- end }}
  {{- $values := dict "Utilization" "averageUtilization" "AverageValue" "averageValue" "Value" "value" }}
  {{- if not (get $target (get $values ($target.type | default "none") | default "none")) }}
    {{- fail (printf "%s.%s.target: give a type (Utilization, AverageValue, Value) and its averageUtilization, averageValue or value"
      .where $field) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses a container that does not request the resource whose share is measured: dict workload resource where */ -}}
{{- define "release-runtime.check.requests" -}}
{{- range $name, $container := .workload.containers }}{{ if ne ($container.of | default "") "initContainers" }}
  {{- $asked := dig "resources" "requests" dict $container }}{{ $limited := dig "resources" "limits" dict $container }}
  {{- if not (or (hasKey $asked $.resource) (hasKey $limited $.resource)) }}
    {{- fail (printf "%s.resources.requests.%s is missing: autoscaling measures the share of it that is used"
      (include "release-runtime.containerPath" (dict "workload" $.workload "name" $name "where" $.where)) $.resource) }}
  {{- end }}
{{- end }}{{ end }}
{{- $healthd := dig "healthd" "resources" (dict "requests" (dict "cpu" 1 "memory" 1)) .workload }}
{{- if not (or (hasKey ($healthd.requests | default dict) .resource) (hasKey ($healthd.limits | default dict) .resource)) }}
  {{- if dig "healthd" "enabled" true .workload }}
    {{- fail (printf "%s.healthd.resources.requests.%s is missing: autoscaling measures the share of it that is used" .where .resource) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses, in the values, a budget that lets no pod go: dict workload where */ -}}
{{- define "release-runtime.check.pdb" -}}
{{- $pdb := .workload.pdb | default dict }}{{ $where := printf "%s.pdb" .where }}
{{- if and (hasKey .workload "pdb") (dig "enabled" true $pdb) }}
  {{- if and (hasKey $pdb "minAvailable") (hasKey $pdb "maxUnavailable") }}
    {{- fail (printf "%s: minAvailable and maxUnavailable exclude each other; give one" $where) }}
  {{- end }}
  {{- $scales := and (hasKey .workload "autoscaling") (dig "enabled" true .workload.autoscaling) }}
  {{- $count := int64 (dig "replicas" 1 .workload) }}
  {{- if $scales }}{{ $count = int64 (dig "autoscaling" "minReplicas" 1 .workload) }}{{ end }}
  {{- $least := $pdb.minAvailable }}
  {{- if hasKey $pdb "minAvailable" }}
    {{- $whole := regexMatch `^0*[1-9][0-9]{2,}%$` (toString $least) }}
    {{- $all := kindIs "string" $least | ternary $whole (and (ge (int64 $least) $count) (gt $count 0)) }}
    {{- if and (kindIs "string" $least) (eq $count 1) (not (regexMatch "^0+%$" $least)) }}{{ $all = true }}{{ end }}
    {{- if $all }}
      {{- fail (printf "%s.minAvailable: %v of %d pod(s) lets none go, and no node could be drained; say maxUnavailable: 1"
        $where $least $count) }}
    {{- end }}
  {{- end }}
  {{- if regexMatch "^0+%?$" (toString (dig "maxUnavailable" "1" $pdb)) }}
    {{- fail (printf "%s.maxUnavailable: 0 lets no pod go, and no node could be drained; say 1" $where) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses, in the values, scheduling that lacks what it needs: dict workload where */ -}}
{{- define "release-runtime.check.scheduling" -}}
{{- $where := .where }}
{{- range $name, $given := .workload.topologySpreadConstraints }}
  {{- $known := has $name (list "node" "zone") }}
  {{- if not (or $known (and (kindIs "map" $given) $given.topologyKey)) }}
    {{- fail (printf "%s.topologySpreadConstraints.%s.topologyKey is missing: the label of nodes; only node and zone have one by themselves"
      $where $name) }}
  {{- end }}
  {{- if and (kindIs "map" $given) $given.minDomains (ne ($given.whenUnsatisfiable | default "") "DoNotSchedule") }}
    {{- fail (printf "%s.topologySpreadConstraints.%s.minDomains: needs whenUnsatisfiable: DoNotSchedule" $where $name) }}
  {{- end }}
{{- end }}
{{- range $name, $one := .workload.tolerations }}
  {{- $at := printf "%s.tolerations.%s" $where $name }}
  {{- if and (not $one.key) (ne ($one.operator | default "Equal") "Exists") }}
    {{- fail (printf "%s: give a key, or operator: Exists for every taint" $at) }}
  {{- end }}
  {{- if and $one.value (eq ($one.operator | default "") "Exists") }}
    {{- fail (printf "%s.value: Exists has none; leave out one of the two" $at) }}
  {{- end }}
  {{- if and (hasKey $one "tolerationSeconds") (ne ($one.effect | default "") "NoExecute") }}
    {{- fail (printf "%s.tolerationSeconds: needs effect: NoExecute" $at) }}
  {{- end }}
{{- end }}
{{- end }}
