{{- /* A NetworkPolicy, as YAML: dict root other(of release-runtime.model.networkPolicy). What no rule names does not pass. */ -}}
{{- define "release-runtime.networkPolicy" -}}
{{- $np := .other }}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) $np) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/instance: {{ .root.fullname | quote }}
      {{- with $np.component }}
      app.kubernetes.io/component: {{ quote . }}
      {{- end }}
  policyTypes: [Ingress, Egress]
  ingress: {{ toJson $np.ingress }}
  egress: {{ toJson $np.egress }}
{{- end }}
