{{- /* Service accounts, of which a hook's is a copy, and their rights, as YAML documents: in: the model */ -}}
{{- define "release-runtime.objects.accounts" -}}
{{- $root := .root }}
{{- range .accounts }}
  {{- include "release-runtime.account" (merge (dict "root" $root) (omit . "key")) | include "release-runtime.document" }}
{{- end }}
{{- end }}

{{- define "release-runtime.objects.rbac" -}}
{{- $root := .root }}
{{- range $rights := .rbac }}
  {{- $role := dict "kind" "Role" "name" .name "rules" .rules }}
  {{- $clusterRole := dict "kind" "ClusterRole" "name" .clusterName "rules" .clusterRules }}
  {{- range $role := list $role $clusterRole }}{{ if $role.rules }}
    {{- $given := merge (dict "root" $root "rights" $rights) $role }}
    {{- include "release-runtime.role" $given | include "release-runtime.document" }}
    {{- include "release-runtime.roleBinding" $given | include "release-runtime.document" }}
  {{- end }}{{ end }}
{{- end }}
{{- end }}
