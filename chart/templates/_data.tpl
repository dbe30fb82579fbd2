{{- /*
Secrets and ConfigMaps, under their own names or as copies for hooks: dict root key entry [hook]
*/ -}}
{{- define "release-runtime.secret" -}}
{{- $entry := .entry }}{{ $hook := .hook }}
{{- include "release-runtime.noHook" (dict "annotations" $entry.annotations "where" (printf "secrets.%s" .key)) }}
{{- $annotations := dict }}
{{- range $name, $value := $entry.annotations | default dict }}{{ $_ := set $annotations $name $value }}{{ end }}
{{- if $hook }}{{ range $name, $value := include "release-runtime.copyAnnotations" . | fromJson }}{{ $_ := set $annotations $name $value }}{{ end }}{{ end }}
{{- $name := include "release-runtime.name" (dict "root" .root "key" .key "entry" $entry "suffix" (include "release-runtime.copySuffix" .)) }}
{{- $out := dict "apiVersion" "v1" "kind" "Secret" "type" ($entry.type | default "Opaque") }}
{{- $_ := set $out "metadata" (include "release-runtime.metadata" (dict "root" .root "name" $name "annotations" $annotations) | fromJson) }}
{{- $key := .key }}
{{- range $field, $value := $entry.data | default dict }}
  {{- if not (regexMatch `^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$` ($value | replace "\n" "")) }}
    {{- fail (printf "secrets.%s.data.%s: is not base64; plain text belongs into stringData" $key $field) }}
  {{- end }}
{{- end }}
{{- $needed := dict "kubernetes.io/dockerconfigjson" (list ".dockerconfigjson") "kubernetes.io/dockercfg" (list ".dockercfg") "kubernetes.io/tls" (list "tls.crt" "tls.key") "kubernetes.io/ssh-auth" (list "ssh-privatekey") }}
{{- range get $needed $out.type | default list }}
  {{- if not (or (hasKey ($entry.data | default dict) .) (hasKey ($entry.stringData | default dict) .)) }}
    {{- fail (printf "secrets.%s: a Secret of the type %s has to have the key %s" $key $out.type .) }}
  {{- end }}
{{- end }}
{{- if $entry.data }}{{ $_ := set $out "data" $entry.data }}{{ end }}
{{- if $entry.stringData }}{{ $_ := set $out "stringData" (include "release-runtime.strings" $entry.stringData | fromJson) }}{{ end }}
{{- toYaml $out }}
{{- end }}

{{- define "release-runtime.configMap" -}}
{{- $entry := .entry }}{{ $hook := .hook }}{{ $key := .key }}
{{- include "release-runtime.noHook" (dict "annotations" $entry.annotations "where" (printf "configMaps.%s" .key)) }}
{{- $annotations := dict }}
{{- range $name, $value := $entry.annotations | default dict }}{{ $_ := set $annotations $name $value }}{{ end }}
{{- if $hook }}{{ range $name, $value := include "release-runtime.copyAnnotations" . | fromJson }}{{ $_ := set $annotations $name $value }}{{ end }}{{ end }}
{{- $name := include "release-runtime.name" (dict "root" .root "key" .key "entry" $entry "suffix" (include "release-runtime.copySuffix" .)) }}
{{- $data := include "release-runtime.strings" ($entry.data | default dict) | fromJson }}
{{- range $field, $value := $data }}
  {{- if include "release-runtime.tellsPassword" (dict "name" $field "text" $value) }}
    {{- fail (printf "configMaps.%s.data.%s: holds a password; put it into secrets.%s.stringData" $key $field $key) }}
  {{- end }}
{{- end }}
{{- $metadata := include "release-runtime.metadata" (dict "root" .root "name" $name "annotations" $annotations) | fromJson }}
{{- toYaml (dict "apiVersion" "v1" "kind" "ConfigMap" "metadata" $metadata "data" $data) }}
{{- end }}
