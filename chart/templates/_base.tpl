{{- /*
What every object needs: values without nulls, names, labels, versions, small conversions.

release-runtime.root    in: the chart's root; out: YAML of {Values, Release, Chart, kube, flux, own}: the values without entries
                        that are null, at any depth. All other templates get this as "root", so that none meets a null.
*/ -}}
{{- define "release-runtime.root" -}}
{{- $values := (include "release-runtime.prune" (dict "v" .Values "path" "") | fromJson).v }}
{{- $own := dig "releaseRuntime" (dict) ($values.global | default dict) }}
{{- $chart := dict "name" .Chart.Name "version" .Chart.Version }}
{{- $release := dict "Name" .Release.Name "Namespace" .Release.Namespace "Service" .Release.Service "IsInstall" .Release.IsInstall }}
{{- $kube := dig "kubeVersion" "" ($values.global | default dict) | default .Capabilities.KubeVersion.Version }}
{{- $flux := .Capabilities.APIVersions.Has "helm.toolkit.fluxcd.io/v2" }}
{{- dict "Values" $values "Release" $release "Chart" $chart "kube" (toString $kube) "flux" $flux "own" $own | toJson }}
{{- end }}

{{- /*
{v: anything} without null entries, as JSON: dict v path. A name that YAML has read as a boolean (n: 600) is refused: it is not
the one that was meant.
*/ -}}
{{- define "release-runtime.prune" -}}
{{- $out := .v }}{{ $path := .path }}
{{- if kindIs "map" .v }}
  {{- if and (or (hasKey .v "true") (hasKey .v "false")) (not (regexMatch `^(global|x-|tags)|(ata|abels|nnotations|\.files)$` .path)) }}
    {{- fail (printf "%s: has an entry %q: YAML takes n, y, no, yes, on and off for booleans; write such a name in quotes, or choose another" .path (ternary "true" "false" (hasKey .v "true"))) }}
  {{- end }}
  {{- $out = dict }}
  {{- range $key, $value := .v }}
    {{- if or (kindIs "map" $value) (kindIs "slice" $value) }}
      {{- $_ := set $out $key (include "release-runtime.prune" (dict "v" $value "path" (printf "%s.%s" $path $key | trimPrefix ".")) | fromJson).v }}
    {{- else if not (kindIs "invalid" $value) }}
      {{- if or (kindIs "float64" $value) (kindIs "int64" $value) }}
        {{- /* It may be a password: the message tells where, not what. */ -}}
        {{- if and (or (gt (float64 $value) 9007199254740991.0) (lt (float64 $value) -9007199254740991.0)) (not (regexMatch `^(global|x-)` $path)) }}
          {{- fail (printf "%s.%s: so large a number loses digits; write it in quotes" $path $key) }}
        {{- end }}
      {{- end }}
      {{- $_ := set $out $key $value }}
    {{- end }}
  {{- end }}
{{- else if kindIs "slice" .v }}
  {{- $out = list }}
  {{- range .v }}
    {{- $out = append $out (include "release-runtime.prune" (dict "v" . "path" $path) | fromJson).v }}
  {{- end }}
{{- end }}
{{- dict "v" $out | toJson }}
{{- end }}

{{- /* "true" when the cluster is of version .than or newer: dict root than */ -}}
{{- define "release-runtime.from" -}}
{{- if semverCompare (printf ">=%s-0" .than) .root.kube }}true{{ end }}
{{- end }}

{{- /* A scalar as the text one wrote: 600, 1000000, 0.5, true; never 6e+02 */ -}}
{{- define "release-runtime.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end }}
{{- end }}

{{- /* (list TEXT MAX): TEXT, or its beginning and a hash when it is longer than MAX */ -}}
{{- define "release-runtime.cut" -}}
{{- $text := index . 0 }}{{ $max := int (index . 1) }}
{{- if le (len $text) $max }}{{ $text }}
{{- else }}{{ printf "%s-%s" ($text | trunc (int (sub $max 9)) | trimSuffix "-" | trimSuffix ".") (sha256sum $text | trunc 8) }}
{{- end }}
{{- end }}

{{- /* An object's name, RELEASE-KEY or RELEASE for main: dict root key [entry with nameOverride] [suffix] [max] */ -}}
{{- define "release-runtime.name" -}}
{{- $name := ternary .root.Release.Name (printf "%s-%s" .root.Release.Name .key) (eq .key "main") }}
{{- $name = dig "nameOverride" "" (.entry | default dict) | default $name }}
{{- include "release-runtime.cut" (list (printf "%s%s" $name (.suffix | default "")) (.max | default 63)) }}
{{- end }}

{{- /* The Services that there will be, by key, as JSON: what .Values.services says, and one for each workload with a port */ -}}
{{- define "release-runtime.services" -}}
{{- $out := dict }}
{{- range $key, $workload := .Values.workloads | default dict }}
  {{- if (include "release-runtime.workloadPorts" (dict "workload" $workload) | fromJson).first }}{{ $_ := set $out $key dict }}{{ end }}
{{- end }}
{{- range $key, $service := .Values.services | default dict }}
  {{- $_ := set $out $key $service }}
  {{- if not (dig "enabled" true $service) }}{{ $_ := unset $out $key }}{{ end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* Labels that selectors use, and these never change: dict root component */ -}}
{{- define "release-runtime.selector" -}}
app.kubernetes.io/name: {{ .root.Release.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- /* metadata of an object: dict root name [component] [annotations] [labels] */ -}}
{{- define "release-runtime.metadata" -}}
{{- $labels := dict "app.kubernetes.io/name" .root.Release.Name "app.kubernetes.io/instance" .root.Release.Name }}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .root.Release.Service }}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" .root.Chart.name .root.Chart.version | replace "+" "_" | trunc 63) }}
{{- if .component }}{{ $_ := set $labels "app.kubernetes.io/component" .component }}{{ end }}
{{- range $key, $value := .labels | default dict }}{{ $_ := set $labels $key (include "release-runtime.text" $value) }}{{ end }}
{{- $meta := dict "name" .name "namespace" .root.Release.Namespace "labels" $labels }}
{{- if .annotations }}{{ $_ := set $meta "annotations" (include "release-runtime.strings" .annotations | fromJson) }}{{ end }}
{{- toJson $meta }}
{{- end }}

{{- /* A map with all values as text, as JSON */ -}}
{{- define "release-runtime.strings" -}}
{{- $out := dict }}
{{- range $key, $value := . }}{{ $_ := set $out $key (include "release-runtime.text" $value) }}{{ end }}
{{- toJson $out }}
{{- end }}

{{- /*
The end of a hook copy's name. Helm deletes a hook's namesake without asking whose it is, and RELEASE-KEY may be another release's
(shop and web-x, shop-web and x): the hash keeps them apart. dict root key
*/ -}}
{{- define "release-runtime.hookSuffix" -}}
{{- printf "-%s-hook" (include "release-runtime.mark" .) }}
{{- end }}

{{- define "release-runtime.mark" -}}
{{- printf "%s/%s" .root.Release.Name .key | sha256sum | trunc 8 }}
{{- end }}

{{- /* Annotations of a hook copy: it exists before the hook that needs it, and goes when all hooks have succeeded */ -}}
{{- define "release-runtime.copyAnnotations" -}}
{"helm.sh/hook":"pre-install,pre-upgrade","helm.sh/hook-weight":"-20","helm.sh/hook-delete-policy":"before-hook-creation,hook-succeeded"}
{{- end }}

{{- /* VERSION: .Chart would be that of whoever calls */ -}}
{{- define "release-runtime.version" -}}0.1.0{{- end }}

{{- /* The image of one of our programs: dict root program [image] */ -}}
{{- define "release-runtime.image" -}}
{{- $own := .root.own }}
{{- $tag := include "release-runtime.text" ($own.tag | default (include "release-runtime.version" .)) }}
{{- .image | default (printf "%s/%s:%s" ($own.registry | default "localhost/release-runtime" | trimSuffix "/") .program $tag) }}
{{- end }}

{{- /* A duration such as 1h30m or 250ms in milliseconds: dict text where */ -}}
{{- define "release-runtime.ms" -}}
{{- $sum := 0 }}
{{- if not (regexMatch "^([0-9]{1,9}(ms|s|min|m|h|d))+$" .text) }}
{{- fail (printf "%s: %q is not a duration (30s, 5m, 1h30m)" .where .text) }}
{{- end }}
{{- $unit := dict "ms" 1 "s" 1000 "min" 60000 "m" 60000 "h" 3600000 "d" 86400000 }}
{{- range regexFindAll "[0-9]+(ms|s|min|m|h|d)" .text -1 }}
{{- $sum = add $sum (mul (regexFind "[0-9]+" . | int64) (get $unit (regexFind "[a-z]+" .))) }}
{{- end }}
{{- $sum }}
{{- end }}

{{- /* Keys of a map by "order" (default 100), then by name: as JSON {keys: […]} */ -}}
{{- define "release-runtime.ordered" -}}
{{- $marks := list }}
{{- range $key, $value := . }}{{ $marks = append $marks (printf "%010d/%s" (dig "order" 100 $value | int64) $key) }}{{ end }}
{{- $keys := list }}
{{- range sortAlpha $marks }}{{ $keys = append $keys (regexReplaceAll "^[^/]*/" . "") }}{{ end }}
{{- dict "keys" $keys | toJson }}
{{- end }}

{{- /* Copies what .keys names and .from has to .to: dict from to keys */ -}}
{{- define "release-runtime.take" -}}
{{- $from := .from }}{{ $to := .to }}
{{- range .keys }}{{ if hasKey $from . }}{{ $_ := set $to . (get $from .) }}{{ end }}{{ end }}
{{- end }}
