{{- /*
A container of the user's, with Kubernetes' names.

release-runtime.model.container   as JSON: dict root container name [portName]

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
{{- $out := dict "name" .name "ports" $ports "volumeMounts" (concat $mounts $writable.mounts) "volumes" $writable.volumes }}
{{- $_ := set $out "envFrom" (include "release-runtime.envFrom" . | fromJsonArray) }}
{{- range list "command" "args" }}
  {{- if hasKey $c . }}{{ $_ := set $out . (include "release-runtime.words" (get $c .) | fromJsonArray) }}{{ end }}
{{- end }}
{{- range list "startupProbe" "livenessProbe" "readinessProbe" }}
  {{- if hasKey $c . }}{{ $_ := set $out . (include "release-runtime.probe" (dict "probe" (get $c .) "ports" $ports) | fromJson) }}{{ end }}
{{- end }}
{{- $same := pick $c "image" "imagePullPolicy" "workingDir" "resources" "securityContext" "readOnlyRoot" "lifecycle" }}
{{- include "release-runtime.overlay" (list (include "release-runtime.env" (dict "root" .root "env" $c.env) | fromJson) $same $out) }}
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
{{- range $i, $path := .container.writable }}
  {{- $volume := include "release-runtime.shortName" (list (printf "writable-%s-%d" $.name $i) 63) }}
  {{- $mounts = append $mounts (dict "name" $volume "mountPath" $path) }}
  {{- $volumes = append $volumes (dict "name" $volume "emptyDir" dict) }}
{{- end }}
{{- dict "mounts" $mounts "volumes" $volumes | toJson }}
{{- end }}
