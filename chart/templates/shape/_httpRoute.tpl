{{- /* An HTTPRoute, as YAML: dict root other(of release-runtime.model.exposure) */ -}}
{{- define "release-runtime.httpRoute" -}}
{{- $x := .other }}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) $x) | nindent 2 }}
spec:
  parentRefs:
    {{- range ternary $x.dialect.redirectParentRefs $x.dialect.parentRefs (hasKey $x "redirect") }}
    - {{ toJson . }}
    {{- end }}
  {{- with $x.hosts }}
  hostnames: {{ toJson . }}
  {{- end }}
  rules:
    {{- if hasKey $x "redirect" }}
    - filters:
        - type: RequestRedirect
          requestRedirect:
            scheme: {{ $x.redirect.scheme }}
            {{- with $x.redirect.port }}
            port: {{ int64 . }}
            {{- end }}
            statusCode: {{ ternary 301 302 $x.redirect.permanent }}
    {{- else }}
    {{- range $x.routes }}
    - matches:
        - path:
            type: {{ ternary "Exact" "PathPrefix" (eq .pathType "Exact") }}
            value: {{ quote .path }}
      {{- with include "release-runtime.overlay" (list $x.headers .headers) | fromJson }}
      filters:
        - type: ResponseHeaderModifier
          responseHeaderModifier: {{ include "release-runtime.headerModifier" . }}
      {{- end }}
      backendRefs:
        - name: {{ quote .service }}
          port: {{ int64 .portNumber }}
    {{- end }}
    {{- end }}
{{- end }}

{{- /* What sets headers, or takes away those without text, as JSON: in: {NAME: text} */ -}}
{{- define "release-runtime.headerModifier" -}}
{{- $set := list }}{{ $remove := list }}
{{- range $name, $value := . }}
  {{- if $value }}{{ $set = append $set (dict "name" $name "value" $value) }}{{ else }}{{ $remove = append $remove $name }}{{ end }}
{{- end }}
{{- $out := dict }}
{{- with $set }}{{ $_ := set $out "set" . }}{{ end }}
{{- with $remove }}{{ $_ := set $out "remove" . }}{{ end }}
{{- toJson $out }}
{{- end }}
