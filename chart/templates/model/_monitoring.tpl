{{- /*
What watches a release.

release-runtime.model.monitoring   PodMonitor, ServiceMonitors, PrometheusRule and dashboards, as JSON, to be read by fromJsonArray: in: the
                                   model

    selector endpoint targetLabels   of a monitor
    groups                           of a PrometheusRule
    data                             of a dashboard's ConfigMap
*/ -}}
{{- define "release-runtime.model.monitoring" -}}
{{- $root := .root }}{{ $m := .root.Values.monitoring | default dict }}{{ $out := list }}
{{- $instance := dict "app.kubernetes.io/instance" $root.fullname }}
{{- $kept := list "app.kubernetes.io/instance" "app.kubernetes.io/component" }}
{{- $fields := list "path" "scheme" "interval" "scrapeTimeout" "honorLabels" "relabelings" "metricRelabelings" "params" }}
{{- if and (hasKey $m "podMonitor") (dig "podMonitor" "enabled" true $m) }}
  {{- $endpoint := dict "port" "health" }}
  {{- range $field := $fields }}
    {{- if hasKey $m.podMonitor $field }}
      {{- $_ := set $endpoint $field (get $m.podMonitor $field) }}
    {{- end }}
  {{- end }}
  {{- $given := dict "shape" "podMonitor" "kind" "PodMonitor" "where" "monitoring.podMonitor" "key" "main" "entry" $m.podMonitor }}
  {{- $one := include "release-runtime.watched" (merge (dict "root" $root) $given) | fromJson }}
  {{- $out = append $out (merge (dict "selector" $instance "endpoint" $endpoint "targetLabels" $kept) $one) }}
{{- end }}
{{- range $key, $s := include "release-runtime.enabled" $m.serviceMonitors | fromJson }}
  {{- $service := get $.services ($s.service | default $key) | default dict }}
  {{- $endpoint := dict "port" ($s.port | default (dig "name" "" (first ($service.ports | default (list dict))))) }}
  {{- range $field := $fields }}{{ if hasKey $s $field }}{{ $_ := set $endpoint $field (get $s $field) }}{{ end }}{{ end }}
  {{- $where := printf "monitoring.serviceMonitors.%s" $key }}
  {{- $given := dict "shape" "serviceMonitor" "kind" "ServiceMonitor" "where" $where "key" $key "entry" $s }}
  {{- $one := include "release-runtime.watched" (merge (dict "root" $root) $given) | fromJson }}
  {{- $selector := merge (dict "app.kubernetes.io/component" ($service.workload | default "")) $instance }}
  {{- $out = append $out (merge (dict "selector" $selector "endpoint" $endpoint "targetLabels" $kept) $one) }}
{{- end }}
{{- if and (hasKey $m "rules") (dig "rules" "enabled" true $m) }}
  {{- $given := dict "shape" "prometheusRule" "kind" "PrometheusRule" "where" "monitoring.rules" "key" "main" "entry" $m.rules }}
  {{- $one := include "release-runtime.watched" (merge (dict "root" $root) $given) | fromJson }}
  {{- $out = append $out (merge (dict "groups" (include "release-runtime.ruleGroups" . | fromJsonArray)) $one) }}
{{- end }}
{{- range $key, $files := $root.dashboards }}
  {{- $d := get $m.dashboards $key }}
  {{- $labels := merge (dict) ($d.labels | default dict) (dict "grafana_dashboard" "1") }}
  {{- $entry := dict "labels" $labels "annotations" $d.annotations "nameOverride" ($d.nameOverride | default "") }}
  {{- $where := printf "monitoring.dashboards.%s" $key }}
  {{- $given := dict "shape" "dashboard" "kind" "ConfigMap" "where" $where "key" $key "suffix" "-dashboard" "entry" $entry }}
  {{- $out = append $out (merge (dict "data" $files) (include "release-runtime.other" (merge (dict "root" $root) $given) | fromJson)) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* The same as release-runtime.other, with the labels by which Prometheus finds it */ -}}
{{- define "release-runtime.watched" -}}
{{- $labels := include "release-runtime.overlay" (list (dig "monitoring" "labels" dict .root.Values) .entry.labels) | fromJson }}
{{- include "release-runtime.other" (merge (dict "entry" (merge (dict "labels" $labels) .entry)) .) }}
{{- end }}

{{- /* What dashboards consist of, {KEY: {FILE: TEXT}} as JSON: files of the chart that calls, or ours. dict ctx values */ -}}
{{- define "release-runtime.dashboards" -}}
{{- $out := dict }}
{{- range $key, $d := dig "monitoring" "dashboards" dict .values }}
  {{- if dig "enabled" true $d }}
    {{- $files := dict }}
    {{- if $d.files }}{{ $files = include "release-runtime.files" (dict "ctx" $.ctx "glob" $d.files) | fromJson }}
    {{- else }}{{ $files = dict "release-runtime.json" (include "release-runtime.dashboardText" .) }}
    {{- end }}
    {{- $_ := set $out $key $files }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}
