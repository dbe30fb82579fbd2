{{- /*
Restricted Pod Security, and what our own containers have in common.

release-runtime.podSecurity   a pod's securityContext, as JSON: in: what the values say of it
*/ -}}
{{- define "release-runtime.podSecurity" -}}
{{- $ours := dict "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault") }}
{{- include "release-runtime.overlay" (list $ours .) }}
{{- end }}

{{- /* A container's securityContext, as JSON: dict [securityContext] readOnly */ -}}
{{- define "release-runtime.containerSecurity" -}}
{{- $ours := dict "allowPrivilegeEscalation" false "capabilities" dict }}
{{- $root := empty .readOnly | ternary dict (dict "readOnlyRootFilesystem" true) }}
{{- $out := include "release-runtime.overlay" (list $ours $root .securityContext) | fromJson }}
{{- /* What is added comes on top of the drop: without it restricted Pod Security refuses the pod. */ -}}
{{- $dropped := include "release-runtime.overlay" (list (dict "drop" (list "ALL")) $out.capabilities) | fromJson }}
{{- include "release-runtime.overlay" (list $out (dict "capabilities" $dropped)) }}
{{- end }}

{{- /* Our programs' requests and limits, as JSON: dict root [resources] */ -}}
{{- define "release-runtime.smallResources" -}}
{{- $preset := dict "requests" (dict "cpu" "5m" "memory" "8Mi") "limits" (dict "memory" "32Mi") }}
{{- .resources | default (mergeOverwrite $preset (.root.own.resources | default dict)) | toJson }}
{{- end }}

{{- /* An init container that puts one of our programs into the volume release-runtime, as YAML: dict root program [image] */ -}}
{{- define "release-runtime.copyProgram" -}}
name: copy-{{ .program }}
image: {{ include "release-runtime.image" . | quote }}
imagePullPolicy: {{ .root.own.pullPolicy | default "IfNotPresent" }}
args: [copy, /release-runtime/{{ .program }}]
resources: {{ include "release-runtime.smallResources" (dict "root" .root) }}
securityContext: {{ include "release-runtime.containerSecurity" (dict "readOnly" true) }}
volumeMounts:
  - name: release-runtime
    mountPath: /release-runtime
{{- end }}
