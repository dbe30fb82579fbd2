{{- /* Service accounts, of which a hook's is a copy, as YAML documents: in: the model */ -}}
{{- define "release-runtime.objects.accounts" -}}
{{- $root := .root }}
{{- range .accounts }}
  {{- include "release-runtime.account" (merge (dict "root" $root) .) | include "release-runtime.document" }}
{{- end }}
{{- end }}
