package registry

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// defaultPod is for pods; a template's pod spec has [defaultPodSpec] alone.
func defaultPod(obj *corev1.Pod) {
	spec := &obj.Spec
	defaultPodSpec(spec)
	if *spec.TerminationGracePeriodSeconds < 0 {
		*spec.TerminationGracePeriodSeconds = 1
	}
	for _, c := range allContainers(spec) {
		requestLimits(&c.Resources)
		for i := range c.Ports {
			if port := &c.Ports[i]; spec.HostNetwork && port.HostPort == 0 {
				port.HostPort = port.ContainerPort
			}
		}
	}
	if spec.EnableServiceLinks == nil {
		links := corev1.DefaultEnableServiceLinks
		spec.EnableServiceLinks = &links
	}
	// podIP is the first of podIPs. Where they differ an old kubelet, which knows podIP only, has changed it.
	switch status := &obj.Status; {
	case status.PodIP == "" && len(status.PodIPs) > 0:
		status.PodIP = status.PodIPs[0].IP
	case status.PodIP != "" && (len(status.PodIPs) == 0 || status.PodIPs[0].IP != status.PodIP):
		status.PodIPs = []corev1.PodIP{{IP: status.PodIP}}
	}
}

// requestLimits requests what is limited, where nothing else is requested.
func requestLimits(r *corev1.ResourceRequirements) {
	// order does not matter: each key is looked up and written alone
	for name, limit := range r.Limits {
		if _, ok := r.Requests[name]; ok {
			continue
		}
		if r.Requests == nil {
			r.Requests = corev1.ResourceList{}
		}
		r.Requests[name] = limit.DeepCopy()
	}
}

func defaultPodSpec(spec *corev1.PodSpec) {
	if spec.DNSPolicy == "" {
		spec.DNSPolicy = corev1.DNSClusterFirst
	}
	if spec.RestartPolicy == "" {
		spec.RestartPolicy = corev1.RestartPolicyAlways
	}
	if spec.SecurityContext == nil {
		spec.SecurityContext = &corev1.PodSecurityContext{}
	}
	if spec.TerminationGracePeriodSeconds == nil {
		seconds := int64(corev1.DefaultTerminationGracePeriodSeconds)
		spec.TerminationGracePeriodSeconds = &seconds
	}
	if spec.SchedulerName == "" {
		spec.SchedulerName = corev1.DefaultSchedulerName
	}
	// serviceAccount is what serviceAccountName was called.
	if spec.ServiceAccountName == "" {
		spec.ServiceAccountName = spec.DeprecatedServiceAccount
	}
	spec.DeprecatedServiceAccount = spec.ServiceAccountName
	roundUp(spec.Overhead)
	for i := range spec.Volumes {
		defaultVolume(&spec.Volumes[i])
	}
	for _, c := range allContainers(spec) {
		defaultContainer(c)
	}
	for i := range spec.EphemeralContainers {
		defaultContainer((*corev1.Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon))
	}
}

// allContainers are those that are there from the start.
func allContainers(spec *corev1.PodSpec) []*corev1.Container {
	all := make([]*corev1.Container, 0, len(spec.InitContainers)+len(spec.Containers))
	for i := range spec.InitContainers {
		all = append(all, &spec.InitContainers[i])
	}
	for i := range spec.Containers {
		all = append(all, &spec.Containers[i])
	}
	return all
}

func defaultContainer(c *corev1.Container) {
	if c.ImagePullPolicy == "" {
		c.ImagePullPolicy = pullPolicy(c.Image)
	}
	if c.TerminationMessagePath == "" {
		c.TerminationMessagePath = corev1.TerminationMessagePathDefault
	}
	if c.TerminationMessagePolicy == "" {
		c.TerminationMessagePolicy = corev1.TerminationMessageReadFile
	}
	for i := range c.Ports {
		if port := &c.Ports[i]; port.Protocol == "" {
			port.Protocol = corev1.ProtocolTCP
		}
	}
	for i := range c.Env {
		if from := c.Env[i].ValueFrom; from != nil {
			defaultFieldRef(from.FieldRef)
		}
	}
	roundUp(c.Resources.Limits)
	roundUp(c.Resources.Requests)
	for _, probe := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		defaultProbe(probe)
	}
	if c.Lifecycle == nil {
		return
	}
	for _, handler := range []*corev1.LifecycleHandler{c.Lifecycle.PostStart, c.Lifecycle.PreStop} {
		if handler != nil {
			defaultHTTPGet(handler.HTTPGet)
		}
	}
}

// pullPolicy is to pull again what may have changed under its name: an image named by no tag, or by "latest".
func pullPolicy(image string) corev1.PullPolicy {
	name, _, digested := strings.Cut(image, "@")
	tag := ""
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		tag = name[i+1:]
	}
	if tag == "latest" || tag == "" && !digested {
		return corev1.PullAlways
	}
	return corev1.PullIfNotPresent
}

func defaultProbe(probe *corev1.Probe) {
	if probe == nil {
		return
	}
	for _, d := range []struct {
		value   *int32
		initial int32
	}{{&probe.TimeoutSeconds, 1}, {&probe.PeriodSeconds, 10}, {&probe.SuccessThreshold, 1}, {&probe.FailureThreshold, 3}} {
		if *d.value == 0 {
			*d.value = d.initial
		}
	}
	defaultHTTPGet(probe.HTTPGet)
	if probe.GRPC != nil && probe.GRPC.Service == nil {
		probe.GRPC.Service = new(string)
	}
}

func defaultHTTPGet(action *corev1.HTTPGetAction) {
	if action == nil {
		return
	}
	if action.Path == "" {
		action.Path = "/"
	}
	if action.Scheme == "" {
		action.Scheme = corev1.URISchemeHTTP
	}
}

func defaultFieldRef(ref *corev1.ObjectFieldSelector) {
	if ref != nil && ref.APIVersion == "" {
		ref.APIVersion = "v1"
	}
}

func defaultVolume(volume *corev1.Volume) {
	source := &volume.VolumeSource
	if *source == (corev1.VolumeSource{}) {
		source.EmptyDir = &corev1.EmptyDirVolumeSource{}
	}
	mode := func(at **int32, value int32) {
		if *at == nil {
			*at = &value
		}
	}
	if s := source.Secret; s != nil {
		mode(&s.DefaultMode, corev1.SecretVolumeSourceDefaultMode)
	}
	if s := source.ConfigMap; s != nil {
		mode(&s.DefaultMode, corev1.ConfigMapVolumeSourceDefaultMode)
	}
	if s := source.DownwardAPI; s != nil {
		mode(&s.DefaultMode, corev1.DownwardAPIVolumeSourceDefaultMode)
		for i := range s.Items {
			defaultFieldRef(s.Items[i].FieldRef)
		}
	}
	if s := source.Projected; s != nil {
		mode(&s.DefaultMode, corev1.ProjectedVolumeSourceDefaultMode)
		for i := range s.Sources {
			defaultProjection(&s.Sources[i])
		}
	}
	if s := source.HostPath; s != nil && s.Type == nil {
		unset := corev1.HostPathUnset
		s.Type = &unset
	}
	if s := source.Image; s != nil && s.PullPolicy == "" {
		s.PullPolicy = pullPolicy(s.Reference)
	}
}

func defaultProjection(p *corev1.VolumeProjection) {
	if p.DownwardAPI != nil {
		for i := range p.DownwardAPI.Items {
			defaultFieldRef(p.DownwardAPI.Items[i].FieldRef)
		}
	}
	if token := p.ServiceAccountToken; token != nil && token.ExpirationSeconds == nil {
		hour := int64(60 * 60)
		token.ExpirationSeconds = &hour
	}
}

// roundUp leaves no fraction of a thousandth.
func roundUp(list corev1.ResourceList) {
	// order does not matter: each value is rounded alone
	for name, quantity := range list {
		quantity.RoundUp(resource.Milli)
		list[name] = quantity
	}
}
