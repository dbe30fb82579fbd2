{{- /*
Credentials of image registries.

release-runtime.withCredentials   adds to values, in place, for each of registryCredentials a Secret of its key, and its name to those with
                                  which every pod pulls: in: values without nulls
*/ -}}
{{- define "release-runtime.withCredentials" -}}
{{- $values := . }}
{{- range $key, $c := include "release-runtime.enabled" .registryCredentials | fromJson }}
  {{- $secrets := $values.secrets | default dict }}
  {{- if not (hasKey $secrets $key) }}
    {{- $entry := dict "registry" true "existingSecret" $c.existingSecret }}
    {{- if not $c.existingSecret }}
      {{- $user := include "release-runtime.asText" ($c.username | default "") }}
      {{- $password := include "release-runtime.asText" ($c.password | default "") }}
      {{- $login := dict "username" $user "password" $password "auth" (printf "%s:%s" $user $password | b64enc) }}
      {{- with $c.email }}{{ $_ := set $login "email" . }}{{ end }}
      {{- $config := dict "auths" (dict ($c.registry | default "") $login) | toJson }}
      {{- $entry = merge (pick $c "annotations" "nameOverride") (dict "registry" true "type" "kubernetes.io/dockerconfigjson") }}
      {{- $_ := set $entry "stringData" (dict ".dockerconfigjson" $config) }}
    {{- end }}
    {{- $_ := set $secrets $key $entry }}
    {{- $_ := set $values "secrets" $secrets }}
  {{- end }}
  {{- $global := $values.global | default dict }}
  {{- $pull := $global.imagePullSecrets | default list }}
  {{- if not (has (dict "name" $key) $pull) }}{{ $_ := set $global "imagePullSecrets" (append $pull (dict "name" $key)) }}{{ end }}
  {{- $_ := set $values "global" $global }}
{{- end }}
{{- end }}
