{{- /* What helm install says at its end: in: what release-runtime.all gets */ -}}
{{- define "release-runtime.notes" -}}
{{- if not (and .own .values.library) }}{{ include "release-runtime.notesText" . }}{{ end }}
{{- end }}

{{- define "release-runtime.notesText" -}}
{{- $model := include "release-runtime.model" . | fromJson }}{{ $root := $model.root -}}
{{- $ns := $root.Release.Namespace }}{{ $upgrade := .ctx.Release.IsUpgrade -}}
{{ $root.fullname }} in the namespace {{ $ns }}:
{{- range $key, $d := $model.workloads }}
{{- $images := list }}{{ range $d.pod.containers }}{{ $images = append $images .image }}{{ end }}
  {{ $d.name }}: {{ $d.kind }}{{ if hasKey $d "replicas" }}, {{ int64 $d.replicas }} replica(s){{ end }} of {{ join ", " $images }}
{{- else }}
  no workload yet: set workloads.NAME.containers.app.image
{{- end }}
{{- range $model.migrations }}
{{- if eq .when "init" }}
  {{ .key }}: migration, in an init container of {{ splitList "/" .m.from | first }}
{{- else }}
  {{ .name }}: migration, done {{ ternary "after" "before" (eq .when "post") }} this {{ ternary "upgrade" "install" $upgrade }}
{{- end }}
{{- end }}
{{- range $model.cronJobs }}
  {{ .name }}: CronJob, {{ .schedule }}{{ with .limits.timeZone }} {{ . }}{{ end }}
{{- end }}
{{- range $model.residents }}
  {{ .name }}: cron jobs in one pod ({{ keys .jobs | sortAlpha | join ", " }}), which share its memory limit
{{- end }}

Look at it:
  {{- $kinds := include "release-runtime.workloadKinds" $model }}
  kubectl -n {{ $ns }} get {{ $kinds }},pods,jobs,cronjobs,services -l app.kubernetes.io/instance={{ $root.fullname }}
  kubectl -n {{ $ns }} logs -l app.kubernetes.io/instance={{ $root.fullname }} --all-containers --prefix --tail=50
{{- range $d := $model.workloads }}
{{- with .ports }}
{{- $port := int64 (first .).port }}
  kubectl -n {{ $ns }} port-forward {{ lower $d.kind }}/{{ $d.name }} {{ lt $port 1024 | ternary (add 8000 $port) $port }}:{{ $port }}
{{- end }}
{{- if .healthd.on }}
  kubectl -n {{ $ns }} port-forward {{ lower .kind }}/{{ .name }} 9180:9180   # then: curl localhost:9180/health
{{- end }}
{{- end }}
{{- range $model.residents }}
  kubectl -n {{ $ns }} port-forward deployment/{{ .name }} 9181:9181   # then, in a browser: http://localhost:9181/
{{- end }}
{{- $jobs := list }}{{ range $model.migrations }}{{ if ne .when "init" }}{{ $jobs = append $jobs . }}{{ end }}{{ end }}
{{- range $jobs }}
  kubectl -n {{ $ns }} logs job/{{ .name }}
{{- end }}
{{- if $jobs }}

When a migration fails without a log, its pod never started; the events say why (an image that cannot be pulled, no room on a node, …):
{{- range $jobs }}
  kubectl -n {{ $ns }} get events --sort-by=.lastTimestamp | grep /{{ .name }}
{{- end }}
{{- end }}
{{- end }}

{{- /* As kubectl names them, deployments first: in: the model */ -}}
{{- define "release-runtime.workloadKinds" -}}
{{- $found := list "deployments" }}
{{- range .workloads }}{{ $found = append $found (printf "%ss" (lower .kind)) }}{{ end }}
{{- uniq $found | join "," }}
{{- end }}
