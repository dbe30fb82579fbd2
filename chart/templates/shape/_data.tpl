{{- /* A Secret as YAML: dict root secret(of the model: name, type, annotations, data, stringData) */ -}}
{{- define "release-runtime.secret" -}}
apiVersion: v1
kind: Secret
metadata:
  {{- include "release-runtime.metadata" (dict "root" .root "name" .secret.name "annotations" .secret.annotations) | nindent 2 }}
type: {{ .secret.type | default "Opaque" | quote }}
{{- with .secret.data }}
data: {{ toJson . }}
{{- end }}
{{- with .secret.stringData }}
stringData: {{ include "release-runtime.strings" . }}
{{- end }}
{{- end }}

{{- /* A ConfigMap as YAML: dict root configMap(of the model: name, component, annotations, data) */ -}}
{{- define "release-runtime.configMap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) (omit .configMap "data")) | nindent 2 }}
data: {{ include "release-runtime.strings" (.configMap.data | default dict) }}
{{- end }}

{{- /* A ServiceAccount as YAML: dict root name annotations */ -}}
{{- define "release-runtime.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "release-runtime.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end }}
