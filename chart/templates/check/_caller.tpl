{{- /*
Refuses a chart that makes the objects of its dependency once more: the values that it hands on are those of a dependency which makes
them itself. In: what release-runtime.all gets
*/ -}}
{{- define "release-runtime.check.caller" -}}
{{- if not (or .own .values.library) }}
  {{- $mine := toJson (omit .values "global") }}
  {{- range $alias, $chart := .ctx.Subcharts }}
    {{- if and (ne $mine "{}") (eq $mine (toJson (omit $chart.Values "global"))) }}
      {{- fail (printf (print "%s.library: true is missing: the dependency %s makes its objects itself, and this chart "
        "would make them a second time") $alias $alias) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
