{{- /* A Certificate or an Issuer, as YAML: dict root other(of release-runtime.model.certificates) */ -}}
{{- define "release-runtime.certManager" -}}
apiVersion: cert-manager.io/v1
kind: {{ .other.kind }}
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) .other) | nindent 2 }}
spec: {{ toJson .other.spec }}
{{- end }}
