{{- /*
How a release is reached from outside.

release-runtime.check.exposure   refuses, in the values, routes to what is not there, and what the dialect cannot say. In: root
*/ -}}
{{- define "release-runtime.check.exposure" -}}
{{- $root := . }}{{ $services := dict }}
{{- with include "release-runtime.enabled" .Values.exposure | fromJson }}
  {{- $services = $root.services }}
  {{- range $key, $x := . }}
    {{- $given := dict "root" $root "exposure" $x "services" $services "where" (printf "exposure.%s" $key) }}
    {{- include "release-runtime.check.routes" $given }}
    {{- include "release-runtime.check.exposureTls" $given }}
    {{- include "release-runtime.check.dialect" $given }}
  {{- end }}
{{- end }}
{{- range $key, $m := include "release-runtime.enabled" .Values.middlewares | fromJson }}
  {{- if ne (len (pick $m "redirect" "headers" "rateLimit" "spec")) 1 }}
    {{- fail (printf "middlewares.%s: give one of redirect, headers, rateLimit, spec" $key) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses routes to what is not there, and Middlewares that are not: dict root exposure services where */ -}}
{{- define "release-runtime.check.routes" -}}
{{- $where := .where }}{{ $services := .services }}{{ $dialect := .exposure.dialect | default "ingress" }}
{{- if not .exposure.routes }}{{ fail (printf "%s.routes is empty: give at least root: {service: NAME}" $where) }}{{ end }}
{{- include "release-runtime.check.middlewares" (dict "root" .root "names" .exposure.middlewares "where" $where) }}
{{- range $name, $r := .exposure.routes }}
  {{- $at := printf "%s.routes.%s" $where $name }}
  {{- if not $r.service }}{{ fail (printf "%s.service is missing: a key of services, or of workloads with a port" $at) }}{{ end }}
  {{- if not (hasKey $services $r.service) }}
    {{- fail (printf "%s.service: there is no Service %q; there are: %s" $at $r.service (keys $services | sortAlpha | join ", ")) }}
  {{- end }}
  {{- $known := list }}{{ $numbers := list }}
  {{- range (get $services $r.service).ports }}
    {{- $known = append $known (printf "%s (%d)" .name (int64 .port)) }}
    {{- $numbers = concat $numbers (list .name (int64 .port | toString)) }}
  {{- end }}
  {{- if and (hasKey $r "port") (not (has (toString $r.port) $numbers)) }}
    {{- fail (printf "%s.port: the Service %q has no port %v; it has: %s" $at $r.service $r.port (join ", " $known)) }}
  {{- end }}
  {{- if and (eq ($r.pathType | default "") "ImplementationSpecific") (ne $dialect "ingress") }}
    {{- fail (printf "%s.pathType: only an Ingress has ImplementationSpecific; say Prefix or Exact" $at) }}
  {{- end }}
  {{- if and $r.middlewares (ne $dialect "ingressRoute") (not (dig $dialect "ignoreUnsupported" false $.exposure)) }}
    {{- fail (printf (print "%s.middlewares: only an IngressRoute has them by route; put them into %s.middlewares, "
      "or leave them out here by %s.%s.ignoreUnsupported: true") $at $where $where $dialect) }}
  {{- end }}
  {{- include "release-runtime.check.middlewares" (dict "root" $.root "names" $r.middlewares "where" $at) }}
{{- end }}
{{- end }}

{{- /* Refuses names of Middlewares that are not there: dict root names where */ -}}
{{- define "release-runtime.check.middlewares" -}}
{{- $known := include "release-runtime.enabled" .root.Values.middlewares | fromJson }}
{{- range $name, $_ := .names }}
  {{- if not (hasKey $known $name) }}
    {{- $preset := has $name (list "redirect" "headers" "rateLimit") | ternary (printf "{%s: {}}" $name) "{spec: {…}}" }}
    {{- fail (printf "%s.middlewares: there is no middleware %q; say middlewares.%s: %s" $.where $name $name $preset) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses TLS by a certificate or an option that is not there: dict root exposure where */ -}}
{{- define "release-runtime.check.exposureTls" -}}
{{- $tls := .exposure.tls | default dict }}{{ $where := printf "%s.tls" .where }}{{ $values := .root.Values }}
{{- if and $tls.certificate $tls.secretName }}
  {{- fail (printf "%s: certificate and secretName exclude each other; give one" $where) }}
{{- end }}
{{- range $field, $map := dict "certificate" "certificates" "options" "tlsOptions" }}
  {{- $known := include "release-runtime.enabled" (dig $map dict $values) | fromJson }}
  {{- with get $tls $field }}
    {{- if not (hasKey $known .) }}
      {{- fail (printf "%s.%s: there is no %s.%s; there are: %s" $where $field $map . (keys $known | sortAlpha | join ", " | default
        "none")) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses what a dialect cannot say, unless it was said that it may be left out: dict root exposure where */ -}}
{{- define "release-runtime.check.dialect" -}}
{{- $x := .exposure }}{{ $where := .where }}{{ $dialect := $x.dialect | default "ingress" }}{{ $own := get $x $dialect | default dict }}
{{- $lost := list }}
{{- if eq $dialect "ingress" }}
  {{- if not (contains "traefik" ($own.className | default "")) }}
    {{- range $name, $_ := $x.middlewares }}{{ $lost = append $lost (printf "middlewares.%s" $name) }}{{ end }}
    {{- if dig "tls" "options" "" $x }}{{ $lost = append $lost "tls.options" }}{{ end }}
  {{- end }}
{{- else if eq $dialect "httpRoute" }}
  {{- if not $own.parentRefs }}
    {{- fail (printf "%s.httpRoute.parentRefs is missing: the Gateway, as {gateway: {name: NAME, namespace: NAMESPACE}}" $where) }}
  {{- end }}
  {{- range $name, $_ := $x.middlewares }}
    {{- $entry := get $.root.Values.middlewares $name }}
    {{- if not (pick $entry "redirect" "headers") }}{{ $lost = append $lost (printf "middlewares.%s" $name) }}{{ end }}
    {{- if and (hasKey $entry "redirect") (hasKey $x "tls") (not $own.redirectParentRefs) }}
      {{- fail (printf (print "%s.httpRoute.redirectParentRefs is missing: the Gateway's listener on port 80, which %s leads away from, "
        "as {plain: {name: NAME, sectionName: http}}") $where $name) }}
    {{- end }}
  {{- end }}
  {{- if dig "tls" "options" "" $x }}{{ $lost = append $lost "tls.options" }}{{ end }}
{{- end }}
{{- range $name, $_ := $x.middlewares }}
  {{- if and (hasKey (get $.root.Values.middlewares $name) "redirect") (not (hasKey $x "tls")) }}
    {{- fail (printf "%s.middlewares: %s leads to https, which %s has not; give %s.tls" $where $name $where $where) }}
  {{- end }}
{{- end }}
{{- if and $lost (not $own.ignoreUnsupported) }}
  {{- fail (printf (print "%s: %s would be lost, for %s knows no such thing; leave it out by %s.%s.ignoreUnsupported: true, and say it "
    "in annotations of the controller's own") $where (join ", " $lost) (get (dict "ingress" "an Ingress of a class other than Traefik's"
    "httpRoute" "an HTTPRoute") $dialect) $where $dialect) }}
{{- end }}
{{- end }}
