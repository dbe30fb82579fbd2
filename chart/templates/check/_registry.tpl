{{- /*
Credentials of image registries.

release-runtime.check.registry   refuses, in the values, some without what a kubelet needs, and a key that is a Secret's. In: root
*/ -}}
{{- define "release-runtime.check.registry" -}}
{{- $secrets := .Values.secrets | default dict }}
{{- range $key, $c := include "release-runtime.enabled" .Values.registryCredentials | fromJson }}
  {{- $where := printf "registryCredentials.%s" $key }}
  {{- if not (dig $key "registry" false $secrets) }}
    {{- fail (printf "%s: secrets.%s has the same key; choose another for one of them" $where $key) }}
  {{- end }}
  {{- if and $c.existingSecret (or $c.registry $c.username $c.password) }}
    {{- fail (printf "%s: existingSecret and registry, username, password exclude each other; an overlay says null to the others" $where) }}
  {{- end }}
  {{- range list "registry" "username" "password" }}
    {{- if not (or $c.existingSecret (get $c .)) }}
      {{- fail (printf "%s.%s is missing (or existingSecret, a Secret of the type kubernetes.io/dockerconfigjson)" $where .) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
