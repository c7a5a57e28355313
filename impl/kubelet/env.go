package kubelet

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// environment computes the variables of a container, in the order of the pod's spec: those of envFrom first, a later
// one of the same name replacing the earlier, and last those that tell of services, where the pod has none of that name. All may be
// referred to. An error is upstream's message of CreateContainerConfigError.
func (p *pass) environment(c *corev1.Container) ([]*cri.KeyValue, map[string]string, error) {
	values, own := map[string]string{}, map[string]bool{}
	var order []string
	set := func(name, value string) {
		if !own[name] {
			order = append(order, name)
		}
		values[name], own[name] = value, true
	}
	var told []variable
	if p.refs.Services != nil {
		told = links(p.pod, p.refs.Services())
	}
	for _, v := range told {
		values[v.name] = v.value
	}
	for i := range c.EnvFrom {
		if err := p.envFrom(&c.EnvFrom[i], set); err != nil {
			return nil, nil, err
		}
	}
	for i := range c.Env {
		if !own[c.Env[i].Name] {
			delete(values, c.Env[i].Name) // the pod's own does not refer to the service's of its name
		}
		value, found, err := p.envValue(c, &c.Env[i], values)
		if err != nil {
			return nil, nil, err
		}
		if found {
			set(c.Env[i].Name, value)
		}
	}
	for _, v := range told {
		if _, known := values[v.name]; known && !own[v.name] {
			set(v.name, v.value)
		}
	}
	list := make([]*cri.KeyValue, len(order))
	for i, name := range order {
		list[i] = &cri.KeyValue{Key: name, Value: []byte(values[name])}
	}
	return list, values, nil
}

func (p *pass) envFrom(from *corev1.EnvFromSource, set func(name, value string)) error {
	switch {
	case from.ConfigMapRef != nil:
		cm, err := p.refs.ConfigMap(from.ConfigMapRef.Name)
		if err != nil {
			return err
		}
		if cm == nil {
			return p.missing("configmap", from.ConfigMapRef.Name, from.ConfigMapRef.Optional)
		}
		for _, key := range slices.Sorted(maps.Keys(cm.Data)) {
			set(from.Prefix+key, cm.Data[key])
		}
	case from.SecretRef != nil:
		secret, err := p.refs.Secret(from.SecretRef.Name)
		if err != nil {
			return err
		}
		if secret == nil {
			return p.missing("secret", from.SecretRef.Name, from.SecretRef.Optional)
		}
		for _, key := range slices.Sorted(maps.Keys(secret.Data)) {
			set(from.Prefix+key, string(secret.Data[key]))
		}
	}
	return nil
}

// missing is the error for an object that is referred to and absent, unless the reference is optional.
func (p *pass) missing(kind, name string, optional *bool) error {
	if optional != nil && *optional {
		return nil
	}
	return fmt.Errorf("%s %q not found", kind, name)
}

func (p *pass) envValue(c *corev1.Container, e *corev1.EnvVar, values map[string]string) (value string, found bool, err error) {
	from := e.ValueFrom
	switch {
	case from == nil:
		return expand(e.Value, values), true, nil
	case from.FieldRef != nil:
		value, err = p.field(from.FieldRef.FieldPath)
		return value, true, err
	case from.ResourceFieldRef != nil:
		value, err = p.resourceField(from.ResourceFieldRef, c)
		return value, true, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		cm, err := p.refs.ConfigMap(ref.Name)
		if err != nil {
			return "", false, err
		}
		if cm == nil {
			return "", false, p.missing("configmap", ref.Name, ref.Optional)
		}
		value, found = cm.Data[ref.Key]
		return value, found, p.missingKey(found, ref.Key, "ConfigMap", ref.Name, ref.Optional)
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		secret, err := p.refs.Secret(ref.Name)
		if err != nil {
			return "", false, err
		}
		if secret == nil {
			return "", false, p.missing("secret", ref.Name, ref.Optional)
		}
		data, found := secret.Data[ref.Key]
		return string(data), found, p.missingKey(found, ref.Key, "Secret", ref.Name, ref.Optional)
	}
	return "", false, fmt.Errorf("the source of environment variable %q is not supported by this kubelet", e.Name)
}

func (p *pass) missingKey(found bool, key, kind, name string, optional *bool) error {
	if found || optional != nil && *optional {
		return nil
	}
	return fmt.Errorf("couldn't find key %s in %s %s/%s", key, kind, p.pod.Namespace, name)
}

// field is one field of the pod as the downward API gives it.
func (p *pass) field(path string) (string, error) {
	pod := p.pod
	if key, ok := subscript(path, "metadata.labels"); ok {
		return pod.Labels[key], nil
	}
	if key, ok := subscript(path, "metadata.annotations"); ok {
		return pod.Annotations[key], nil
	}
	switch path {
	case "metadata.name":
		return pod.Name, nil
	case "metadata.namespace":
		return pod.Namespace, nil
	case "metadata.uid":
		return string(pod.UID), nil
	case "metadata.labels":
		return formatMap(pod.Labels), nil
	case "metadata.annotations":
		return formatMap(pod.Annotations), nil
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs":
		return p.cfg.Address, nil
	case "status.podIP":
		if ips := p.podIPs(); len(ips) > 0 {
			return ips[0], nil
		}
		return "", nil
	case "status.podIPs":
		return strings.Join(p.podIPs(), ","), nil
	}
	return "", fmt.Errorf("unsupported fieldPath: %v", path)
}

// subscript reads the key of a path like metadata.labels['key'].
func subscript(path, of string) (string, bool) {
	rest, ok := strings.CutPrefix(path, of+"['")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, "']")
}

// resourceField is a request or limit of a container, or what the node has where the container has no limit.
func (p *pass) resourceField(ref *corev1.ResourceFieldSelector, c *corev1.Container) (string, error) {
	if ref.ContainerName != "" {
		c = p.container(ref.ContainerName)
	}
	if c == nil {
		return "", fmt.Errorf("container %s not found", ref.ContainerName)
	}
	kind, name, _ := strings.Cut(ref.Resource, ".")
	var q resource.Quantity
	switch kind {
	case "limits":
		limit, ok := c.Resources.Limits[corev1.ResourceName(name)]
		if q = limit; !ok {
			q = p.cfg.Capacity[corev1.ResourceName(name)]
		}
	case "requests":
		q = c.Resources.Requests[corev1.ResourceName(name)]
	default:
		return "", fmt.Errorf("unsupported container resource : %v", ref.Resource)
	}
	divisor := ref.Divisor
	if divisor.IsZero() {
		divisor = resource.MustParse("1")
	}
	if name == string(corev1.ResourceCPU) {
		return strconv.FormatInt(ceil(q.MilliValue(), divisor.MilliValue()), 10), nil
	}
	return strconv.FormatInt(ceil(q.Value(), divisor.Value()), 10), nil
}

func ceil(n, by int64) int64 { return (n + by - 1) / by }

// expand replaces $(NAME) by the variable's value; an unknown name stays as it is, and $$ is a dollar sign.
func expand(text string, values map[string]string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		switch text[i+1] {
		case '$':
			b.WriteByte('$')
			i++
		case '(':
			name, _, closed := strings.Cut(text[i+2:], ")")
			value, known := values[name]
			if !closed || !known {
				b.WriteByte('$')
				continue
			}
			b.WriteString(value)
			i += len(name) + 2
		default:
			b.WriteByte('$')
		}
	}
	return b.String()
}

func expandAll(list []string, values map[string]string) []string {
	var out []string
	for _, text := range list {
		out = append(out, expand(text, values))
	}
	return out
}
