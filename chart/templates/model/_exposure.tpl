{{- /*
How a release is reached from outside: one description, three dialects.

release-runtime.model.exposure   Ingresses, HTTPRoutes and IngressRoutes, as JSON, to be read by fromJsonArray: in: the model

    hosts          their names; none: every host
    routes         in their order: [{path, pathType, priority, service, portName, portNumber, middlewares}]
    middlewares    real names of Middlewares that hold for all routes
    tls            {secretName, options}; nothing without TLS
    dialect        what the values say for the dialect: ingress, httpRoute, ingressRoute
    headers        of an HTTPRoute: what it sets in answers
    redirect       that it does nothing but lead to https: {permanent, scheme, port}
*/ -}}
{{- define "release-runtime.model.exposure" -}}
{{- $root := .root }}{{ $services := .services }}{{ $out := list }}
{{- range $key, $x := include "release-runtime.enabled" $root.Values.exposure | fromJson }}
  {{- $given := dict "root" $root "key" $key "exposure" $x "services" $services }}
  {{- $all := include "release-runtime.exposed" $given | fromJson }}
  {{- $dialect := $x.dialect | default "ingress" }}
  {{- $kind := get (dict "ingress" "Ingress" "httpRoute" "HTTPRoute" "ingressRoute" "IngressRoute") $dialect }}
  {{- $own := get $x $dialect | default dict }}
  {{- $entry := dict "nameOverride" ($x.nameOverride | default "") "labels" $x.labels }}
  {{- $_ := set $entry "annotations" (include "release-runtime.overlay" (list $all.annotations $x.annotations $own.annotations) |
    fromJson) }}
  {{- $one := dict "root" $root "key" $key "entry" $entry "shape" $dialect "kind" $kind "where" (printf "exposure.%s" $key) }}
  {{- $main := merge (dict "dialect" $own) (omit $all "redirect" "annotations") (include "release-runtime.other" $one | fromJson) }}
  {{- if not (and $all.redirect (ne $dialect "ingress")) }}
    {{- $out = append $out $main }}
  {{- else }}
    {{- $plain := include "release-runtime.other" (merge (dict "suffix" "-redirect") $one) | fromJson }}
    {{- $rest := omit $all "annotations" "tls" "middlewares" "headers" }}
    {{- $out = append (append $out $main) (merge (dict "dialect" $own) $plain $rest) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* What all dialects say, as JSON: dict root key exposure services */ -}}
{{- define "release-runtime.exposed" -}}
{{- $root := .root }}{{ $x := .exposure }}{{ $dialect := $x.dialect | default "ingress" }}
{{- $used := include "release-runtime.middlewaresOf" (dict "root" $root "names" $x.middlewares) | fromJson }}
{{- $out := dict "hosts" (keys ($x.hosts | default dict) | sortAlpha) "middlewares" $used.names }}
{{- with $used.headers }}{{ $_ := set $out "headers" . }}{{ end }}
{{- $routes := list }}
{{- range include "release-runtime.ordered" $x.routes | fromJsonArray }}
  {{- $routes = append $routes (include "release-runtime.route" (merge (dict "route" (get $x.routes .)) $) | fromJson) }}
{{- end }}
{{- $_ := set $out "routes" $routes }}
{{- $tls := $x.tls }}
{{- if not (kindIs "invalid" $tls) }}
  {{- $own := dict }}
  {{- with $tls.certificate }}
    {{- $_ := set $own "secretName" (include "release-runtime.certificateSecret" (dict "root" $root "key" .)) }}
  {{- end }}
  {{- with $tls.secretName }}
    {{- $_ := set $own "secretName" (include "release-runtime.realName" (dict "root" $root "kind" "secrets" "name" .)) }}
  {{- end }}
  {{- with $tls.options }}
    {{- $_ := set $own "options" (include "release-runtime.name" (dict "root" $root "key" . "entry" (get $root.Values.tlsOptions .))) }}
  {{- end }}
  {{- $_ := set $out "tls" $own }}
  {{- with $used.redirect }}{{ $_ := set $out "redirect" . }}{{ end }}
{{- end }}
{{- $annotations := dict }}
{{- if eq $dialect "ingress" }}
  {{- $annotations = include "release-runtime.traefikAnnotations" (dict "root" $root "exposure" $x "made" $out) | fromJson }}
{{- end }}
{{- merge (dict "annotations" $annotations) $out | toJson }}
{{- end }}

{{- /* What an Ingress of Traefik's class says of them in annotations, as JSON: dict root exposure made */ -}}
{{- define "release-runtime.traefikAnnotations" -}}
{{- $out := dict }}
{{- if contains "traefik" (dig "ingress" "className" "" .exposure) }}
  {{- $names := list }}
  {{- $all := include "release-runtime.middlewaresOf" (dict "root" .root "names" .exposure.middlewares "redirects" true) | fromJson }}
  {{- range $all.names }}{{ $names = append $names (printf "%s-%s@kubernetescrd" $.root.Release.Namespace .) }}{{ end }}
  {{- with $names }}{{ $_ := set $out "traefik.ingress.kubernetes.io/router.middlewares" (join "," .) }}{{ end }}
  {{- with dig "tls" "options" "" .made }}
    {{- $_ := set $out "traefik.ingress.kubernetes.io/router.tls.options" (printf "%s-%s@kubernetescrd" $.root.Release.Namespace .) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* A route, as JSON: dict root route services */ -}}
{{- define "release-runtime.route" -}}
{{- $r := .route }}{{ $service := get .services ($r.service | default "") | default dict }}
{{- $wanted := $r.port | toString }}{{ $port := first ($service.ports | default (list dict)) }}
{{- range $service.ports }}{{ if or (eq .name $wanted) (eq (int64 .port | toString) $wanted) }}{{ $port = . }}{{ end }}{{ end }}
{{- $used := include "release-runtime.middlewaresOf" (dict "root" .root "names" $r.middlewares) | fromJson }}
{{- $out := dict "path" ($r.path | default "/") "pathType" ($r.pathType | default "Prefix") "service" $service.name }}
{{- $_ := set $out "portName" $port.name }}
{{- $_ := set $out "portNumber" (int64 ($port.port | default 0)) }}
{{- merge $out (pick $r "priority") (dict "middlewares" $used.names "headers" $used.headers) | toJson }}
{{- end }}

{{- /*
Middlewares by their keys, as JSON {names: real ones in their order, redirect, headers}: dict root names(map) [redirects: these, too]. One
that leads to https stands for itself: elsewhere it would lead in a circle.
*/ -}}
{{- define "release-runtime.middlewaresOf" -}}
{{- $names := list }}{{ $redirect := dict }}{{ $headers := dict }}
{{- range include "release-runtime.ordered" .names | fromJsonArray }}
  {{- $entry := dig . dict ($.root.Values.middlewares | default dict) }}
  {{- if hasKey $entry "headers" }}
    {{- $headers = include "release-runtime.overlay" (list $headers (include "release-runtime.securityHeaders" $entry.headers | fromJson))
      | fromJson }}
  {{- end }}
  {{- if hasKey $entry "redirect" }}
    {{- $redirect = merge (dict "name" .) (include "release-runtime.redirect" $entry.redirect | fromJson) }}
  {{- end }}
  {{- if or $.redirects (not (hasKey $entry "redirect")) }}
    {{- $names = append $names (include "release-runtime.name" (dict "root" $.root "key" . "entry" $entry)) }}
  {{- end }}
{{- end }}
{{- with $redirect.name }}
  {{- $entry := dig . dict $.root.Values.middlewares }}
  {{- $_ := set $redirect "name" (include "release-runtime.name" (dict "root" $.root "key" . "entry" $entry)) }}
{{- end }}
{{- dict "names" $names "redirect" $redirect "headers" $headers | toJson }}
{{- end }}

{{- define "release-runtime.redirect" -}}
{{- merge (pick . "port") (dict "scheme" (.scheme | default "https") "permanent" (dig "permanent" true .)) | toJson }}
{{- end }}

{{- /* Headers of answers, as JSON {NAME: text, or "" for one that is taken away}: in: middlewares.NAME.headers */ -}}
{{- define "release-runtime.securityHeaders" -}}
{{- $preset := dict "Strict-Transport-Security" "max-age=31536000; includeSubDomains" "X-Content-Type-Options" "nosniff" }}
{{- $preset = merge $preset (dict "X-Frame-Options" "DENY" "Referrer-Policy" "strict-origin-when-cross-origin") }}
{{- $out := dict }}
{{- range $name, $value := include "release-runtime.overlay" (list $preset .) | fromJson }}
  {{- if and (kindIs "bool" $value) (hasKey $preset $name) (not $value) }}{{ continue }}{{ end }}
  {{- $_ := set $out $name (include "release-runtime.asText" $value) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* Traefik's Middlewares and TLSOptions, as JSON, to be read by fromJsonArray, each with its spec: in: the model */ -}}
{{- define "release-runtime.model.middlewares" -}}
{{- $root := .root }}{{ $out := list }}
{{- range $key, $m := include "release-runtime.enabled" $root.Values.middlewares | fromJson }}
  {{- $spec := $m.spec | default dict }}
  {{- if hasKey $m "redirect" }}{{ $spec = dict "redirectScheme" (include "release-runtime.redirect" $m.redirect | fromJson) }}{{ end }}
  {{- if hasKey $m "headers" }}
    {{- $spec = dict "headers" (dict "customResponseHeaders" (include "release-runtime.securityHeaders" $m.headers | fromJson)) }}
  {{- end }}
  {{- if hasKey $m "rateLimit" }}
    {{- $spec = dict "rateLimit" (include "release-runtime.overlay" (list (dict "average" 100 "burst" 50) $m.rateLimit) | fromJson) }}
  {{- end }}
  {{- $one := dict "root" $root "key" $key "entry" $m "shape" "traefik" "kind" "Middleware" "where" (printf "middlewares.%s" $key) }}
  {{- if include "release-runtime.traefikUsed" $root }}
    {{- $out = append $out (merge (dict "spec" $spec) (include "release-runtime.other" $one | fromJson)) }}
  {{- end }}
{{- end }}
{{- range $key, $options := include "release-runtime.enabled" $root.Values.tlsOptions | fromJson }}
  {{- $spec := omit $options "enabled" "nameOverride" "annotations" "labels" }}
  {{- $one := dict "root" $root "key" $key "entry" $options "shape" "traefik" "kind" "TLSOption" "where" (printf "tlsOptions.%s" $key) }}
  {{- if include "release-runtime.traefikUsed" $root }}
    {{- $out = append $out (merge (dict "spec" $spec) (include "release-runtime.other" $one | fromJson)) }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* "true" when Traefik is what leads to the release: another cluster does not know its kinds. In: root */ -}}
{{- define "release-runtime.traefikUsed" -}}
{{- $found := empty (include "release-runtime.enabled" .Values.exposure | fromJson) }}
{{- range $x := include "release-runtime.enabled" .Values.exposure | fromJson }}
  {{- if eq ($x.dialect | default "ingress") "ingressRoute" }}{{ $found = true }}{{ end }}
  {{- if and (eq ($x.dialect | default "ingress") "ingress") (contains "traefik" (dig "ingress" "className" "" $x)) }}
    {{- $found = true }}
  {{- end }}
{{- end }}
{{- if $found }}true{{ end }}
{{- end }}
