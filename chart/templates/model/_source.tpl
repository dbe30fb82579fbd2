{{- /*
What migrations, cron jobs, hooks and tests take from a container and its workload: in one place, what of it.

release-runtime.source      the container WORKLOAD/CONTAINER as JSON {workload, container, name}; all empty without one: dict root from.
                            A workload of root.sources is there for jobs alone.
release-runtime.inherited   the names of the values that they take over, as JSON {container, pod}; labels and annotations of the pod
                            are podLabels and podAnnotations there. Volumes are taken over on request, resources where the
                            container's own program runs.
*/ -}}
{{- define "release-runtime.source" -}}
{{- $parts := splitList "/" (.from | default "") }}
{{- $workload := dig "workloads" (first $parts) (dig "sources" (first $parts) dict .root) .root.Values }}
{{- $name := rest $parts | join "/" }}
{{- dict "workload" $workload "container" (dig "containers" $name dict $workload) "name" $name | toJson }}
{{- end }}

{{- define "release-runtime.inherited" -}}
{{- $container := list "image" "imagePullPolicy" "workingDir" "env" "envFrom" "securityContext" "readOnlyRoot" "writable" "resources" }}
{{- $pod := list "serviceAccount" "securityContext" "imagePullSecrets" "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
{{- $pod = concat $pod (list "runtimeClassName" "schedulerName" "hostAliases" "dnsPolicy" "dnsConfig") }}
{{- dict "container" $container "pod" $pod | toJson }}
{{- end }}

{{- /*
What a pod's values are, with Kubernetes' names, as JSON: dict [workload] [over: pod of a job, which is laid over it]
*/ -}}
{{- define "release-runtime.podValues" -}}
{{- $workload := .workload | default dict }}{{ $over := .over | default dict }}
{{- $out := dict "labels" ($workload.podLabels | default dict) "annotations" ($workload.podAnnotations | default dict) }}
{{- range (include "release-runtime.inherited" . | fromJson).pod }}
  {{- if hasKey $workload . }}{{ $_ := set $out . (get $workload .) }}{{ end }}
{{- end }}
{{- range $name, $value := $over }}
  {{- if has $name (list "labels" "annotations" "securityContext" "nodeSelector" "tolerations") }}
    {{- $value = include "release-runtime.overlay" (list (get $out $name | default dict) $value) | fromJson }}
  {{- end }}
  {{- $_ := set $out $name $value }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* What a container of the user's has in a job, as JSON: in: a container's values */ -}}
{{- define "release-runtime.inheritedContainer" -}}
{{- $out := dict }}
{{- range (include "release-runtime.inherited" . | fromJson).container }}
  {{- if hasKey $ . }}{{ $_ := set $out . (get $ .) }}{{ end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
What runs a command as a container of a workload does, as JSON: dict root job(from, command, args, volumes, pod and what it has otherwise)
[name: of the container; its own] [hook copies]

    values      release-runtime.jobContainer
    container   release-runtime.model.container, with the command
    pod         release-runtime.model.pod, with volumes
    claims      those among the volumes that it takes over
*/ -}}
{{- define "release-runtime.derived" -}}
{{- $j := .job }}{{ $given := pick . "root" "hook" "copies" }}
{{- $source := include "release-runtime.source" (dict "root" .root "from" $j.from) | fromJson }}
{{- $taken := include "release-runtime.takenVolumes" (merge (dict "source" $source "root" .root) (pick $j "volumes" "from")) | fromJson }}
{{- $values := include "release-runtime.jobContainer" (dict "source" $source "job" $j "mounts" $taken.mounts) | fromJson }}
{{- $one := merge (dict "container" $values "name" (.name | default $source.name)) $given }}
{{- $one = include "release-runtime.model.container" $one | fromJson }}
{{- range $field, $words := pick $j "command" "args" }}
  {{- $_ := set $one $field (include "release-runtime.words" $words | fromJsonArray) }}
{{- end }}
{{- $pod := merge (dict "workload" $source.workload "over" $j.pod "near" $taken.near) $given }}
{{- $pod = include "release-runtime.model.pod" $pod | fromJson }}
{{- $volumes := include "release-runtime.volumes" (merge (dict "workload" $taken) $given) | fromJsonArray }}
{{- $_ := set $pod "volumes" (concat $volumes ($one.volumes | default list)) }}
{{- dict "values" $values "container" $one "pod" $pod "claims" $taken.claims | toJson }}
{{- end }}

{{- /* Its container as values, as JSON: dict source job mounts(those of the volumes that it takes over) */ -}}
{{- define "release-runtime.jobContainer" -}}
{{- $theirs := include "release-runtime.inheritedContainer" .source.container | fromJson }}
{{- $env := include "release-runtime.overlay" (list $theirs.env .job.env) | fromJson }}
{{- $own := dict "env" $env "volumeMounts" (.mounts | default dict) }}
{{- include "release-runtime.overlay" (list $theirs (pick .job "image" "imagePullPolicy" "resources") $own) }}
{{- end }}

{{- /* What names a migration's database, as a container's values, as JSON: dict source migration */ -}}
{{- define "release-runtime.migrationContainer" -}}
{{- $m := .migration }}
{{- $own := dict }}
{{- if or $m.env $m.envFrom }}
  {{- $env := include "release-runtime.overlay" (list .source.container.env $m.env) | fromJson }}
  {{- $own = merge (dict "env" $env) (pick $m "envFrom") }}
{{- end }}
{{- include "release-runtime.overlay" (list .source.container $own) }}
{{- end }}
