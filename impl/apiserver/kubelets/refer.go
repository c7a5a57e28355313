package kubelets

import corev1 "k8s.io/api/core/v1"

// refersTo reports whether a pod refers to a secret or config map, in any way that its kubelet has to follow.
func refersTo(p *corev1.Pod, resource, name string) bool {
	found := false
	references(&p.Spec, func(what, named string) { found = found || what == resource && named == name })
	return found
}

// references tells of every secret and config map that a pod refers to.
func references(spec *corev1.PodSpec, tell func(resource, name string)) {
	secret := func(name string) { tell("secrets", name) }
	configMap := func(name string) { tell("configmaps", name) }
	for _, ref := range spec.ImagePullSecrets {
		secret(ref.Name)
	}
	for _, c := range containers(spec) {
		for _, from := range c.EnvFrom {
			if from.SecretRef != nil {
				secret(from.SecretRef.Name)
			}
			if from.ConfigMapRef != nil {
				configMap(from.ConfigMapRef.Name)
			}
		}
		for _, env := range c.Env {
			if env.ValueFrom == nil {
				continue
			}
			if ref := env.ValueFrom.SecretKeyRef; ref != nil {
				secret(ref.Name)
			}
			if ref := env.ValueFrom.ConfigMapKeyRef; ref != nil {
				configMap(ref.Name)
			}
		}
	}
	for _, v := range spec.Volumes {
		volumeReferences(v.VolumeSource, secret, configMap)
	}
}

func volumeReferences(v corev1.VolumeSource, secret, configMap func(string)) {
	if v.Secret != nil {
		secret(v.Secret.SecretName)
	}
	if v.ConfigMap != nil {
		configMap(v.ConfigMap.Name)
	}
	if v.Projected == nil {
		return
	}
	for _, source := range v.Projected.Sources {
		if source.Secret != nil {
			secret(source.Secret.Name)
		}
		if source.ConfigMap != nil {
			configMap(source.ConfigMap.Name)
		}
	}
}

// containers are all of a pod, of whatever sort.
func containers(spec *corev1.PodSpec) []corev1.Container {
	all := append(append([]corev1.Container{}, spec.InitContainers...), spec.Containers...)
	for _, c := range spec.EphemeralContainers {
		all = append(all, corev1.Container(c.EphemeralContainerCommon))
	}
	return all
}
