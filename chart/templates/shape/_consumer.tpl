{{- /* A Job whose pod does nothing but use a claim, as YAML: dict root other(of release-runtime.model.consumers) */ -}}
{{- define "release-runtime.consumerJob" -}}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) .other) | nindent 2 }}
spec:
  template:
    metadata:
      {{- include "release-runtime.podMetadata" (merge (dict "root" .root) (pick .other "component" "pod")) | nindent 6 }}
    spec:
      {{- include "release-runtime.pod" .other.pod | nindent 6 }}
      restartPolicy: Never
      containers:
        - name: claim
          image: {{ include "release-runtime.image" (dict "root" .root "program" "cronrun") | quote }}
          imagePullPolicy: {{ .root.own.pullPolicy | default "IfNotPresent" }}
          args: [--version]
          resources: {{ include "release-runtime.smallResources" (dict "root" .root) }}
          securityContext: {{ include "release-runtime.containerSecurity" (dict "readOnly" true) }}
{{- end }}
