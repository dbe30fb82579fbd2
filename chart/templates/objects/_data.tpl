{{- /* ConfigMaps and Secrets, with their copies for hooks, and claims, as YAML documents: in: the model */ -}}
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
  {{- $how := empty .external | ternary (empty .sealed | ternary "secret" "sealedSecret") "externalSecret" }}
  {{- include (printf "release-runtime.%s" $how) (dict "root" $root "secret" .) | include "release-runtime.document" }}
{{- end }}{{ end }}
{{- end }}

{{- define "release-runtime.objects.claims" -}}
{{- $root := .root }}
{{- range .claims }}{{ if .made }}
  {{- include "release-runtime.claim" (dict "root" $root "claim" .) | include "release-runtime.document" }}
{{- end }}{{ end }}
{{- end }}
