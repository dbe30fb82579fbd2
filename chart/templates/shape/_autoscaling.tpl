{{- /* A HorizontalPodAutoscaler, as YAML: dict root other(of release-runtime.model.autoscaling) */ -}}
{{- define "release-runtime.autoscaler" -}}
{{- $hpa := .other }}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) $hpa) | nindent 2 }}
spec:
  scaleTargetRef: {{ toJson $hpa.target }}
  minReplicas: {{ int64 $hpa.minReplicas }}
  maxReplicas: {{ int64 $hpa.maxReplicas }}
  metrics: {{ toJson $hpa.metrics }}
  {{- with $hpa.behavior }}
  behavior: {{ toJson . }}
  {{- end }}
{{- end }}

{{- /* A PodDisruptionBudget, as YAML: dict root other(of release-runtime.model.pdb) */ -}}
{{- define "release-runtime.pdb" -}}
{{- $pdb := .other }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) $pdb) | nindent 2 }}
spec:
  {{- toYaml $pdb.limit | nindent 2 }}
  unhealthyPodEvictionPolicy: {{ $pdb.unhealthyPodEvictionPolicy }}
  selector:
    matchLabels:
      {{- include "release-runtime.selector" (dict "root" .root "component" $pdb.component) | nindent 6 }}
{{- end }}
