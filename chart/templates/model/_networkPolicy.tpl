{{- /*
Who may speak to whom.

release-runtime.model.networkPolicy   NetworkPolicies, as JSON, to be read by fromJsonArray: in: the model. One for every pod of the
  release, a
                                      copy of it for the hooks that run before it exists, and one for each workload that is reached
                                      from outside or has rules of its own.

    component     the workload; nothing: every pod
    ingress egress   Kubernetes' rules
*/ -}}
{{- define "release-runtime.model.networkPolicy" -}}
{{- $root := .root }}{{ $out := list }}{{ $np := $root.Values.networkPolicy | default dict }}
{{- if $np.enabled }}
  {{- $rules := include "release-runtime.policyRules" (dict "root" $root "policy" $np "workload" "") | fromJson }}
  {{- $early := include "release-runtime.early" $root | fromJson }}
  {{- $entry := merge (dict "annotations" (merge $early ($np.annotations | default dict))) (pick $np "labels" "nameOverride") }}
  {{- $one := dict "root" $root "key" "default" "entry" $entry "shape" "networkPolicy" "kind" "NetworkPolicy" "where" "networkPolicy" }}
  {{- $base := merge $rules (include "release-runtime.other" $one | fromJson) }}
  {{- $out = append $out $base }}
  {{- $before := .migrations }}{{ range .hooks }}{{ if .before }}{{ $before = true }}{{ end }}{{ end }}
  {{- if and $before (not $root.argocd) }}
    {{- $suffix := include "release-runtime.hookSuffix" (dict "root" $root "key" "default") }}
    {{- $hook := include "release-runtime.hookCopyAnnotations" . | fromYaml }}
    {{- $copy := dict "name" (include "release-runtime.name" (dict "root" $root "key" "default" "entry" $entry "suffix" $suffix)) }}
    {{- $out = append $out (merge $copy (dict "annotations" $hook "where" "networkPolicy (its copy for hooks)") $base) }}
  {{- end }}
  {{- range $key, $made := .workloads }}
    {{- $rules := include "release-runtime.policyRules" (dict "root" $root "policy" $np "workload" $key) | fromJson }}
    {{- $open := include "release-runtime.openPorts" (dict "root" $root "policy" $np "workload" $key "made" $made "services" $.services) }}
    {{- $_ := set $rules "ingress" (concat $rules.ingress ($open | fromJsonArray)) }}
    {{- if or $rules.ingress $rules.egress }}
      {{- $entry := dict "nameOverride" $made.name }}
      {{- $one := dict "root" $root "key" $key "entry" $entry "shape" "networkPolicy" "kind" "NetworkPolicy" }}
      {{- $one = include "release-runtime.other" (merge (dict "where" (printf "networkPolicy (workloads.%s)" $key)) $one) | fromJson }}
      {{- $out = append $out (merge (dict "component" $key) $rules $one) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* Rules for one workload, or for all ("") with the presets, as JSON {ingress, egress}: dict root policy workload */ -}}
{{- define "release-runtime.policyRules" -}}
{{- $np := .policy }}{{ $ingress := list }}{{ $egress := list }}
{{- if not .workload }}
  {{- $release := list (dict "podSelector" (dict "matchLabels" (dict "app.kubernetes.io/instance" .root.fullname))) }}
  {{- $dns := list (dict "port" 53 "protocol" "UDP") (dict "port" 53 "protocol" "TCP") }}
  {{- $egress = append $egress (dict "ports" $dns) }}
  {{- if dig "sameRelease" true $np }}
    {{- $ingress = append $ingress (dict "from" $release) }}
    {{- $egress = append $egress (dict "to" $release) }}
  {{- end }}
  {{- with $np.monitoring }}
    {{- $ingress = append $ingress (dict "from" (list (include "release-runtime.peer" . | fromJson)) "ports" (list (dict "port" 9180
      "protocol" "TCP"))) }}
  {{- end }}
{{- end }}
{{- range $rule := $np.ingress }}
  {{- if eq ($rule.workload | default "") $.workload }}
    {{- $ingress = append $ingress (include "release-runtime.rule" (dict "rule" $rule "side" "from") | fromJson) }}
  {{- end }}
{{- end }}
{{- range $rule := $np.egress }}
  {{- if eq ($rule.workload | default "") $.workload }}
    {{- $egress = append $egress (include "release-runtime.rule" (dict "rule" $rule "side" "to") | fromJson) }}
  {{- end }}
{{- end }}
{{- dict "ingress" $ingress "egress" $egress | toJson }}
{{- end }}

{{- /* A rule of the values as Kubernetes', as JSON: dict rule side(from|to) */ -}}
{{- define "release-runtime.rule" -}}
{{- $out := dict }}
{{- with include "release-runtime.peer" .rule | fromJson }}{{ $_ := set $out $.side (list .) }}{{ end }}
{{- $ports := list }}
{{- range $name, $port := .rule.ports }}
  {{- $one := kindIs "map" $port | ternary $port (dict "port" $port) }}
  {{- $ports = append $ports (merge (dict) $one (dict "protocol" "TCP")) }}
{{- end }}
{{- with $ports }}{{ $_ := set $out "ports" . }}{{ end }}
{{- toJson $out }}
{{- end }}

{{- /* Who it is, as Kubernetes' peer, as JSON, empty for everybody: in: {namespace | namespaceSelector, podSelector | ipBlock} */ -}}
{{- define "release-runtime.peer" -}}
{{- $out := pick . "ipBlock" "podSelector" "namespaceSelector" }}
{{- with .namespace }}
  {{- $_ := set $out "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" .)) }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
What leads to a workload from outside, as JSON rules, to be read by fromJsonArray: from the ingress controller to what is exposed, from
  everybody
to a Service that is a NodePort or a LoadBalancer: dict root policy workload made services
*/ -}}
{{- define "release-runtime.openPorts" -}}
{{- $out := list }}{{ $exposed := dict }}
{{- range $x := include "release-runtime.enabled" .root.Values.exposure | fromJson }}
  {{- range $x.routes }}{{ $_ := set $exposed (.service | default "") true }}{{ end }}
{{- end }}
{{- range $key, $service := .services }}
  {{- if eq ($service.workload | default "") $.workload }}
    {{- $ports := list }}
    {{- range $port := $service.ports }}{{ range $.made.ports }}
      {{- if eq .name $port.targetPort }}{{ $ports = append $ports (dict "port" (int64 .port) "protocol" .protocol) }}{{ end }}
    {{- end }}{{ end }}
    {{- if has $service.type (list "NodePort" "LoadBalancer") }}{{ $out = append $out (dict "ports" $ports) }}
    {{- else if and (hasKey $exposed $key) $.policy.ingressController }}
      {{- $out = append $out (dict "from" (list (include "release-runtime.peer" $.policy.ingressController | fromJson)) "ports" $ports) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}
