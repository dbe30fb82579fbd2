{{- /*
Names, labels and small conversions.

release-runtime.asText   a scalar as one wrote it: 600, 1000000, 0.5, true; never 6e+02
*/ -}}
{{- define "release-runtime.asText" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end }}
{{- end }}

{{- /* A map with all values as text, as JSON */ -}}
{{- define "release-runtime.strings" -}}
{{- $out := dict }}
{{- range $key, $value := . }}
  {{- if not (kindIs "string" $value) }}{{ $value = toJson $value }}{{ end }}
  {{- $_ := set $out $key $value }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* Maps laid over each other, the last one on top, as JSON: (list MAP …), of which some may be nothing */ -}}
{{- define "release-runtime.overlay" -}}
{{- $out := dict }}
{{- range . }}{{ range $key, $value := . }}{{ $_ := set $out $key $value }}{{ end }}{{ end }}
{{- toJson $out }}
{{- end }}

{{- /* A list with all items as text, as JSON: to be read by fromJsonArray */ -}}
{{- define "release-runtime.words" -}}
{{- $out := list }}
{{- range . }}{{ $out = append $out (include "release-runtime.asText" .) }}{{ end }}
{{- toJson $out }}
{{- end }}

{{- /* "true" when the cluster is of that version or newer: dict root version */ -}}
{{- define "release-runtime.kubeAtLeast" -}}
{{- if semverCompare (printf ">=%s-0" .version) .root.kube }}true{{ end }}
{{- end }}

{{- /* VERSION: .Chart would be that of whoever calls */ -}}
{{- define "release-runtime.version" -}}0.1.0{{- end }}

{{- /* The image of one of our programs: dict root program [image] */ -}}
{{- define "release-runtime.image" -}}
{{- $own := .root.own }}
{{- $tag := include "release-runtime.asText" ($own.tag | default (include "release-runtime.version" .)) }}
{{- .image | default (printf "%s/%s:%s" ($own.registry | default "localhost/release-runtime" | trimSuffix "/") .program $tag) }}
{{- end }}

{{- /* (list TEXT MAX): TEXT, or its beginning and a hash when it is longer than MAX */ -}}
{{- define "release-runtime.shortName" -}}
{{- $text := index . 0 }}{{ $max := int (index . 1) }}
{{- if le (len $text) $max }}{{ $text }}
{{- else }}{{ printf "%s-%s" ($text | trunc (int (sub $max 9)) | trimSuffix "-" | trimSuffix ".") (sha256sum $text | trunc 8) }}
{{- end }}
{{- end }}

{{- /* An object's name, RELEASE-KEY or RELEASE (fullnameOverride) for main: dict root key [entry with nameOverride] [suffix] [max] */ -}}
{{- define "release-runtime.name" -}}
{{- $name := ternary .root.fullname (printf "%s-%s" .root.fullname .key) (eq .key "main") }}
{{- $name = dig "nameOverride" "" (.entry | default dict) | default $name }}
{{- $name = printf "%s%s" $name (.suffix | default "") }}{{ $max := int (.max | default 63) }}
{{- if le (len $name) $max }}{{ $name }}{{ else }}{{ include "release-runtime.shortName" (list $name $max) }}{{ end }}
{{- end }}

{{- /* A CronJob's: CRONJOB-MINUTES-xxxxx is its pods' name, and its end is what tells the scheduled minute. dict root key entry */ -}}
{{- define "release-runtime.cronJobName" -}}
{{- include "release-runtime.name" (dict "root" .root "key" .key "entry" .entry "max" 48) }}
{{- end }}

{{- /*
A migration's Job's name. With one hyphen it is this release's alone; with more it could be another's, whose Job Helm would delete, and
gets a hash: dict root key entry [contract]
*/ -}}
{{- define "release-runtime.jobName" -}}
{{- $suffix := empty .contract | ternary "" "-contract" }}
{{- if and (not .entry.nameOverride) (or (contains "-" .root.fullname) (contains "-" .key)) }}
  {{- $suffix = printf "%s-%s" $suffix (include "release-runtime.releaseMark" .) }}
{{- end }}
{{- include "release-runtime.name" (dict "root" .root "key" .key "entry" .entry "suffix" $suffix) }}
{{- end }}

{{- /*
The end of a hook copy's name. Helm deletes a hook's namesake without asking whose it is, and RELEASE-KEY may be another release's
(shop and web-x, shop-web and x): the hash keeps them apart. dict root key
*/ -}}
{{- define "release-runtime.hookSuffix" -}}
{{- printf "-%s-hook" (include "release-runtime.releaseMark" .) }}
{{- end }}

{{- define "release-runtime.releaseMark" -}}
{{- printf "%s/%s" .root.fullname .key | sha256sum | trunc 8 }}
{{- end }}

{{- /* The name of the copy for hooks of a Secret or a ConfigMap: dict root key entry */ -}}
{{- define "release-runtime.hookCopyName" -}}
{{- $suffix := include "release-runtime.hookSuffix" . }}
{{- include "release-runtime.name" (dict "root" .root "key" .key "entry" .entry "suffix" $suffix) }}
{{- end }}

{{- /* The name of the copy for hooks of an account: dict root key entry */ -}}
{{- define "release-runtime.hookAccountName" -}}
{{- $suffix := include "release-runtime.hookSuffix" (dict "root" .root "key" (eq .key "main" | ternary "" .key)) }}
{{- include "release-runtime.name" (dict "root" .root "key" .key "entry" .entry "suffix" $suffix) }}
{{- end }}

{{- /*
The real name of a Secret or ConfigMap: dict root kind(secrets|configMaps) name [hook copies]
A name that is a key of .Values.secrets or .Values.configMaps means that one; any other exists already. With hook, one that the chart
makes is its copy; its key is noted in .copies.
*/ -}}
{{- define "release-runtime.realName" -}}
{{- $entry := dig .kind .name nil .root.Values }}
{{- $named := dict "root" .root "key" .name "entry" $entry }}
{{- if kindIs "invalid" $entry }}{{ .name }}
{{- else if $entry.existingSecret }}{{ $entry.existingSecret }}
{{- else if and .hook (not $entry.sealed) (not .root.argocd) }}
  {{- $_ := set (get .copies .kind) .name true }}
  {{- include "release-runtime.hookCopyName" $named }}
{{- else }}
  {{- /* It is encrypted for this very name. */ -}}
  {{- if and .hook $entry.sealed (hasKey .copies "sealed") (not .root.argocd) }}{{ $_ := set .copies.sealed .name true }}{{ end }}
  {{- include "release-runtime.name" $named }}
{{- end }}
{{- end }}

{{- /* "true" for a Secret or ConfigMap that no copy is made of for hooks: dict root kind name */ -}}
{{- define "release-runtime.isNotCopied" -}}
{{- $entry := dig .kind .name dict .root.Values }}
{{- if or (not (hasKey (get .root.Values .kind | default dict) .name)) $entry.existingSecret $entry.sealed }}true{{ end }}
{{- end }}

{{- /* Keys of a map by "order" (default 100), then by name, as JSON: to be read by fromJsonArray */ -}}
{{- define "release-runtime.ordered" -}}
{{- $marks := list }}
{{- range $key, $value := . }}{{ $marks = append $marks (printf "%010d/%s" (dig "order" 100 $value | int64) $key) }}{{ end }}
{{- $keys := list }}
{{- range sortAlpha $marks }}{{ $keys = append $keys (splitn "/" 2 .)._1 }}{{ end }}
{{- toJson $keys }}
{{- end }}

{{- /* A duration such as 1h30m or 250ms in milliseconds */ -}}
{{- define "release-runtime.milliseconds" -}}
{{- $sum := 0 }}
{{- $unit := dict "ms" 1 "s" 1000 "min" 60000 "m" 60000 "h" 3600000 "d" 86400000 }}
{{- range regexFindAll "[0-9]+(ms|s|min|m|h|d)" . -1 }}
{{- $sum = add $sum (mul (regexFind "[0-9]+" . | int64) (get $unit (regexFind "[a-z]+" .))) }}
{{- end }}
{{- $sum }}
{{- end }}
