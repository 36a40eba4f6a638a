{{- /* Names begin with the release's. */ -}}
{{- define "sa.name" -}}{{ printf "%s-%s" (.root.Release.Name | trunc 35 | trimSuffix "-") .part }}{{- end -}}

{{- define "sa.selector" -}}
app.kubernetes.io/name: synthetic-agents
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{- define "sa.labels" -}}
{{ include "sa.selector" . }}
app.kubernetes.io/part-of: synthetic-agents
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- end -}}

{{- define "sa.image" -}}{{ .root.Values.image.prefix }}{{ .image }}:{{ .root.Values.image.tag }}{{- end -}}

{{- /* The restricted Pod Security standard. */ -}}
{{- define "sa.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user | default 1000 }}
  runAsGroup: {{ .user | default 1000 }}
  # Volumes that are mounted are often root's.
  fsGroup: {{ .user | default 1000 }}
  seccompProfile: { type: RuntimeDefault }
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "sa.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end -}}

{{- /* Drained, flushed, and some seconds for what is written last. */ -}}
{{- define "sa.graceSeconds" -}}{{ add .Values.preStopSeconds .Values.drainSeconds .Values.flushSeconds 5 }}{{- end -}}

{{- /* Spread over nodes where there are several. */ -}}
{{- define "sa.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{ include "sa.selector" . | nindent 8 }}
{{- end -}}

{{- /* As text: numbers of a file of values are floats, and large ones would be in exponents. */ -}}
{{- define "sa.text" -}}{{ if kindIs "float64" . }}{{ toJson . }}{{ else }}{{ . }}{{ end }}{{- end -}}

{{- /* .own, the variables of the chart as text, each with the value of .wished where that names it; and the others of .wished. */ -}}
{{- define "sa.env" -}}
{{- $wished := dict -}}
{{- range $name, $value := .wished }}{{ $_ := set $wished $name (dict "name" $name "value" (include "sa.text" $value)) }}{{ end -}}
{{- $all := list -}}
{{- range fromYamlArray .own }}{{ $all = append $all (get $wished .name | default .) }}{{ $_ := unset $wished .name }}{{ end -}}
{{- range $wished }}{{ $all = append $all . }}{{ end -}}
{{ toYaml $all }}
{{- end -}}

{{- /* For what sends spans to a backend. */ -}}
{{- define "sa.headersEnv" -}}
{{- with .Values.telemetry.headersSecret -}}
- { name: OTEL_EXPORTER_OTLP_HEADERS, valueFrom: { secretKeyRef: { name: {{ . }}, key: OTEL_EXPORTER_OTLP_HEADERS } } }
{{- end -}}
{{- end -}}

{{- /* Names that requests may give in Host: the Service's, alone and with what comes after it. */ -}}
{{- define "sa.allowedHosts" -}}
{{- $name := include "sa.name" . -}}
{{- $namespace := .root.Release.Namespace -}}
{{- $names := list -}}
{{- range list $name (printf "%s-headless" $name) -}}
{{- $names = concat $names (list . (printf "%s.%s" . $namespace) (printf "%s.%s.svc" . $namespace) (printf "%s.%s.svc.cluster.local" . $namespace)) -}}
{{- end -}}
{{- $names = concat $names (list (printf ".%s-headless" $name) (printf ".%s-headless.%s.svc.cluster.local" $name $namespace)) .root.Values.allowedHosts -}}
{{ join "," $names }}
{{- end -}}

{{- /* Where services send spans. */ -}}
{{- define "sa.endpoint" -}}
{{- if .Values.telemetry.endpoint -}}{{ .Values.telemetry.endpoint }}
{{- else if .Values.collector.enabled -}}http://{{ include "sa.name" (dict "root" . "part" "otel-collector") }}:4318
{{- else if and .Values.inspector.enabled (eq (int .Values.inspector.replicas) 1) -}}http://{{ include "sa.name" (dict "root" . "part" "trace-inspector") }}:4319
{{- else -}}{{ fail "Spans go nowhere: enable the collector, set telemetry.endpoint, or have one inspector (inspector.replicas: 1)" }}
{{- end -}}
{{- end -}}

{{- define "sa.inspectorUrls" -}}
{{- $root := . -}}
{{- $name := include "sa.name" (dict "root" . "part" "trace-inspector") -}}
{{- $urls := list -}}
{{- range until (int .Values.inspector.replicas) -}}
{{- $urls = append $urls (printf "http://%s-%d.%s-headless:4319" $name . $name) -}}
{{- end -}}
{{ join "," $urls }}
{{- end -}}

{{- define "sa.agentUrls" -}}
{{- $urls := list (printf "dns+http://%s-headless:8080" (include "sa.name" (dict "root" . "part" "agent-app"))) -}}
{{- if .Values.secondary.enabled -}}
{{- $urls = append $urls (printf "dns+http://%s-headless:8080" (include "sa.name" (dict "root" . "part" "agent-app-secondary"))) -}}
{{- end -}}
{{ join "," $urls }}
{{- end -}}

{{- /* What every service is told. */ -}}
{{- define "sa.serviceEnv" -}}
- { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
- { name: POD_NAMESPACE, valueFrom: { fieldRef: { fieldPath: metadata.namespace } } }
- { name: NODE_NAME, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }
- { name: ALLOWED_HOSTS, value: {{ include "sa.allowedHosts" . | quote }} }
- { name: DRAIN_TIMEOUT_S, value: {{ .root.Values.drainSeconds | quote }} }
{{- end -}}

{{- define "sa.telemetryEnv" -}}
- { name: FLUSH_TIMEOUT_S, value: {{ .Values.flushSeconds | quote }} }
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ include "sa.endpoint" . | quote }} }
- name: OTEL_RESOURCE_ATTRIBUTES
  value: service.instance.id=$(POD_NAME),k8s.pod.name=$(POD_NAME),k8s.namespace.name=$(POD_NAMESPACE),k8s.node.name=$(NODE_NAME)
{{ include "sa.headersEnv" . }}
{{- end -}}

{{- /* Probes, an end that others hear of, and a port. */ -}}
{{- define "sa.serving" -}}
ports:
  - { name: http, containerPort: {{ .port }} }
startupProbe:
  httpGet: { path: /health, port: http }
  periodSeconds: 2
  failureThreshold: 60
  timeoutSeconds: 5
readinessProbe:
  httpGet: { path: {{ .ready }}, port: http }
  periodSeconds: 5
  timeoutSeconds: 5
livenessProbe:
  httpGet: { path: /health, port: http }
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: 6
{{ include "sa.preStop" .root }}
{{- end -}}

{{- /* Older versions refuse to sleep for no time. */ -}}
{{- define "sa.preStop" -}}
{{- if gt (int .Values.preStopSeconds) 0 -}}
lifecycle:
  preStop: { sleep: { seconds: {{ .Values.preStopSeconds }} } }
{{- end -}}
{{- end -}}

{{- define "sa.deploymentEnv" -}}
{{ include "sa.serviceEnv" . }}
{{ include "sa.telemetryEnv" .root }}
{{- range .extraEnv }}
- { name: {{ index . 0 }}, value: {{ index . 1 | quote }} }
{{- end }}
{{- if eq .image "agent-app" }}{{ with .root.Values.runSecret }}
- { name: RUN_SECRET, valueFrom: { secretKeyRef: { name: {{ . }}, key: RUN_SECRET } } }
- { name: ANSWERS_TOKEN, valueFrom: { secretKeyRef: { name: {{ . }}, key: ANSWERS_TOKEN, optional: true } } }
{{- end }}{{ end }}
{{- end -}}

{{- /* A Deployment of a service, and what leads to it. .extraEnv is a list of variables. */ -}}
{{- define "sa.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "sa.name" . }}
  labels: {{ include "sa.labels" . | nindent 4 }}
spec:
  {{- if not (dig "autoscaling" "enabled" false .values) }}
  replicas: {{ .values.replicas }}
  {{- end }}
  # What is there goes on until what comes is ready.
  strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  selector:
    matchLabels: {{ include "sa.selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{ include "sa.labels" . | nindent 8 }}
      {{- with .root.Values.podAnnotations }}
      annotations: {{ toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "sa.podSecurity" . | nindent 6 }}
      terminationGracePeriodSeconds: {{ include "sa.graceSeconds" .root }}
      {{- include "sa.spread" . | nindent 6 }}
      containers:
        - name: {{ .image }}
          image: {{ include "sa.image" . }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          env: {{ include "sa.env" (dict "own" (include "sa.deploymentEnv" .) "wished" (merge (dict) .values.env .root.Values.env)) | nindent 12 }}
          {{- include "sa.serving" . | nindent 10 }}
          resources: {{ toYaml .values.resources | nindent 12 }}
          {{- include "sa.containerSecurity" . | nindent 10 }}
          {{- with .values.volumeMounts }}
          volumeMounts: {{ toYaml . | nindent 12 }}
          {{- end }}
      {{- with .values.volumes }}
      volumes: {{ toYaml . | nindent 8 }}
      {{- end }}
{{- end -}}

{{- /* A Service with one address, and one that names every pod, those that are about to end as well. */ -}}
{{- define "sa.services" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "sa.name" . }}
  labels: {{ include "sa.labels" . | nindent 4 }}
spec:
  selector: {{ include "sa.selector" . | nindent 4 }}
  ports:
    - { name: http, port: {{ .port }}, targetPort: http }
{{- if .isHeadlessToo }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "sa.name" . }}-headless
  labels:
    synthetic-agents/headless: 'true'
    {{- include "sa.labels" . | nindent 4 }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector: {{ include "sa.selector" . | nindent 4 }}
  ports:
    - { name: http, port: {{ .port }}, targetPort: http }
{{- end }}
{{- end -}}

{{- define "sa.disruption" -}}
{{- if and .root.Values.podDisruptionBudget.enabled (or (gt (int .values.replicas) 1) (dig "autoscaling" "enabled" false .values)) }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "sa.name" . }}
  labels: {{ include "sa.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {{ include "sa.selector" . | nindent 6 }}
{{- end }}
{{- end -}}

{{- define "sa.autoscaler" -}}
{{- if .values.autoscaling.enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "sa.name" . }}
  labels: {{ include "sa.labels" . | nindent 4 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ include "sa.name" . }} }
  minReplicas: {{ .values.autoscaling.minReplicas }}
  maxReplicas: {{ .values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: { type: Utilization, averageUtilization: {{ .values.autoscaling.targetCPUUtilizationPercentage }} }
{{- end }}
{{- end -}}
