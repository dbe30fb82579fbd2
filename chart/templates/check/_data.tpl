{{- /*
Secrets, ConfigMaps and the account, as values.

release-runtime.check.secret   refuses a Secret that says two things or nothing, or what its type or its readers would miss: dict key entry
*/ -}}
{{- define "release-runtime.check.secret" -}}
{{- $entry := .entry }}{{ $where := printf "secrets.%s" .key }}
{{- $keys := concat (keys ($entry.data | default dict)) (keys ($entry.stringData | default dict)) }}
{{- if and $entry.existingSecret (or $entry.data $entry.stringData) }}
  {{- fail (printf (print "%s: existingSecret and stringData (or data) exclude each other; "
    "an overlay that switches to existingSecret says %s.stringData: null, too") $where $where) }}
{{- end }}
{{- if not (or $entry.existingSecret $keys) }}{{ fail (printf "%s: give stringData (or data), or existingSecret" $where) }}{{ end }}
{{- range $name := $entry.connectionKeys }}
  {{- if not (include "release-runtime.saysWhere" $name) }}
    {{- fail (printf (print "%s.connectionKeys: %q is no DATABASE_*, PG* or REDIS_* variable; for a key with another name "
      "give env.DATABASE_URL: {valueFrom: {secretKeyRef: {name: %s, key: %s}}}") $where $name $.key $name) }}
  {{- end }}
  {{- if not (or $entry.existingSecret (has $name $keys)) }}
    {{- fail (printf "%s.connectionKeys: %s is neither in stringData nor in data" $where $name) }}
  {{- end }}
{{- end }}
{{- if not $entry.existingSecret }}
  {{- include "release-runtime.check.noHook" (dict "annotations" $entry.annotations "where" $where) }}
  {{- range $field, $value := $entry.data }}
    {{- if not (regexMatch `^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$` ($value | replace "\n" "")) }}
      {{- fail (printf "%s.data.%s: is not base64; plain text belongs into stringData" $where $field) }}
    {{- end }}
  {{- end }}
  {{- $needed := dict "kubernetes.io/dockerconfigjson" (list ".dockerconfigjson") "kubernetes.io/dockercfg" (list ".dockercfg") }}
  {{- $needed = merge $needed (dict "kubernetes.io/tls" (list "tls.crt" "tls.key") "kubernetes.io/ssh-auth" (list "ssh-privatekey")) }}
  {{- range get $needed ($entry.type | default "") | default list }}
    {{- if not (has . $keys) }}{{ fail (printf "%s: a Secret of the type %s has to have the key %s" $where $entry.type .) }}{{ end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses a ConfigMap with a password, or of files that are not there: dict root key entry */ -}}
{{- define "release-runtime.check.configMap" -}}
{{- $where := printf "configMaps.%s" .key }}
{{- include "release-runtime.check.noHook" (dict "annotations" .entry.annotations "where" $where) }}
{{- if and .entry.files (not .entry.found) }}
  {{- fail (printf "%s.files: the chart that calls this one (%s) has no file %s" $where .root.Chart.name .entry.files) }}
{{- end }}
{{- if .entry.files }}
  {{- include "release-runtime.check.characters" (dict "Values" (dict "configMaps" (dict .key (pick .entry "data")))) }}
{{- end }}
{{- range $field, $value := .entry.data }}
  {{- if include "release-runtime.tellsPassword" (dict "name" $field "text" (include "release-runtime.asText" $value)) }}
    {{- fail (printf "%s.data.%s: holds a password; put it into secrets.%s.stringData" $where $field $.key) }}
  {{- end }}
{{- end }}
{{- end }}
