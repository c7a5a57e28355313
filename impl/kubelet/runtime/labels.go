package runtime

// Labels and annotations by which a kubelet finds its own again after a restart; crictl and others read them too.
// Upstream: k8s.io/kubelet pkg/types/labels.go and pkg/kubelet/kuberuntime/labels.go, v1.37.
const (
	LabelPodName       = "io.kubernetes.pod.name"
	LabelPodNamespace  = "io.kubernetes.pod.namespace"
	LabelPodUID        = "io.kubernetes.pod.uid"
	LabelContainerName = "io.kubernetes.container.name"

	AnnotationRestartCount   = "io.kubernetes.container.restartCount"
	AnnotationHash           = "io.kubernetes.container.hash"
	AnnotationMessagePath    = "io.kubernetes.container.terminationMessagePath"
	AnnotationMessagePolicy  = "io.kubernetes.container.terminationMessagePolicy"
	AnnotationGracePeriod    = "io.kubernetes.pod.terminationGracePeriod"
	AnnotationDeletionPeriod = "io.kubernetes.pod.deletionGracePeriod"
	AnnotationPorts          = "io.kubernetes.container.ports"
	AnnotationConfigSource   = "kubernetes.io/config.source"
	AnnotationConfigSeen     = "kubernetes.io/config.seen"

	// AnnotationBackoff is how many restarts in a row came before this attempt without a long enough run between them, so
	// that a restart of the kubelet does not forget the backoff (K20). Upstream: keeps it in memory only.
	AnnotationBackoff = "orrery/container.backoff"
)
