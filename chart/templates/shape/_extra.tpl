{{- /* An object of one's own with the release's labels, as YAML: dict root other(of release-runtime.model.extra) */ -}}
{{- define "release-runtime.extra" -}}
{{- $x := .other }}
{{- $meta := include "release-runtime.metadata" (merge (dict "root" .root) (omit $x "metadata")) | fromYaml }}
{{- /* What is the cluster's has no namespace. */ -}}
{{- $ours := "^(Cluster.*|Namespace|Node|PersistentVolume|StorageClass|PriorityClass|IngressClass|GatewayClass|RuntimeClass|CSIDriver)$" }}
{{- $ours = printf "%s|^(CustomResourceDefinition|APIService|.*WebhookConfiguration|ValidatingAdmissionPolicy.*)$" $ours }}
{{- if regexMatch $ours .other.kind }}{{ $meta = omit $meta "namespace" }}{{ end }}
{{- omit $x.object "metadata" | toYaml }}
metadata: {{ merge (dict) $x.metadata $meta | toJson }}
{{- end }}

{{- /* A pod of helm test, as YAML: dict root other(of release-runtime.model.tests) */ -}}
{{- define "release-runtime.testPod" -}}
apiVersion: v1
kind: Pod
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) .other) | nindent 2 }}
spec:
  {{- include "release-runtime.pod" .other.pod | nindent 2 }}
  restartPolicy: Never
  activeDeadlineSeconds: {{ int64 .other.activeDeadlineSeconds }}
  terminationGracePeriodSeconds: 5
  containers:
    - {{- include "release-runtime.container" .other.container | nindent 6 }}
{{- end }}
