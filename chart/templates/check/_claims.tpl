{{- /*
Claims, accounts and rights.

release-runtime.check.claim   refuses a claim without a size, or with annotations of a hook: dict key entry
*/ -}}
{{- define "release-runtime.check.claim" -}}
{{- $where := printf "persistence.%s" .key }}
{{- if and .entry.existingClaim .entry.size }}
  {{- fail (printf "%s: existingClaim and size exclude each other; an overlay that switches says %s.size: null" $where $where) }}
{{- end }}
{{- if not (or .entry.existingClaim .entry.size) }}{{ fail (printf "%s: give size, or existingClaim" $where) }}{{ end }}
{{- include "release-runtime.check.noHook" (dict "annotations" .entry.annotations "where" $where) }}
{{- end }}

{{- /* Refuses two workloads that write to one claim of a single node, unless it was said twice: in: root */ -}}
{{- define "release-runtime.check.sharedClaims" -}}
{{- $root := . }}{{ $taken := dict }}
{{- if not (dig "policy" "allowSharedRWO" false .Values) }}
  {{- range $key, $workload := .Values.workloads }}
    {{- range $name, $one := include "release-runtime.workloadClaims" (dict "root" $root "workload" $workload) | fromJson }}
      {{- if and $one.single $one.written }}
        {{- $where := printf "workloads.%s.volumes.%s" $key $name }}
        {{- $other := get $taken $one.claim | default $where }}
        {{- if not (hasPrefix (printf "workloads.%s." $key) $other) }}
          {{- fail (printf (print "%s: %s writes to the same claim, which one node at a time can have; where that does no harm, "
            "say policy.allowSharedRWO: true") $where $other) }}
        {{- end }}
        {{- $_ := set $taken $one.claim $where }}
      {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses volumes of a job that its workload has not: dict root source volumes from where */ -}}
{{- define "release-runtime.check.takenVolumes" -}}
{{- $there := .source.workload.volumes | default dict }}
{{- if not (kindIs "bool" .volumes) }}
  {{- range $name, $_ := .volumes }}
    {{- if not (hasKey $there $name) }}
      {{- fail (printf "%s.volumes.%s: the workload of %s has no such volume; it has: %s"
        $.where $name ($.from | default "from") (keys $there | sortAlpha | join ", ")) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses rights of nobody, rights to nothing, and rights to everything that were not said twice: dict root key entry */ -}}
{{- define "release-runtime.check.rbac" -}}
{{- $where := printf "rbac.%s" .key }}{{ $accounts := .root.Values.serviceAccounts | default dict }}
{{- $account := .entry.serviceAccount | default .key }}
{{- if not (or (hasKey $accounts $account) (eq $account "main")) }}
  {{- fail (printf "%s: there is no account %q in serviceAccounts (and %s.serviceAccount names no other)" $where $account $where) }}
{{- end }}
{{- if not (or .entry.rules .entry.clusterRules) }}{{ fail (printf "%s: give rules or clusterRules" $where) }}{{ end }}
{{- if not (dig "policy" "allowWildcardRules" false .root.Values) }}
  {{- range $field := list "rules" "clusterRules" }}
    {{- range get $.entry $field | default list }}
      {{- range $part, $words := . }}
        {{- if has "*" $words }}
          {{- fail (printf "%s.%s: %s contains *; name what is needed, or say policy.allowWildcardRules: true" $where $field $part) }}
        {{- end }}
      {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
