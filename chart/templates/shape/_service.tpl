{{- /* A Service as YAML: dict root service(of the model) */ -}}
{{- define "release-runtime.service" -}}
{{- $service := .service }}
apiVersion: v1
kind: Service
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root "component" $service.workload) $service) | nindent 2 }}
spec:
  type: {{ $service.type }}
  selector:
    {{- include "release-runtime.selector" (dict "root" .root "component" $service.workload) | nindent 4 }}
  ports:
    {{- range $service.ports }}
    - name: {{ .name | quote }}
      port: {{ int64 .port }}
      targetPort: {{ .targetPort | quote }}
      protocol: {{ .protocol }}
    {{- end }}
{{- end }}
