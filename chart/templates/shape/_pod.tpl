{{- /*
What every pod has, as YAML: in: release-runtime.model.pod. Its maker adds the containers.
*/ -}}
{{- define "release-runtime.pod" -}}
serviceAccountName: {{ .serviceAccountName | quote }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: {{ include "release-runtime.podSecurity" .securityContext }}
{{- with .imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with pick . "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "priorityClassName" }}
{{ toYaml . }}
{{- end }}
{{- with .volumes }}
volumes: {{ toJson . }}
{{- end }}
{{- end }}
