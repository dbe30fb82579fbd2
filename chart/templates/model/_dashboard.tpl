{{- /*
Grafana's dashboard of what healthd, migrations and cron jobs say.

release-runtime.dashboardText   its JSON. The release is chosen in Grafana.
*/ -}}
{{- define "release-runtime.dashboardText" -}}
{{- $of := "namespace=~\"$namespace\",app_kubernetes_io_instance=~\"$instance\"" }}{{ $ns := "namespace=~\"$namespace\"" }}
{{- $rate := "sum by (check) (rate(healthd_check_duration_seconds_%s{%s}[5m]))" }}
{{- $given := list
  (list "Ready pods" "short" (printf "sum by (app_kubernetes_io_component) (healthd_ready{%s})" $of) "app_kubernetes_io_component")
  (list "Checks that fail" "short" (printf "count by (check) (healthd_check_up{%s} == 0) or vector(0)" $of) "check")
  (list "How long checks take (mean)" "s" (printf "%s / %s" (printf $rate "sum" $of) (printf $rate "count" $of)) "check")
  (list "Age of the last answer" "s" (printf "max by (check) (healthd_check_age_seconds{%s})" $of) "check")
  (list "Changes of state" "short" (printf "sum by (check) (increase(healthd_check_transitions_total{%s}[5m]))" $of) "check")
  (list "Jobs that failed (migrations, cron jobs)" "short" (printf "sum by (job_name) (kube_job_status_failed{%s})" $ns) "job_name")
  (list "Since the last success of a cron job" "s"
    (printf "time() - max by (cronjob) (kube_cronjob_status_last_successful_time{%s})" $ns) "cronjob")
  (list "Restarts" "short" (printf "sum by (pod) (increase(kube_pod_container_status_restarts_total{%s}[15m]))" $ns) "pod") }}
{{- $source := dict "type" "prometheus" "uid" "${datasource}" }}
{{- $panels := list }}
{{- range $i, $p := $given }}
  {{- $query := dict "datasource" $source "expr" (index $p 2) "legendFormat" (printf "{{%s}}" (index $p 3)) "refId" "A" }}
  {{- $place := dict "x" (mul 12 (mod $i 2)) "y" (mul 8 (div $i 2)) "w" 12 "h" 8 }}
  {{- $one := dict "id" (add1 $i) "type" "timeseries" "title" (index $p 0) "datasource" $source "gridPos" $place "targets" (list $query) }}
  {{- $unit := dict "defaults" (dict "unit" (index $p 1)) "overrides" list }}
  {{- $panels = append $panels (merge (dict "fieldConfig" $unit) $one) }}
{{- end }}
{{- $vars := list (dict "name" "datasource" "type" "datasource" "query" "prometheus") }}
{{- range $name, $query := dict "instance" "label_values(healthd_ready{namespace=~\"$namespace\"}, app_kubernetes_io_instance)"
  "namespace" "label_values(healthd_ready, namespace)" }}
  {{- $one := dict "name" $name "type" "query" "datasource" $source "query" $query "refresh" 2 "includeAll" true "multi" true }}
  {{- $vars = append $vars $one }}
{{- end }}
{{- $vars = list (index $vars 0) (index $vars 2) (index $vars 1) }}
{{- $all := dict "title" "release-runtime" "uid" "release-runtime" "schemaVersion" 39 "tags" (list "release-runtime") "panels" $panels }}
{{- merge $all (dict "templating" (dict "list" $vars) "time" (dict "from" "now-6h" "to" "now") "refresh" "30s") | toJson }}
{{- end }}
