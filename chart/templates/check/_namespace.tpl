{{- /*
What holds for a namespace.

release-runtime.check.namespace   refuses, in the values, the release's own namespace, and a quota without amounts or that the release's own
                                  pods do not meet. In: root
*/ -}}
{{- define "release-runtime.check.namespace" -}}
{{- $root := . }}{{ $values := .Values }}{{ $ns := .Values.namespace | default dict }}
{{- if $ns.create }}
  {{- if not $ns.name }}
    {{- fail "namespace.name is missing: of a further namespace; the release's own is made by helm install --create-namespace" }}
  {{- end }}
  {{- if eq $ns.name .Release.Namespace }}
    {{- fail (printf (print "namespace.create: %s is the release's own namespace, in which Helm keeps its record before it makes anything; "
      "say helm install --create-namespace, and kubectl label namespace %s pod-security.kubernetes.io/enforce=restricted")
      $ns.name $ns.name) }}
  {{- end }}
{{- end }}
{{- if and (hasKey $values "limitRange") (dig "enabled" true $values.limitRange) (not (dig "limits" dict $values.limitRange)) }}
  {{- fail "limitRange.limits is missing: by type, as {Container: {default: {memory: 256Mi}}}" }}
{{- end }}
{{- $quota := $values.quota | default dict }}
{{- if and (hasKey $values "quota") (dig "enabled" true $quota) }}
  {{- if not $quota.hard }}{{ fail "quota.hard is missing: as in Kubernetes, {requests.cpu: 4, limits.memory: 8Gi, pods: 20}" }}{{ end }}
  {{- range $name, $_ := $quota.hard }}
    {{- if regexMatch "^(requests[.]|limits[.])?(cpu|memory)$" $name }}
      {{- $full := contains "." $name | ternary $name (printf "requests.%s" $name) }}
      {{- include "release-runtime.check.quota" (dict "root" $root "side" (splitList "." $full | first) "resource" (splitList "." $full |
        last) "name" $name) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses containers that say nothing of what a quota counts: the API would refuse their pods. dict root side resource name */ -}}
{{- define "release-runtime.check.quota" -}}
{{- $values := .root.Values }}{{ $side := .side }}{{ $resource := .resource }}{{ $name := .name }}
{{- $preset := dig "limitRange" "limits" "Container" dict $values }}
{{- $both := merge (dict) (dig "default" dict $preset) (eq $side "requests" | ternary (dig "defaultRequest" dict $preset) dict) }}
{{- if not (hasKey $both $resource) }}
  {{- $remedy := printf "or say limitRange.limits.Container.default.%s" $resource }}
  {{- range $w, $workload := $values.workloads }}{{ range $c, $container := $workload.containers }}
    {{- $said := merge (dict) (dig "resources" $side dict $container) (dig "resources" "limits" dict $container) }}
    {{- if eq $side "limits" }}{{ $said = dig "resources" "limits" dict $container }}{{ end }}
    {{- if not (hasKey $said $resource) }}
      {{- $at := include "release-runtime.fromPath" (dict "root" $.root "from" (printf "%s/%s" $w $c)) }}
      {{- fail (printf "%s.resources.%s.%s is missing: quota.hard counts %s; %s" $at $side $resource $name $remedy) }}
    {{- end }}
  {{- end }}{{ end }}
  {{- $ours := include "release-runtime.smallResources" (dict "root" .root) | fromJson }}
  {{- $said := eq $side "limits" | ternary $ours.limits (merge (dict) ($ours.requests | default dict) ($ours.limits | default dict)) }}
  {{- if not (hasKey ($said | default dict) $resource) }}
    {{- fail (printf "global.releaseRuntime.resources.%s.%s is missing: quota.hard counts %s; %s" $side $resource $name $remedy) }}
  {{- end }}
{{- end }}
{{- end }}
