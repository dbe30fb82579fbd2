{{- /*
Values to plain data.

release-runtime.model   in: what release-runtime.all gets. out: as JSON, everything that objects are made of; what is refused is refused
                        here, before any object is made. It is kept in the caller's root, for the notes need it, too.
*/ -}}
{{- define "release-runtime.model" -}}
{{- $given := .values | default dict }}
{{- $kept := .ctx.releaseRuntime | default dict }}
{{- $text := toJson $given }}
{{- $mark := printf "%v %s" .own $text | sha256sum }}
{{- if not (hasKey $kept $mark) }}
  {{- include "release-runtime.check.caller" . }}
  {{- include "release-runtime.check.given" (dict "values" $given "text" $text) }}
  {{- $root := include "release-runtime.root" (merge (dict "text" $text) .) | fromJson }}
  {{- include "release-runtime.check.values" $root }}
  {{- $model := include "release-runtime.model.all" $root }}
  {{- include "release-runtime.check.model" (fromJson $model) }}
  {{- $_ := set $kept $mark $model }}
  {{- $_ := set .ctx "releaseRuntime" $kept }}
{{- end }}
{{- get $kept $mark }}
{{- end }}

{{- /*
{root, workloads, services, migrations, cronJobs, residents, secrets, configMaps, claims, rbac: by key, copies: {secrets, configMaps},
accounts: [{name, annotations}], others: [release-runtime.model.others]} as JSON: in: root
*/ -}}
{{- define "release-runtime.model.all" -}}
{{- $root := . }}{{ $values := .Values }}
{{- $workloads := dict }}{{ $migrations := dict }}{{ $cronJobs := dict }}
{{- $copied := dict "secrets" dict "configMaps" dict "accounts" dict }}
{{- range $key, $migration := include "release-runtime.enabled" $values.migrations | fromJson }}
  {{- $made := include "release-runtime.model.migration" (dict "root" $root "key" $key "migration" $migration) | fromJson }}
  {{- $_ := set $migrations $key $made }}
  {{- $copied = mergeOverwrite $copied $made.copies }}
  {{- if and (eq ($migration.contract | default "") "post") (ne $made.when "post") }}
    {{- $left := dict "root" $root "key" $key "migration" $migration "contract" $made.when }}
    {{- $_ := set $migrations (printf "%s/contract" $key) (include "release-runtime.model.migration" $left | fromJson) }}
  {{- end }}
{{- end }}
{{- range $key, $workload := $values.workloads }}
  {{- $given := dict "root" $root "key" $key "workload" $workload "migrations" list }}
  {{- range $migrations }}
    {{- if and (eq .when "init") (hasPrefix (printf "%s/" $key) .m.from) }}
      {{- $_ := set $given "migrations" (append $given.migrations .) }}
    {{- end }}
  {{- end }}
  {{- $_ := set $workloads $key (include "release-runtime.model.deployment" $given | fromJson) }}
{{- end }}
{{- $hooks := dict }}
{{- range $key, $hook := include "release-runtime.enabled" $values.hooks | fromJson }}
  {{- $made := include "release-runtime.model.hook" (dict "root" $root "key" $key "hook" $hook) | fromJson }}
  {{- $_ := set $hooks $key $made }}
  {{- $copied = mergeOverwrite $copied $made.copies }}
{{- end }}
{{- range $key, $job := include "release-runtime.enabled" $values.cronJobs | fromJson }}
  {{- if eq ($job.mode | default "cronjob") "cronjob" }}
    {{- $_ := set $cronJobs $key (include "release-runtime.model.cronJob" (dict "root" $root "key" $key "job" $job) | fromJson) }}
  {{- end }}
{{- end }}
{{- $out := dict "root" $root "workloads" $workloads "migrations" $migrations "cronJobs" $cronJobs "hooks" $hooks "copies" dict }}
{{- $_ := set $out "residents" (include "release-runtime.model.residents" $root | fromJson) }}
{{- $_ := set $out "rbac" (include "release-runtime.rbac" $root | fromJson) }}
{{- $_ := set $out "claims" $root.claims }}{{ $_ := set $out "services" $root.services }}
{{- range list "secrets" "configMaps" }}
  {{- $_ := set $out . (include "release-runtime.data" (dict "root" $root "kind" .) | fromJson) }}
  {{- $copies := dict "root" $root "kind" . "copies" (get $copied .) }}
  {{- $_ := set $out.copies . (include "release-runtime.data" $copies | fromJson) }}
{{- end }}
{{- $_ := set $out "others" (include "release-runtime.model.others" $out | fromJsonArray) }}
{{- $pods := list }}
{{- range list $workloads $cronJobs $out.residents $out.others }}
  {{- range . }}{{ with .pod }}{{ $pods = append $pods . }}{{ end }}{{ end }}
{{- end }}
{{- $accounts := dict "root" $root "pods" $pods "copies" $copied.accounts }}
{{- $_ := set $out "accounts" (include "release-runtime.accounts" $accounts | fromJsonArray) }}
{{- toJson $out }}
{{- end }}

{{- /* Entries that are not switched off, as JSON: in: a map, or nothing */ -}}
{{- define "release-runtime.enabled" -}}
{{- $out := dict }}
{{- range $key, $entry := . }}{{ if dig "enabled" true $entry }}{{ $_ := set $out $key $entry }}{{ end }}{{ end }}
{{- toJson $out }}
{{- end }}

{{- /*
What all other templates get as "root", as JSON: in: what release-runtime.all gets [text: toJson of the values], or a chart's root

    Values            without entries that are null, at any depth, so that no template meets one
    Release kube flux own
    argocd            whether Argo CD installs what is rendered, and not Helm
    dashboards        {KEY: {FILE: TEXT}}
    extraObjects      {KEY: YAML}
    externalSecrets   the version of External Secrets' API
    services claims   release-runtime.services, release-runtime.claims
    sources           what has the shape of a workload, and which jobs alone are made of
    fullname          what names begin with; system: what the label name says
    Chart             name and version of the chart that calls, and the version of its application
*/ -}}
{{- define "release-runtime.root" -}}
{{- $ctx := .ctx | default . }}{{ $given := .values | default $ctx.Values }}
{{- $values := fromJson (.text | default "") }}
{{- if or (not .text) (contains "null" .text) }}
  {{- $values = dict }}
  {{- include "release-runtime.copyPlain" (dict "from" $given "to" $values) }}
{{- end }}
{{- include "release-runtime.gather" $values }}
{{- $_ := set $values "configMaps" (include "release-runtime.withFiles" (dict "ctx" $ctx "values" $values) | fromJson) }}
{{- include "release-runtime.withCredentials" $values }}
{{- include "release-runtime.withFlags" $values }}
{{- $global := $values.global | default dict }}
{{- $release := pick $ctx.Release "Name" "Namespace" "Service" "IsInstall" }}
{{- /* Of this chart itself it is our version, and no alias; the application's is not known. */ -}}
{{- $chart := dict "name" $ctx.Chart.Name "version" $ctx.Chart.Version "appVersion" $ctx.Chart.AppVersion }}
{{- if .own }}{{ $chart = dict "name" "release-runtime" "version" (include "release-runtime.version" .) }}{{ end }}
{{- $kube := dig "kubeVersion" "" $global | default $ctx.Capabilities.KubeVersion.Version | toString }}
{{- $flux := $ctx.Capabilities.APIVersions.Has "helm.toolkit.fluxcd.io/v2" }}
{{- $own := dig "releaseRuntime" (dict) $global }}
{{- $out := dict "Values" $values "Release" $release "Chart" $chart "kube" $kube "flux" $flux "own" $own }}
{{- $_ := set $out "argocd" (eq (dig "deploy" "tool" "helm" $values) "argocd") }}
{{- $apis := $ctx.Capabilities.APIVersions }}{{ $external := "external-secrets.io/v1" }}
{{- if and ($apis.Has "external-secrets.io/v1beta1") (not ($apis.Has $external)) }}{{ $external = "external-secrets.io/v1beta1" }}{{ end }}
{{- $_ := set $out "externalSecrets" $external }}
{{- $_ := set $out "fullname" ($values.fullnameOverride | default $release.Name) }}
{{- $_ := set $out "system" ($values.nameOverride | default (empty .own | ternary $chart.name $release.Name)) }}
{{- $_ := set $out "dashboards" (include "release-runtime.dashboards" (dict "ctx" $ctx "values" $values) | fromJson) }}
{{- $_ := set $out "extraObjects" (include "release-runtime.extraTexts" (dict "ctx" $ctx "values" $values) | fromJson) }}
{{- include "release-runtime.withBundled" $out }}
{{- include "release-runtime.withBackup" $out }}
{{- include "release-runtime.normal" $out }}
{{- include "release-runtime.splitSources" $out }}
{{- $_ := set $out "services" (include "release-runtime.services" $out | fromJson) }}
{{- toJson $out }}
{{- end }}

{{- /* Puts workloads that jobs alone are made of into the root's sources: in: root */ -}}
{{- define "release-runtime.splitSources" -}}
{{- $workloads := .Values.workloads | default dict }}{{ $sources := dict }}
{{- range $key := keys $workloads }}
  {{- if hasPrefix "release-runtime." $key }}
    {{- $_ := set $sources $key (get $workloads $key) }}
    {{- $_ := unset $workloads $key }}
  {{- end }}
{{- end }}
{{- $_ := set . "sources" $sources }}
{{- end }}

{{- /* The values' configMaps with the files of the chart that calls as data, as JSON: dict ctx values */ -}}
{{- define "release-runtime.withFiles" -}}
{{- $out := dict }}
{{- range $key, $entry := .values.configMaps }}
  {{- if $entry.files }}
    {{- $files := include "release-runtime.files" (dict "ctx" $.ctx "glob" $entry.files) | fromJson }}
    {{- $data := include "release-runtime.overlay" (list $files $entry.data) | fromJson }}
    {{- $entry = merge (dict "data" $data "found" (len $files)) $entry }}
  {{- end }}
  {{- $_ := set $out $key $entry }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* Files of the chart that calls, by their names without folders, as JSON {NAME: TEXT}: dict ctx glob */ -}}
{{- define "release-runtime.files" -}}
{{- $out := dict }}
{{- range $path, $bytes := .ctx.Files.Glob .glob }}{{ $_ := set $out (base $path) ($bytes | toString) }}{{ end }}
{{- toJson $out }}
{{- end }}

{{- /*
Copies a map's entries to .to, without those that are null, also of the maps in it and in its lists; a map is laid over one that is there:
dict from to
*/ -}}
{{- define "release-runtime.copyPlain" -}}
{{- $to := .to }}
{{- range $key, $value := .from }}
  {{- if kindIs "map" $value }}
    {{- $inner := kindIs "map" (get $to $key) | ternary (get $to $key) dict }}
    {{- include "release-runtime.copyPlain" (dict "from" $value "to" $inner) }}
    {{- $value = $inner }}
  {{- else if kindIs "slice" $value }}
    {{- $items := list }}
    {{- range $value }}
      {{- $inner := dict }}
      {{- include "release-runtime.copyPlain" (dict "from" (dict "item" .) "to" $inner) }}
      {{- $items = append $items $inner.item }}
    {{- end }}
    {{- $value = $items }}
  {{- end }}
  {{- if not (kindIs "invalid" $value) }}{{ $_ := set $to $key $value }}{{ end }}
{{- end }}
{{- end }}
