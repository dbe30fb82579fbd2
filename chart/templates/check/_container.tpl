{{- /*
Containers and pods.

release-runtime.check.container   refuses, in the values, a container without an image, root, and passwords: dict root container where
*/ -}}
{{- define "release-runtime.check.container" -}}
{{- $c := .container }}{{ $where := .where }}
{{- include "release-runtime.check.noRoot" (dict "security" $c.securityContext "where" (printf "%s.securityContext" $where)) }}
{{- if not $c.image }}{{ fail (printf "%s.image is missing" $where) }}{{ end }}
{{- include "release-runtime.check.image" (dict "image" $c.image "where" $where) }}
{{- if and (kindIs "map" $c.port) (not (dig "number" 0 $c.port)) }}{{ fail (printf "%s.port.number is missing" $where) }}{{ end }}
{{- include "release-runtime.check.envFrom" (dict "envFrom" $c.envFrom "where" $where) }}
{{- range list "command" "args" }}
  {{- include "release-runtime.check.words" (dict "words" (get $c . | default list) "where" (printf "%s.%s" $where .)) }}
{{- end }}
{{- include "release-runtime.check.env" (dict "root" .root "env" $c.env "where" (printf "%s.env" $where)) }}
{{- end }}

{{- /* Refuses, in the model, variables in a circle, and probes that ask nothing: dict container where */ -}}
{{- define "release-runtime.check.containerModel" -}}
{{- $c := .container }}
{{- with $c.circle }}{{ fail (printf "%s.env: these refer to each other in a circle: %s" $.where (join ", " .)) }}{{ end }}
{{- $named := list }}{{ range $c.ports }}{{ $named = append $named .name }}{{ end }}
{{- range $probe := list "startupProbe" "livenessProbe" "readinessProbe" }}
  {{- if hasKey $c $probe }}
    {{- $at := printf "%s.%s" $.where $probe }}
    {{- if not (pick (get $c $probe) "httpGet" "tcpSocket" "grpc" "exec") }}
      {{- fail (printf "%s: give one of httpGet, tcpSocket, grpc, exec" $at) }}
    {{- end }}
    {{- range $how, $asked := pick (get $c $probe) "httpGet" "tcpSocket" "grpc" }}
      {{- if not (hasKey $asked "port") }}{{ fail (printf "%s.%s.port is missing, and the container has no port" $at $how) }}{{ end }}
      {{- /* It would only ever fail. */ -}}
      {{- if and (kindIs "string" $asked.port) (not (has $asked.port $named)) }}
        {{- fail (printf "%s.%s.port: the container has no port called %q; it has: %s (a number is written without quotes)"
          $at $how $asked.port (join ", " $named)) }}
      {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Refuses an image that is no text yet, for a part of it is missing: dict image where */ -}}
{{- define "release-runtime.check.image" -}}
{{- if kindIs "map" .image }}
  {{- if not .image.repository }}{{ fail (printf "%s.image.repository is missing" .where) }}{{ end }}
  {{- fail (printf "%s.image: %s has neither tag nor digest; give one, or global.image.tag" .where .image.repository) }}
{{- end }}
{{- end }}

{{- /* Refuses root without a word: dict security where */ -}}
{{- define "release-runtime.check.noRoot" -}}
{{- $security := .security | default dict }}
{{- if and (hasKey $security "runAsUser") (eq (int64 $security.runAsUser) 0) (dig "runAsNonRoot" true $security) }}
  {{- fail (printf (print "%s.runAsUser: 0 is root, and no pod of this chart starts as root; give another number "
    "(or runAsNonRoot: false too, in a namespace that allows it)") .where) }}
{{- end }}
{{- end }}

{{- /* Refuses, in what a job's pod has otherwise, root and labels that selectors use: dict root pod where */ -}}
{{- define "release-runtime.check.jobPod" -}}
{{- $pod := .pod | default dict }}
{{- include "release-runtime.check.noRoot" (dict "security" $pod.securityContext "where" (printf "%s.pod.securityContext" .where)) }}
{{- include "release-runtime.check.podLabels" (dict "root" .root "labels" $pod.labels "where" (printf "%s.pod.labels" .where)) }}
{{- end }}

{{- /* Refuses a pod as root, and a Secret of a type that a kubelet does not pull images with: dict root [workload] */ -}}
{{- define "release-runtime.check.pod" -}}
{{- include "release-runtime.check.noRoot" (dict "security" .root.Values.podSecurity "where" "podSecurity") }}
{{- $types := list "kubernetes.io/dockerconfigjson" "kubernetes.io/dockercfg" }}
{{- range (.workload | default dict).imagePullSecrets | default (dig "global" "imagePullSecrets" list .root.Values) }}
  {{- $entry := dig "secrets" .name dict $.root.Values }}
  {{- if and (or $entry.data $entry.stringData) (not (has $entry.type $types)) }}
    {{- fail (printf (print "secrets.%s.type: imagePullSecrets name it, and a kubelet passes over all but "
      "kubernetes.io/dockerconfigjson (with the key .dockerconfigjson) without a word") .name) }}
  {{- end }}
{{- end }}
{{- end }}
