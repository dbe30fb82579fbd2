{{- /* A Secret as YAML: dict root secret(of the model: name, type, annotations, data, stringData) */ -}}
{{- define "release-runtime.secret" -}}
apiVersion: v1
kind: Secret
metadata:
  {{- include "release-runtime.metadata" (dict "root" .root "name" .secret.name "annotations" .secret.annotations) | nindent 2 }}
type: {{ .secret.type | default "Opaque" | quote }}
{{- with .secret.data }}
data: {{ toJson . }}
{{- end }}
{{- with .secret.stringData }}
stringData: {{ include "release-runtime.strings" . }}
{{- end }}
{{- end }}

{{- /*
What makes a Secret elsewhere: an ExternalSecret, as YAML. Each key is asked for by its name; where one may be missing all of the entry
is, for a single missing one would fail the whole: dict root secret(of the model: name, annotations, type, keys, external)
*/ -}}
{{- define "release-runtime.externalSecret" -}}
{{- $secret := .secret }}{{ $external := $secret.external }}
{{- $data := list }}{{ $optional := empty $secret.keys }}
{{- range $key, $said := $secret.keys }}
  {{- if $said.optional }}{{ $optional = true }}{{ end }}
  {{- $ref := dict "key" ($said.from | default $external.from) "property" ($said.property | default $key) }}
  {{- $data = append $data (dict "secretKey" $key "remoteRef" $ref) }}
{{- end }}
apiVersion: {{ .root.externalSecrets }}
kind: ExternalSecret
metadata:
  {{- include "release-runtime.metadata" (dict "root" .root "name" $secret.name "annotations" $secret.annotations) | nindent 2 }}
spec:
  refreshInterval: {{ $external.refreshInterval | default "1h" | quote }}
  secretStoreRef:
    name: {{ $external.store | quote }}
    kind: {{ $external.storeKind | default "SecretStore" }}
  target:
    name: {{ $secret.name | quote }}
    creationPolicy: Owner
    template:
      type: {{ $secret.type | default "Opaque" | quote }}
  {{- if $optional }}
  dataFrom:
    - extract:
        key: {{ $external.from | quote }}
  {{- else }}
  data: {{ toJson $data }}
  {{- end }}
{{- end }}

{{- /* A SealedSecret as YAML: dict root secret(of the model: name, annotations, type, sealed) */ -}}
{{- define "release-runtime.sealedSecret" -}}
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  {{- include "release-runtime.metadata" (dict "root" .root "name" .secret.name "annotations" .secret.annotations) | nindent 2 }}
spec:
  encryptedData: {{ toJson .secret.sealed }}
  template:
    type: {{ .secret.type | default "Opaque" | quote }}
    metadata:
      {{- include "release-runtime.metadata" (dict "root" .root "name" .secret.name "annotations" .secret.annotations) | nindent 6 }}
{{- end }}

{{- /* A ConfigMap as YAML: dict root configMap(of the model: name, component, annotations, data) */ -}}
{{- define "release-runtime.configMap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "release-runtime.metadata" (merge (dict "root" .root) (omit .configMap "data")) | nindent 2 }}
data: {{ include "release-runtime.strings" (.configMap.data | default dict) }}
{{- end }}

{{- /* A ServiceAccount as YAML: dict root name annotations */ -}}
{{- define "release-runtime.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "release-runtime.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end }}

{{- /* A claim as YAML: dict root claim(of release-runtime.claims) */ -}}
{{- define "release-runtime.claim" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "release-runtime.metadata" (dict "root" .root "name" .claim.name "annotations" .claim.annotations) | nindent 2 }}
spec: {{ toJson .claim.spec }}
{{- end }}
