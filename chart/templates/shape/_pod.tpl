{{- /*
A pod template's metadata, as YAML: dict root component pod(of release-runtime.model.pod) [sums: further annotations]
*/ -}}
{{- define "release-runtime.podMetadata" -}}
labels:
  {{- include "release-runtime.selector" . | nindent 2 }}
  {{- range $name, $value := .pod.labels }}
  {{ toJson $name }}: {{ include "release-runtime.asText" $value | toJson }}
  {{- end }}
{{- $given := include "release-runtime.strings" .pod.annotations | fromJson }}
{{- if or $given .sums }}
annotations: {{ include "release-runtime.overlay" (list $given .sums) }}
{{- end }}
{{- end }}

{{- /*
What every pod has, as YAML: in: release-runtime.model.pod. Its maker adds the containers.
*/ -}}
{{- define "release-runtime.pod" -}}
serviceAccountName: {{ .serviceAccountName | quote }}
automountServiceAccountToken: {{ .token }}
enableServiceLinks: false
securityContext: {{ include "release-runtime.podSecurity" .securityContext }}
{{- with .imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- $where := pick . "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "priorityClassName" "runtimeClassName" }}
{{- with merge $where (pick . "schedulerName" "hostAliases" "dnsPolicy" "dnsConfig") }}
{{ toYaml . }}
{{- end }}
{{- with .volumes }}
volumes: {{ toJson . }}
{{- end }}
{{- end }}
