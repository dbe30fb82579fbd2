{{- /*
A container of the user's, with Kubernetes' names.

release-runtime.model.container   as JSON: dict root container name [portName] [hook copies]

    name image imagePullPolicy command args workingDir ports env envFrom resources lifecycle volumeMounts
    startupProbe livenessProbe readinessProbe   each asks the first port unless it says another
    securityContext readOnlyRoot                as in the values
    circle                                      variables that refer to each other, which is refused
    volumes                                     those that its writable folders need
*/ -}}
{{- define "release-runtime.model.container" -}}
{{- $c := .container }}
{{- $writable := include "release-runtime.writable" . | fromJson }}
{{- $mounts := list }}
{{- range $name, $mount := $c.volumeMounts }}
  {{- $mounts = append $mounts (merge (omit $mount "name") (dict "name" ($mount.name | default $name))) }}
{{- end }}
{{- $ports := include "release-runtime.ports" . | fromJsonArray }}
{{- $shown := list }}{{ range $ports }}{{ $shown = append $shown (omit . "appProtocol") }}{{ end }}
{{- $out := dict "name" .name "ports" $shown "volumeMounts" (concat $mounts $writable.mounts) "volumes" $writable.volumes }}
{{- $_ := set $out "envFrom" (include "release-runtime.envFrom" . | fromJsonArray) }}
{{- range list "command" "args" }}
  {{- if hasKey $c . }}{{ $_ := set $out . (include "release-runtime.words" (get $c .) | fromJsonArray) }}{{ end }}
{{- end }}
{{- range list "startupProbe" "livenessProbe" "readinessProbe" }}
  {{- if hasKey $c . }}{{ $_ := set $out . (include "release-runtime.probe" (dict "probe" (get $c .) "ports" $ports) | fromJson) }}{{ end }}
{{- end }}
{{- $same := pick $c "image" "imagePullPolicy" "workingDir" "resources" "securityContext" "readOnlyRoot" "lifecycle" }}
{{- include "release-runtime.overlay" (list (include "release-runtime.env" (merge (dict "env" $c.env) .) | fromJson) $same $out) }}
{{- end }}

{{- /* A probe with the port that it asks, as JSON: dict probe ports */ -}}
{{- define "release-runtime.probe" -}}
{{- $out := dict }}
{{- range $how, $asked := .probe }}
  {{- if and (has $how (list "httpGet" "tcpSocket" "grpc")) (not (hasKey $asked "port")) $.ports }}
    {{- $asked = merge (dict "port" (first $.ports).containerPort) $asked }}
  {{- end }}
  {{- $_ := set $out $how $asked }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* emptyDirs for a container's writable folders, as JSON {mounts, volumes}: dict container name */ -}}
{{- define "release-runtime.writable" -}}
{{- $mounts := list }}{{ $volumes := list }}
{{- range $path, $how := .container.writable }}
  {{- $plain := trimAll "/" $path | lower }}
  {{- /* Two paths that would be spelt alike are told apart by a hash. */ -}}
  {{- $mark := regexMatch "^[a-z0-9]+(/[a-z0-9]+)*$" (trimAll "/" $path) | ternary "" (printf "-%s" (sha256sum $path | trunc 8)) }}
  {{- $slug := printf "%s%s" (regexReplaceAll "[^a-z0-9]+" $plain "-" | trimAll "-") $mark | trimPrefix "-" }}
  {{- $volume := include "release-runtime.shortName" (list (printf "writable-%s-%s" $.name $slug) 63) }}
  {{- $mounts = append $mounts (dict "name" $volume "mountPath" $path) }}
  {{- $volumes = append $volumes (dict "name" $volume "emptyDir" (pick $how "sizeLimit" "medium")) }}
{{- end }}
{{- dict "mounts" $mounts "volumes" $volumes | toJson }}
{{- end }}
