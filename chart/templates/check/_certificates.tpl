{{- /*
cert-manager's objects.

release-runtime.check.certificates   refuses, in the values, a certificate for nobody or by nobody, and an issuer of no kind or two. In:
  root
*/ -}}
{{- define "release-runtime.check.certificates" -}}
{{- $root := . }}{{ $issuers := include "release-runtime.enabled" .Values.issuers | fromJson }}
{{- range $key, $c := include "release-runtime.enabled" .Values.certificates | fromJson }}
  {{- $where := printf "certificates.%s" $key }}
  {{- if and $c.issuer $c.issuerRef }}{{ fail (printf "%s: issuer and issuerRef exclude each other; give one" $where) }}{{ end }}
  {{- if not (or $c.issuer (dig "issuerRef" "name" "" $c)) }}
    {{- fail (printf "%s: who issues it? Give issuerRef: {name: NAME} (of a ClusterIssuer), or issuer: a key of issuers" $where) }}
  {{- end }}
  {{- with $c.issuer }}{{ if not (hasKey $issuers .) }}
    {{- fail (printf "%s.issuer: there is no issuers.%s; there are: %s" $where . (keys $issuers | sortAlpha | join ", " | default "none"))
      }}
  {{- end }}{{ end }}
  {{- if not (include "release-runtime.certificateHosts" (dict "root" $root "key" $key) | fromJsonArray) }}
    {{- fail (printf "%s.dnsNames is empty, and nothing is exposed with it: give {NAME: {}}, or exposure.NAME.tls.certificate: %s" $where
      $key) }}
  {{- end }}
{{- end }}
{{- range $key, $issuer := $issuers }}
  {{- $where := printf "issuers.%s" $key }}
  {{- if ne (len (pick $issuer "selfSigned" "ca" "acme" "vault" "venafi")) 1 }}
    {{- fail (printf "%s: give one of selfSigned, ca, acme, vault, venafi" $where) }}
  {{- end }}
  {{- with $issuer.acme }}
    {{- range list "server" "solvers" }}
      {{- if not (get $issuer.acme .) }}
        {{- fail (printf "%s.acme.%s is missing" $where .) }}
      {{- end }}
    {{- end }}
  {{- end }}
  {{- if and (hasKey $issuer "ca") (not (dig "ca" "secretName" "" $issuer)) }}
    {{- fail (printf "%s.ca.secretName is missing" $where) }}
  {{- end }}
{{- end }}
{{- end }}
