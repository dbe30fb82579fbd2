{{- /*
What charts of another shape give to the named templates for them.

release-runtime.check.outside   refuses what is unknown, missing or does not fit: dict given template
*/ -}}
{{- define "release-runtime.check.outside" -}}
{{- $given := .given }}{{ $where := printf "release-runtime.%s" .template }}
{{- $cron := list "job" "words" "lock" "deadline" "grace" "activeDeadlineSeconds" }}
{{- $healthd := list "checks" "env" "volumeMounts" "native" "drain" "service" "image" "resources" "readinessProbe" "livenessProbe" }}
{{- $job := list "name" "when" "configMap" "image" "dir" "words" "env" "envFrom" "volumes" "volumeMounts" "resources" }}
{{- $job = concat $job (list "serviceAccountName" "imagePullSecrets" "securityContext" "nodeSelector" "tolerations" "affinity") }}
{{- $job = concat $job (list "activeDeadlineSeconds" "backoffLimit" "ttlSecondsAfterFinished" "deadline" "wait" "lockWait" "lockTimeout") }}
{{- $takes := dict "copyContainer" (list "program") "cronCommand" $cron }}
{{- $job = concat $job (list "statementTimeout" "table" "layout" "role" "searchPath") }}
{{- $takes = merge $takes (dict "healthdSidecar" $healthd "migrateJob" $job) }}
{{- $needs := dict "copyContainer" (list "program") "cronCommand" (list "job" "words" "lock") "migrateJob" (list "name" "env") }}
{{- $known := get $takes .template }}
{{- range $key, $_ := omit $given "ctx" }}
  {{- if not (has $key $known) }}
    {{- fail (printf "%s: unknown key %q; it takes ctx, %s" $where $key (join ", " $known)) }}
  {{- end }}
{{- end }}
{{- range prepend (get $needs .template | default list) "ctx" }}
  {{- if not (get $given .) }}{{ fail (printf "%s: %s is missing" $where .) }}{{ end }}
{{- end }}
{{- include (printf "release-runtime.check.outside.%s" .template) (dict "given" $given "where" $where) }}
{{- end }}

{{- define "release-runtime.check.outside.healthdSidecar" -}}
{{- if not (or .given.checks .given.env) }}{{ fail (printf "%s: there is nothing to check: give checks or env" .where) }}{{ end }}
{{- include "release-runtime.check.lines" (dict "healthd" .given "where" .where) }}
{{- end }}

{{- define "release-runtime.check.outside.copyContainer" -}}
{{- $programs := list "healthd" "migrate" "cronrun" }}
{{- if not (has .given.program $programs) }}
  {{- fail (printf "%s.program: %q is none of %s" .where .given.program (join ", " $programs)) }}
{{- end }}
{{- end }}

{{- define "release-runtime.check.outside.cronCommand" -}}
{{- include "release-runtime.check.words" (dict "words" .given.words "where" (printf "%s.words" .where)) }}
{{- if not (regexMatch "^(postgres|redis|none)$" .given.lock) }}
  {{- fail (printf "%s.lock: %q is none of postgres, redis, none" .where .given.lock) }}
{{- end }}
{{- include "release-runtime.check.cronTimes" (dict "job" (pick .given "deadline" "grace" "activeDeadlineSeconds") "where" .where) }}
{{- end }}

{{- define "release-runtime.check.outside.migrateJob" -}}
{{- $g := .given }}{{ $where := .where }}
{{- if not (or $g.configMap $g.image) }}
  {{- fail (printf "%s: where are the migrations? Give configMap; image with dir; image, made from ours; or image and words" $where) }}
{{- end }}
{{- if and $g.configMap (or $g.image $g.dir $g.words) }}{{ fail (printf "%s: configMap stands alone" $where) }}{{ end }}
{{- range list "lockTimeout" "statementTimeout" "layout" "role" "searchPath" }}
  {{- if and $g.words (hasKey $g .) }}
    {{- fail (printf "%s.%s: another migrator has none; leave out one of it and words" $where .) }}
  {{- end }}
{{- end }}
{{- if and $g.dir $g.words }}{{ fail (printf "%s: dir and words exclude each other; give one" $where) }}{{ end }}
{{- if not (regexMatch "^(pre|post)$" ($g.when | default "pre")) }}
  {{- fail (printf "%s.when: %q is none of pre, post" $where $g.when) }}
{{- end }}
{{- include "release-runtime.check.words" (dict "words" $g.words "where" (printf "%s.words" $where)) }}
{{- $root := dict "Values" dict }}
{{- include "release-runtime.check.deadlines" (dict "root" $root "m" (omit $g "when") "where" $where) }}
{{- end }}
