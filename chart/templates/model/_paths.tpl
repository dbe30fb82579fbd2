{{- /*
Files that the variables of a connection name (PGSSLROOTCERT, the folder of a socket): our programs run in containers of their own,
and have such a file only when it comes with its mount.

release-runtime.paths   {VARIABLE: [PATH]} as JSON: dict root connections
*/ -}}
{{- define "release-runtime.paths" -}}
{{- $root := .root }}{{ $out := dict }}
{{- $files := list "PGSSLROOTCERT" "PGSSLCERT" "PGSSLKEY" "PGSSLCRL" "PGSSLCRLDIR" "PGPASSFILE" "PGSERVICEFILE" "PGSYSCONFDIR" }}
{{- range $name, $c := .connections }}
  {{- $text := include "release-runtime.knownText" (dict "root" $root "connection" $c) }}
  {{- $named := list }}
  {{- if has $name $files }}{{ $named = list $text }}
  {{- else if has $name (list "DATABASE_HOST" "PGHOST") }}{{ $named = splitList "," $text }}
  {{- else if has $name (list "DATABASE_URL" "DATABASE_DSN") }}
    {{- range regexFindAll `(sslrootcert|sslcert|sslkey|sslcrl|sslcrldir|passfile|servicefile|host)\s*=\s*'?[^\s&']+` $text -1 }}
      {{- $named = append $named (regexReplaceAll `^[a-z]+\s*=\s*'?` . "" | replace "%2F" "/" | replace "%2f" "/") }}
    {{- end }}
  {{- end }}
  {{- range $path := $named }}
    {{- if hasPrefix "/" $path }}{{ $_ := set $out $name (append (get $out $name | default list) $path) }}{{ end }}
  {{- end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /*
Which mounts of a container these lie on, read-only, and the variables whose file lies on none, as JSON {mounts: […], missing: […]}:
dict root connections container
*/ -}}
{{- define "release-runtime.pathMounts" -}}
{{- $container := .container }}{{ $mounts := dict }}{{ $missing := list }}
{{- range $name, $paths := include "release-runtime.paths" . | fromJson }}
  {{- range $path := $paths }}
    {{- $best := dict "mountPath" "" }}
    {{- range $key, $mount := $container.volumeMounts | default dict }}
      {{- $at := trimSuffix "/" ($mount.mountPath | default "") }}
      {{- if and (or (eq $path $at) (hasPrefix (printf "%s/" $at) $path)) (gt (len $at) (len $best.mountPath)) }}
        {{- $best = merge (dict "mountPath" $at "name" ($mount.name | default $key) "readOnly" true) $mount }}
      {{- end }}
    {{- end }}
    {{- if $best.name }}{{ $_ := set $mounts $best.mountPath $best }}
    {{- /* Public authorities are in our images, under the name that Debian gives them. */ -}}
    {{- else if ne $path "/etc/ssl/certs/ca-certificates.crt" }}{{ $missing = append $missing $name }}
    {{- end }}
  {{- end }}
{{- end }}
{{- $list := list }}{{ range $mount := $mounts }}{{ $list = append $list $mount }}{{ end }}
{{- dict "mounts" $list "missing" ($missing | uniq) | toJson }}
{{- end }}
