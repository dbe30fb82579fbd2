{{- /*
Objects that stand beside workloads, migrations and cron jobs.

release-runtime.model.others   all of them, as JSON, to be read by fromJsonArray: in: release-runtime.model.all, without them. Each
                                has

    shape    the template that prints it, without "release-runtime.": dict root other
    kind name where   where: the path of the values it comes from
*/ -}}
{{- define "release-runtime.model.others" -}}
{{- $model := . }}{{ $all := list }}
{{- range list "autoscaling" "pdb" "exposure" "middlewares" "certificates" "networkPolicy" "namespace" "monitoring" "tests" "hooks"
  "consumers" "extra" }}
  {{- $all = concat $all (include (printf "release-runtime.model.%s" .) $model | fromJsonArray) }}
{{- end }}
{{- toJson $all }}
{{- end }}

{{- /* The fields that each of them has, as JSON: dict root key entry shape kind where [suffix] */ -}}
{{- define "release-runtime.other" -}}
{{- $name := include "release-runtime.name" (pick . "root" "key" "entry" "suffix") }}
{{- merge (dict "name" $name) (pick . "shape" "kind" "where") (pick (.entry | default dict) "annotations" "labels") | toJson }}
{{- end }}
