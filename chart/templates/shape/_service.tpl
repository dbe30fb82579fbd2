{{- /* A Service as YAML: dict root service(of the model) */ -}}
{{- define "release-runtime.service" -}}
{{- $service := .service }}
{{- $meta := pick $service "name" "labels" "annotations" }}
apiVersion: v1
kind: Service
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root "component" $service.workload) $meta) | nindent 2 }}
spec:
  {{- toYaml $service.spec | nindent 2 }}
  {{- if ne $service.spec.type "ExternalName" }}
  selector:
    {{- include "release-runtime.selector" (dict "root" .root "component" $service.workload) | nindent 4 }}
    {{- range $name, $value := $service.selector }}
    {{ toJson $name }}: {{ include "release-runtime.asText" $value | toJson }}
    {{- end }}
  {{- end }}
  {{- with $service.ports }}
  ports:
    {{- range . }}
    - {{ toJson . }}
    {{- end }}
  {{- end }}
{{- end }}
