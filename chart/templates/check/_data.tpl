{{- /*
Secrets, ConfigMaps and the account, as values.

release-runtime.check.secret   refuses a Secret that says two things or nothing, or what its type or its readers would miss: dict key entry
*/ -}}
{{- define "release-runtime.check.secret" -}}
{{- $entry := .entry }}{{ $where := printf "secrets.%s" .key }}
{{- $given := include "release-runtime.secretModes" $entry | fromJsonArray }}
{{- if gt (len $given) 1 }}
  {{- fail (printf (print "%s: %s exclude each other; an overlay that switches to the one takes the other away: %s.%s: null")
    $where (join " and " $given) $where (first $given)) }}
{{- end }}
{{- if not $given }}{{ fail (printf "%s: give stringData (or data), existingSecret, external, or sealed" $where) }}{{ end }}
{{- $keys := list }}
{{- range list $entry.data $entry.stringData $entry.sealed }}{{ range $name, $_ := . }}{{ $keys = append $keys $name }}{{ end }}{{ end }}
{{- include "release-runtime.check.secretKeys" (dict "entry" $entry "has" $keys "where" $where) }}
{{- if $entry.external }}
  {{- range list "store" "from" }}
    {{- if not (get $entry.external .) }}{{ fail (printf "%s.external.%s is missing" $where .) }}{{ end }}
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
    {{- if not (or (has . $keys) $entry.external) }}
      {{- fail (printf "%s: a Secret of the type %s has to have the key %s" $where $entry.type .) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Which of the ways to have it an entry of secrets gives, as JSON, to be read by fromJsonArray: in: the entry */ -}}
{{- define "release-runtime.secretModes" -}}
{{- $out := list }}
{{- if or .stringData .data }}{{ $out = append $out (empty .stringData | ternary "data" "stringData") }}{{ end }}
{{- range $mode := list "existingSecret" "external" "sealed" }}{{ if get $ $mode }}{{ $out = append $out $mode }}{{ end }}{{ end }}
{{- toJson $out }}
{{- end }}

{{- /*
Refuses keys that were named and are not there, or the other way round: what holds in one mode would not in another.
dict entry has([KEY]) where
*/ -}}
{{- define "release-runtime.check.secretKeys" -}}
{{- $entry := .entry }}{{ $has := .has }}{{ $where := .where }}
{{- if and (hasKey $entry "keys") $has }}
  {{- range $name, $said := $entry.keys }}
    {{- if not (or $said.optional (has $name $has)) }}
      {{- fail (printf "%s.keys: %s is not given; give it, or say %s.keys.%s: {optional: true}" $where $name $where $name) }}
    {{- end }}
  {{- end }}
  {{- range $has }}
    {{- if not (hasKey $entry.keys .) }}
      {{- fail (printf (print "%s.keys: %s is given and not named there; name it, for keys says what there is in every mode: "
        "%s.keys.%s: {}") $where . $where .) }}
    {{- end }}
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
