{{- /*
cert-manager's objects.

release-runtime.model.certificates   Certificates and Issuers, as JSON, to be read by fromJsonArray, each with its spec: in: the model
*/ -}}
{{- define "release-runtime.model.certificates" -}}
{{- $root := .root }}{{ $out := list }}
{{- range $key, $c := include "release-runtime.enabled" $root.Values.certificates | fromJson }}
  {{- $spec := pick $c "commonName" "duration" "renewBefore" "privateKey" "usages" "subject" "secretTemplate" }}
  {{- $_ := set $spec "secretName" (include "release-runtime.certificateSecret" (dict "root" $root "key" $key)) }}
  {{- $_ := set $spec "dnsNames" (include "release-runtime.certificateHosts" (dict "root" $root "key" $key) | fromJsonArray) }}
  {{- $issuer := merge (dict) ($c.issuerRef | default dict) (dict "group" "cert-manager.io" "kind" "ClusterIssuer") }}
  {{- with $c.issuer }}
    {{- $name := include "release-runtime.name" (dict "root" $root "key" . "entry" (get ($root.Values.issuers | default dict) .)) }}
    {{- $issuer = dict "group" "cert-manager.io" "kind" "Issuer" "name" $name }}
  {{- end }}
  {{- $_ := set $spec "issuerRef" $issuer }}
  {{- $one := dict "root" $root "key" $key "entry" $c "shape" "certManager" "kind" "Certificate" "where" (printf "certificates.%s" $key) }}
  {{- $out = append $out (merge (dict "spec" $spec) (include "release-runtime.other" $one | fromJson)) }}
{{- end }}
{{- range $key, $issuer := include "release-runtime.enabled" $root.Values.issuers | fromJson }}
  {{- $one := dict "root" $root "key" $key "entry" $issuer "shape" "certManager" "kind" "Issuer" "where" (printf "issuers.%s" $key) }}
  {{- $made := include "release-runtime.other" $one | fromJson }}
  {{- $spec := pick $issuer "selfSigned" "ca" "acme" "vault" "venafi" }}
  {{- with $spec.ca }}
    {{- $name := include "release-runtime.realName" (dict "root" $root "kind" "secrets" "name" .secretName) }}
    {{- $_ := set $spec "ca" (merge (dict "secretName" $name) .) }}
  {{- end }}
  {{- with $spec.acme }}
    {{- $solvers := list }}
    {{- range include "release-runtime.ordered" .solvers | fromJsonArray }}
      {{- $solvers = append $solvers (omit (get $spec.acme.solvers .) "order") }}
    {{- end }}
    {{- $account := dict "privateKeySecretRef" (dict "name" (printf "%s-account" $made.name)) }}
    {{- $_ := set $spec "acme" (merge (dict "solvers" $solvers) . $account) }}
  {{- end }}
  {{- $out = append $out (merge (dict "spec" $spec) $made) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* The Secret of a certificate: dict root key */ -}}
{{- define "release-runtime.certificateSecret" -}}
{{- $entry := dig .key dict (.root.Values.certificates | default dict) }}
{{- $entry.secretName | default (include "release-runtime.name" (dict "root" .root "key" .key "entry" $entry)) }}
{{- end }}

{{- /* Its names: its own, or the hosts of what is exposed with it; as JSON, to be read by fromJsonArray: dict root key */ -}}
{{- define "release-runtime.certificateHosts" -}}
{{- $names := keys (dig .key "dnsNames" dict .root.Values.certificates) }}
{{- if not $names }}
  {{- range $x := include "release-runtime.enabled" .root.Values.exposure | fromJson }}
    {{- if eq (dig "tls" "certificate" "" $x) $.key }}{{ $names = concat $names (keys ($x.hosts | default dict)) }}{{ end }}
  {{- end }}
{{- end }}
{{- $names | uniq | sortAlpha | toJson }}
{{- end }}
