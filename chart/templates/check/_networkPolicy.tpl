{{- /*
Who may speak to whom.

release-runtime.check.networkPolicy   refuses, in the values, rules for what is not there, and one that would cut off what is exposed. In:
  root
*/ -}}
{{- define "release-runtime.check.networkPolicy" -}}
{{- $root := . }}{{ $np := .Values.networkPolicy | default dict }}
{{- if $np.enabled }}
  {{- range list "ingress" "egress" }}
    {{- $side := . }}
    {{- range $name, $rule := get $np . | default dict }}
      {{- $at := printf "networkPolicy.%s.%s" $side $name }}
      {{- if and $rule.workload (not (hasKey ($root.Values.workloads | default dict) $rule.workload)) }}
        {{- fail (printf "%s.workload: there is no workload %q; there are: %s"
          $at $rule.workload ($root.Values.workloads | default dict | keys | sortAlpha | join ", ")) }}
      {{- end }}
      {{- include "release-runtime.check.peer" (dict "peer" $rule "where" $at) }}
      {{- range $port, $given := $rule.ports }}
        {{- if and (kindIs "map" $given) (not $given.port) }}{{ fail (printf "%s.ports.%s.port is missing" $at $port) }}{{ end }}
      {{- end }}
    {{- end }}
  {{- end }}
  {{- range list "ingressController" "monitoring" }}
    {{- with get $np . }}{{ include "release-runtime.check.peer" (dict "peer" . "where" "networkPolicy") }}{{ end }}
    {{- if and (hasKey $np .) (not (include "release-runtime.peer" (get $np .) | fromJson)) }}
      {{- fail (printf "networkPolicy.%s: say who: namespace, namespaceSelector, podSelector or ipBlock" .) }}
    {{- end }}
  {{- end }}
  {{- range $key, $x := include "release-runtime.enabled" .Values.exposure | fromJson }}
    {{- if not $np.ingressController }}
      {{- fail (printf (print "networkPolicy.ingressController is missing: nothing would reach exposure.%s; "
        "name the controller's namespace, as {namespace: traefik}") $key) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses a peer that is two: dict peer where */ -}}
{{- define "release-runtime.check.peer" -}}
{{- if and .peer.namespace .peer.namespaceSelector }}
  {{- fail (printf "%s: namespace and namespaceSelector exclude each other; give one" .where) }}
{{- end }}
{{- if and .peer.ipBlock (or .peer.namespace .peer.namespaceSelector .peer.podSelector) }}
  {{- fail (printf "%s: ipBlock stands alone; make a second entry for pods" .where) }}
{{- end }}
{{- if and (hasKey .peer "ipBlock") (not (dig "ipBlock" "cidr" "" .peer)) }}{{ fail (printf "%s.ipBlock.cidr is missing" .where) }}{{ end }}
{{- end }}
