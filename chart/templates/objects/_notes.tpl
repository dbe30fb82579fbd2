{{- /* What helm install says at its end: in: what release-runtime.all gets */ -}}
{{- define "release-runtime.notes" -}}
{{- if not (and .own .values.library) }}{{ include "release-runtime.notesText" . }}{{ end }}
{{- end }}

{{- define "release-runtime.notesText" -}}
{{- $model := include "release-runtime.model" . | fromJson }}{{ $root := $model.root -}}
{{- $ns := $root.Release.Namespace }}{{ $upgrade := .ctx.Release.IsUpgrade -}}
{{ $root.fullname }} in the namespace {{ $ns }}:
{{- range $key, $d := $model.workloads }}
{{- $images := list }}{{ range get $root.Values.workloads $key | dig "containers" dict }}{{ $images = append $images .image }}{{ end }}
  {{ $d.name }}: Deployment{{ if hasKey $d "replicas" }}, {{ int64 $d.replicas }} replica(s){{ end }} of {{ join ", " $images }}
{{- else }}
  no workload yet: set workloads.NAME.containers.app.image
{{- end }}
{{- range $model.migrations }}
  {{ .name }}: migration, done before this {{ ternary "upgrade" "install" $upgrade }}
{{- end }}
{{- range $model.cronJobs }}
  {{ .name }}: CronJob, {{ .schedule }}{{ with .limits.timeZone }} {{ . }}{{ end }}
{{- end }}

Look at it:
  kubectl -n {{ $ns }} get deployments,pods,jobs,cronjobs,services -l app.kubernetes.io/instance={{ $root.fullname }}
{{- range $model.workloads }}
{{- if .ports }}
  kubectl -n {{ $ns }} port-forward deployment/{{ .name }} 8080:{{ int64 (first .ports).port }}
{{- end }}
{{- if .healthd.on }}
  kubectl -n {{ $ns }} port-forward deployment/{{ .name }} 9180:9180   # then: curl localhost:9180/health
{{- end }}
{{- end }}
{{- range $model.migrations }}
  kubectl -n {{ $ns }} logs job/{{ .name }}
{{- end }}
{{- if $model.migrations }}

When a migration fails without a log, its pod never started; the events say why (an image that cannot be pulled, no room on a node, …):
{{- range $model.migrations }}
  kubectl -n {{ $ns }} get events --sort-by=.lastTimestamp | grep /{{ .name }}
{{- end }}
{{- end }}
{{- end }}
