{{- /*
PostgreSQL and Redis.

release-runtime.check.bundled   refuses, in the values, a bundled server without a password or in production, and an address that is not
                                there: in: root
*/ -}}
{{- define "release-runtime.check.bundled" -}}
{{- $root := . }}
{{- range $key, $words := dict "postgresql" "PostgreSQL, DATABASE_PASSWORD" "redis" "Redis, REDIS_PASSWORD" }}
  {{- $given := get $root.Values $key | default dict }}
  {{- $name := splitList ", " $words | first }}{{ $wanted := splitList ", " $words | last }}
  {{- if and $given.enabled $given.host }}
    {{- fail (printf "%s: enabled makes a server, host names another one; an overlay that switches says %s.enabled: false" $key $key) }}
  {{- end }}
  {{- if and $given.enabled (dig "policy" "production" false $root.Values) }}
    {{- fail (printf "%s.enabled: a bundled %s is for development, and policy.production is set; say %s: {enabled: false, host: …}" $key
      $name $key) }}
  {{- end }}
  {{- if or $given.enabled $given.password }}
    {{- include "release-runtime.check.bundledPassword" (dict "root" $root "key" $key "given" $given "wanted" $wanted) }}
  {{- end }}
  {{- if and (hasKey $root.Values $key) (not (hasKey ($root.Values.configMaps | default dict) $key)) }}
    {{- include "release-runtime.check.nobodysAddress" (dict "root" $root "key" $key) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses a password that is not a key of one of secrets, and says which line is missing: dict root key given wanted(KEY) */ -}}
{{- define "release-runtime.check.bundledPassword" -}}
{{- $where := printf "%s.password" .key }}{{ $secrets := .root.Values.secrets | default dict }}
{{- $password := .given.password | default dict }}
{{- if not (and $password.secret $password.key) }}
  {{- $line := printf "%s: {password: {secret: %s, key: %s}}" .key .key .wanted }}
  {{- $more := printf ", and secrets: {%s: {stringData: {%s: …}}} (or existingSecret, external, sealed)" .key .wanted }}
  {{- range $name := keys $secrets | sortAlpha }}
    {{- $has := get $secrets $name | include "release-runtime.secretKeys" | fromJson }}
    {{- if and $more (hasKey $has.keys $.wanted) }}
      {{- $line = printf "%s: {password: {secret: %s, key: %s}}" $.key $name $.wanted }}
      {{- $more = "" }}
    {{- end }}
  {{- end }}
  {{- fail (printf "%s is missing: it is a key of an entry of secrets; add %s%s" $where $line $more) }}
{{- end }}
{{- $entry := get $secrets $password.secret }}
{{- if not $entry }}
  {{- $known := keys $secrets | sortAlpha | join ", " | default "none" }}
  {{- fail (printf "%s.secret: there is no %q in secrets; there are: %s" $where $password.secret $known) }}
{{- end }}
{{- $has := include "release-runtime.secretKeys" $entry | fromJson }}
{{- if and $has.known (not (hasKey $has.keys $password.key)) }}
  {{- $known := keys $has.keys | sortAlpha | join ", " }}
  {{- fail (printf "%s.key: secrets.%s has no key %q; it has: %s" $where $password.secret $password.key $known) }}
{{- end }}
{{- end }}

{{- /* Refuses containers with the address of a server that is neither made nor named: their pods would wait for it. dict root key */ -}}
{{- define "release-runtime.check.nobodysAddress" -}}
{{- range $w, $workload := .root.Values.workloads }}{{ range $c, $container := $workload.containers }}
  {{- range $name, $source := $container.envFrom }}
    {{- if eq ($source.configMap | default "") $.key }}
      {{- $at := include "release-runtime.fromPath" (dict "root" $.root "from" (printf "%s/%s" $w $c)) }}
      {{- fail (printf "%s.envFrom.%s: where is it? Say %s.host, or %s.enabled: true (for development)" $at $name $.key $.key) }}
    {{- end }}
  {{- end }}
{{- end }}{{ end }}
{{- end }}
