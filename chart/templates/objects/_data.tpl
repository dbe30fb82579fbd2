{{- /* ConfigMaps and Secrets, and their copies for hooks, as YAML documents: in: the model */ -}}
{{- define "release-runtime.objects.configMaps" -}}
{{- $root := .root }}
{{- range list .configMaps .copies.configMaps }}{{ range . }}
  {{- $map := pick . "name" "annotations" "data" }}
  {{- include "release-runtime.configMap" (dict "root" $root "configMap" $map) | include "release-runtime.document" }}
{{- end }}{{ end }}
{{- end }}

{{- define "release-runtime.objects.secrets" -}}
{{- $root := .root }}
{{- range list .secrets .copies.secrets }}{{ range . }}
  {{- include "release-runtime.secret" (dict "root" $root "secret" .) | include "release-runtime.document" }}
{{- end }}{{ end }}
{{- end }}
