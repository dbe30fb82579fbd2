{{- /* Workloads and Services, as YAML documents: in: the model */ -}}
{{- define "release-runtime.objects.workloads" -}}
{{- $root := .root }}
{{- range .workloads }}
  {{- include "release-runtime.deployment" (dict "root" $root "deployment" .) | include "release-runtime.document" }}
{{- end }}
{{- end }}

{{- define "release-runtime.objects.services" -}}
{{- $root := .root }}
{{- range .services }}
  {{- include "release-runtime.service" (dict "root" $root "service" .) | include "release-runtime.document" }}
{{- end }}
{{- end }}
