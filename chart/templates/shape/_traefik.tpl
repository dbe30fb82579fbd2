{{- /* An IngressRoute, as YAML: dict root other(of release-runtime.model.exposure) */ -}}
{{- define "release-runtime.ingressRoute" -}}
{{- $x := .other }}{{ $leads := hasKey $x "redirect" }}
{{- $plain := $x.dialect.redirectEntryPoints | default (list "web") }}
{{- $points := $x.dialect.entryPoints | default (list (hasKey $x "tls" | ternary "websecure" "web")) }}
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) $x) | nindent 2 }}
spec:
  entryPoints: {{ ternary $plain $points $leads | toJson }}
  routes:
    {{- range $x.routes }}
    - kind: Rule
      match: {{ include "release-runtime.traefikRule" (dict "hosts" $x.hosts "path" .path "pathType" .pathType) | toJson }}
      {{- with .priority }}
      priority: {{ int64 . }}
      {{- end }}
      {{- with $leads | ternary (list (dig "redirect" "name" "" $x)) (concat ($x.middlewares | default list) (.middlewares | default
        list)) }}
      middlewares:
        {{- range . }}
        - name: {{ quote . }}
        {{- end }}
      {{- end }}
      services:
        - name: {{ quote .service }}
          port: {{ quote .portName }}
    {{- end }}
  {{- if hasKey $x "tls" }}
  tls:
    {{- with $x.tls.secretName }}
    secretName: {{ quote . }}
    {{- end }}
    {{- with $x.tls.options }}
    options:
      name: {{ quote . }}
    {{- end }}
    {{- with $x.dialect.certResolver }}
    certResolver: {{ quote . }}
    {{- end }}
    {{- if not (or $x.tls.secretName $x.tls.options $x.dialect.certResolver) }} {}{{ end }}
  {{- end }}
{{- end }}

{{- /* Traefik's rule for hosts and a path, which means what Kubernetes' path type does: dict hosts path pathType */ -}}
{{- define "release-runtime.traefikRule" -}}
{{- $hosts := list }}
{{- range .hosts }}
  {{- if hasPrefix "*." . }}
    {{- $hosts = append $hosts (printf "HostRegexp(\x60^[^.]+%s$\x60)" (trimPrefix "*" . | replace "." "\\.")) }}
  {{- else }}{{ $hosts = append $hosts (printf "Host(\x60%s\x60)" .) }}
  {{- end }}
{{- end }}
{{- $folder := trimSuffix "/" .path }}
{{- $path := printf "(Path(\x60%s\x60) || PathPrefix(\x60%s/\x60))" $folder $folder }}
{{- if eq .pathType "Exact" }}{{ $path = printf "Path(\x60%s\x60)" .path }}
{{- else if eq .path "/" }}{{ $path = "PathPrefix(\x60/\x60)" }}
{{- end }}
{{- if gt (len $hosts) 1 }}{{ printf "(%s) && %s" (join " || " $hosts) $path }}
{{- else }}{{ join " && " (append $hosts $path) }}
{{- end }}
{{- end }}

{{- /* A Middleware or a TLSOption, as YAML: dict root other(of release-runtime.model.middlewares) */ -}}
{{- define "release-runtime.traefik" -}}
apiVersion: traefik.io/v1alpha1
kind: {{ .other.kind }}
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) .other) | nindent 2 }}
spec: {{ toJson .other.spec }}
{{- end }}
