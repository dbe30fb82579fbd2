{{- /* An Ingress, as YAML: dict root other(of release-runtime.model.exposure) */ -}}
{{- define "release-runtime.ingress" -}}
{{- $x := .other }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) $x) | nindent 2 }}
spec:
  {{- with $x.dialect.className }}
  ingressClassName: {{ quote . }}
  {{- end }}
  {{- if hasKey $x "tls" }}
  tls:
    - {{ merge (pick $x.tls "secretName") (empty $x.hosts | ternary dict (dict "hosts" $x.hosts)) | toJson }}
  {{- end }}
  rules:
    {{- range $x.hosts | default (list "") }}
    - {{- with . }}
      host: {{ quote . }}
      {{- end }}
      http:
        paths:
          {{- range $x.routes }}
          - path: {{ quote .path }}
            pathType: {{ .pathType }}
            backend:
              service:
                name: {{ quote .service }}
                port:
                  name: {{ quote .portName }}
          {{- end }}
    {{- end }}
{{- end }}
