{{- /*
What would show a password outside of a Secret.

release-runtime.hasPassword   "true" when a value carries a password in a URL; $(X) instead of it is fine
*/ -}}
{{- define "release-runtime.hasPassword" -}}
{{- if regexMatch `://[^/\s:@]*:[^@/\s$][^@/\s]*@` . }}true{{ end }}
{{- end }}

{{- /* "true" when a variable or an entry of a ConfigMap tells a password; $(X) instead of it is fine: dict name text */ -}}
{{- define "release-runtime.tellsPassword" -}}
{{- if include "release-runtime.hasPassword" .text }}true
{{- else if regexMatch "^(DATABASE_PASSWORD|PGPASSWORD|REDIS_PASSWORD)$" .name }}
  {{- if and .text (not (regexMatch `^\$\([^)]+\)$` .text)) }}true{{ end }}
{{- else if regexMatch "^DATABASE_(DSN|URL)$" .name }}
  {{- if regexMatch `(?:^|[\s?&])password\s*=\s*[^$\s]` .text }}true{{ end }}
{{- end }}
{{- end }}

{{- /* Refuses a variable that tells a password: dict name text where */ -}}
{{- define "release-runtime.check.noPasswordIn" -}}
{{- if include "release-runtime.tellsPassword" . }}
  {{- fail (printf (print "%s: a password belongs into a Secret: put the value into secrets.NAME.stringData "
    "and give %s as {valueFrom: {secretKeyRef: {name: NAME, key: KEY}}}") .where .name) }}
{{- end }}
{{- end }}

{{- /* Refuses words of a command with a password in a URL: dict words where */ -}}
{{- define "release-runtime.check.words" -}}
{{- range .words }}
  {{- if include "release-runtime.hasPassword" (include "release-runtime.asText" .) }}
    {{- fail (printf (print "%s: holds a password in a URL; put it into secrets.NAME.stringData, "
      "give it as a variable, and write $(VARIABLE)") $.where) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses annotations that would make an object of the release a hook: dict annotations where */ -}}
{{- define "release-runtime.check.noHook" -}}
{{- range $name, $_ := .annotations }}
  {{- if hasPrefix "helm.sh/hook" $name }}
    {{- fail (printf (print "%s.annotations: %s would make it a hook, which an upgrade deletes and an uninstall leaves; "
      "migrations get copies of what they need") $.where $name) }}
  {{- end }}
{{- end }}
{{- end }}
