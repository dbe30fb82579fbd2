{{- /*
Secrets and ConfigMaps that are made, by key, as JSON: the values' entries with the real name. The copies for hooks (.copies: keys in a
map) have another name and Helm's annotations: dict root kind(secrets|configMaps) [copies]
*/ -}}
{{- define "release-runtime.data" -}}
{{- $out := dict }}
{{- range $key, $entry := get .root.Values .kind | default dict }}
  {{- $name := dict "root" $.root "key" $key "entry" $entry }}
  {{- if hasKey $ "copies" }}
    {{- if hasKey $.copies $key }}
      {{- $hook := include "release-runtime.hookCopyAnnotations" . | fromYaml }}
      {{- $annotations := merge $hook ($entry.annotations | default dict) }}
      {{- $_ := set $out $key (merge (dict "name" (include "release-runtime.hookCopyName" $name) "annotations" $annotations) $entry) }}
    {{- end }}
  {{- else if not $entry.existingSecret }}
    {{- $annotations := merge (include "release-runtime.early" $.root | fromJson) ($entry.annotations | default dict) }}
    {{- $_ := set $out $key (merge (dict "name" (include "release-runtime.name" $name) "annotations" $annotations) $entry) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* Annotations of a hook copy: it exists before the hook that needs it, and goes when all hooks have succeeded */ -}}
{{- define "release-runtime.hookCopyAnnotations" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: "-20"
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
