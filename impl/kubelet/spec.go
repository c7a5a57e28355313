package kubelet

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"path/filepath"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/kubelet/runtime"
)

// sandboxConfig is what the runtime is told about the pod as a whole.
func (p *pass) sandboxConfig(attempt uint32) *cri.PodSandboxConfig {
	pod := p.pod
	config := &cri.PodSandboxConfig{
		Metadata:     &cri.PodSandboxMetadata{Name: pod.Name, Namespace: pod.Namespace, Uid: string(pod.UID), Attempt: attempt},
		LogDirectory: p.cfg.LogDir(p.ref),
		DnsConfig:    p.dns(),
		Labels:       map[string]string{},
		Annotations:  map[string]string{},
		Linux: &cri.LinuxPodSandboxConfig{
			CgroupParent:    p.cfg.CgroupRoot,
			SecurityContext: &cri.LinuxSandboxSecurityContext{NamespaceOptions: p.namespaces(), Privileged: p.privileged()},
		},
	}
	if !pod.Spec.HostNetwork {
		config.Hostname = hostname(pod, p.cfg.Hostname)
	}
	maps.Copy(config.Labels, pod.Labels)
	maps.Copy(config.Labels, p.labels(""))
	maps.Copy(config.Annotations, pod.Annotations)
	config.Annotations[runtime.AnnotationConfigSource] = sourceAPI
	if isStatic(pod) {
		config.Annotations[runtime.AnnotationConfigSource] = sourceFile
	}
	config.Annotations[runtime.AnnotationGracePeriod] = strconv.FormatInt(p.specGrace(), 10)
	if sc := pod.Spec.SecurityContext; sc != nil {
		config.Linux.Sysctls = map[string]string{}
		for _, s := range sc.Sysctls {
			config.Linux.Sysctls[s.Name] = s.Value
		}
	}
	for _, m := range p.members {
		for _, port := range m.spec.Ports {
			if port.HostPort == 0 || pod.Spec.HostNetwork {
				continue
			}
			config.PortMappings = append(config.PortMappings, &cri.PortMapping{Protocol: protocol(port.Protocol),
				ContainerPort: port.ContainerPort, HostPort: port.HostPort, HostIp: port.HostIP})
		}
	}
	return config
}

func protocol(p corev1.Protocol) cri.Protocol {
	switch p {
	case corev1.ProtocolUDP:
		return cri.Protocol_UDP
	case corev1.ProtocolSCTP:
		return cri.Protocol_SCTP
	}
	return cri.Protocol_TCP
}

// dns is the pod's resolv.conf; nil leaves the node's.
func (p *pass) dns() *cri.DNSConfig {
	config := &cri.DNSConfig{}
	policy := p.pod.Spec.DNSPolicy
	cluster := policy == corev1.DNSClusterFirstWithHostNet || policy == corev1.DNSClusterFirst && !p.pod.Spec.HostNetwork
	switch {
	case policy == corev1.DNSNone:
	case cluster && len(p.cfg.DNS.Servers) > 0:
		config.Servers = append(config.Servers, p.cfg.DNS.Servers...)
		if domain := p.cfg.DNS.Domain; domain != "" {
			config.Searches = append(config.Searches, p.pod.Namespace+".svc."+domain, "svc."+domain, domain)
		}
		config.Searches = append(config.Searches, p.cfg.DNS.Searches...)
		config.Options = []string{"ndots:5"}
	case p.pod.Spec.DNSConfig == nil:
		return nil
	}
	if d := p.pod.Spec.DNSConfig; d != nil {
		config.Servers = append(config.Servers, d.Nameservers...)
		config.Searches = append(config.Searches, d.Searches...)
		for _, o := range d.Options {
			option := o.Name
			if o.Value != nil {
				option += ":" + *o.Value
			}
			config.Options = append(config.Options, option)
		}
	}
	return config
}

func (p *pass) namespaces() *cri.NamespaceOption {
	spec := &p.pod.Spec
	mode := func(host bool, otherwise cri.NamespaceMode) cri.NamespaceMode {
		if host {
			return cri.NamespaceMode_NODE
		}
		return otherwise
	}
	pid := cri.NamespaceMode_CONTAINER
	if spec.ShareProcessNamespace != nil && *spec.ShareProcessNamespace {
		pid = cri.NamespaceMode_POD
	}
	return &cri.NamespaceOption{Network: mode(spec.HostNetwork, cri.NamespaceMode_POD), Pid: mode(spec.HostPID, pid), Ipc: mode(spec.HostIPC, cri.NamespaceMode_POD)}
}

func (p *pass) privileged() bool {
	for _, m := range p.members {
		if sc := m.spec.SecurityContext; sc != nil && sc.Privileged != nil && *sc.Privileged {
			return true
		}
	}
	return false
}

func (p *pass) labels(container string) map[string]string {
	l := map[string]string{runtime.LabelPodName: p.pod.Name, runtime.LabelPodNamespace: p.pod.Namespace, runtime.LabelPodUID: string(p.pod.UID)}
	if container != "" {
		l[runtime.LabelContainerName] = container
	}
	return l
}

// containerConfig is what the runtime is told about one attempt, with the files that have to be there first. An error
// is what CreateContainerConfigError says.
func (p *pass) containerConfig(m *member, attempt uint32, level int) (*cri.ContainerConfig, []File, error) {
	c := m.spec
	if err := unsupported(c); err != nil {
		return nil, nil, err
	}
	env, values, err := p.environment(c)
	if err != nil {
		return nil, nil, err
	}
	mounts, files, err := p.mounts(c, attempt, values)
	if err != nil {
		return nil, nil, err
	}
	security, err := p.security(c)
	if err != nil {
		return nil, nil, err
	}
	return &cri.ContainerConfig{
		Metadata:    &cri.ContainerMetadata{Name: c.Name, Attempt: attempt},
		Image:       &cri.ImageSpec{Image: c.Image, UserSpecifiedImage: c.Image},
		Command:     expandAll(c.Command, values),
		Args:        expandAll(c.Args, values),
		WorkingDir:  c.WorkingDir,
		Envs:        env,
		Mounts:      mounts,
		Labels:      p.labels(c.Name),
		Annotations: p.annotations(c, attempt, level),
		LogPath:     filepath.Join(c.Name, strconv.FormatUint(uint64(attempt), 10)+".log"),
		Stdin:       c.Stdin, StdinOnce: c.StdinOnce, Tty: c.TTY,
		Linux: &cri.LinuxContainerConfig{Resources: linuxResources(p.pod, c, p.cfg.Capacity.Memory().Value()), SecurityContext: security},
	}, files, nil
}

// unsupported names what this kubelet would otherwise silently leave out.
func unsupported(c *corev1.Container) error {
	for _, m := range c.VolumeMounts {
		if m.SubPath != "" || m.SubPathExpr != "" {
			return fmt.Errorf("volumeMount %q: subPath is not supported by this kubelet", m.Name)
		}
	}
	if len(c.VolumeDevices) > 0 {
		return errors.New("volumeDevices are not supported by this kubelet")
	}
	return nil
}

func (p *pass) annotations(c *corev1.Container, attempt uint32, level int) map[string]string {
	a := map[string]string{
		runtime.AnnotationHash:          hashContainer(c),
		runtime.AnnotationRestartCount:  strconv.FormatUint(uint64(attempt), 10),
		runtime.AnnotationMessagePath:   c.TerminationMessagePath,
		runtime.AnnotationMessagePolicy: string(c.TerminationMessagePolicy),
		runtime.AnnotationGracePeriod:   strconv.FormatInt(p.specGrace(), 10),
		runtime.AnnotationBackoff:       strconv.Itoa(level),
	}
	if len(c.Ports) > 0 {
		if ports, err := json.Marshal(c.Ports); err == nil {
			a[runtime.AnnotationPorts] = string(ports)
		}
	}
	return a
}

// hashContainer sums up what a running container must be replaced for: its name and image, all that can change.
func hashContainer(c *corev1.Container) string {
	h := fnv.New32a()
	fmt.Fprintf(h, "%q %q", c.Name, c.Image)
	return strconv.FormatUint(uint64(h.Sum32()), 16)
}

func (p *pass) mounts(c *corev1.Container, attempt uint32, values map[string]string) ([]*cri.Mount, []File, error) {
	var mounts []*cri.Mount
	hosts := !p.pod.Spec.HostNetwork
	for _, vm := range c.VolumeMounts {
		v := p.mounted(vm.Name)
		if v == nil {
			return nil, nil, fmt.Errorf("volume %q of volumeMount at %q is not in the pod", vm.Name, vm.MountPath)
		}
		m := &cri.Mount{ContainerPath: vm.MountPath, HostPath: v.Dir, Readonly: vm.ReadOnly || v.Files != nil}
		if vm.MountPropagation != nil {
			switch *vm.MountPropagation {
			case corev1.MountPropagationBidirectional:
				m.Propagation = cri.MountPropagation_PROPAGATION_BIDIRECTIONAL
			case corev1.MountPropagationHostToContainer:
				m.Propagation = cri.MountPropagation_PROPAGATION_HOST_TO_CONTAINER
			}
		}
		hosts = hosts && vm.MountPath != "/etc/hosts"
		mounts = append(mounts, m)
	}
	dir := p.cfg.PodDir(p.pod.UID)
	var files []File
	if hosts {
		name := hostname(p.pod, p.cfg.Hostname)
		files = append(files, File{Path: hostsPath(dir), Data: hostsFile(p.pod, name, p.podIPs()), Mode: 0o644})
		mounts = append(mounts, &cri.Mount{ContainerPath: "/etc/hosts", HostPath: hostsPath(dir)})
	}
	if c.TerminationMessagePath != "" {
		path := p.cfg.messageFile(p.pod.UID, c.Name, attempt)
		files = append(files, File{Path: path, Mode: 0o666}) // whoever the container runs as may write it
		mounts = append(mounts, &cri.Mount{ContainerPath: c.TerminationMessagePath, HostPath: path})
	}
	return mounts, files, nil
}

func (p *pass) mounted(name string) *Volume {
	for i := range p.wantVolumes {
		if p.wantVolumes[i].Name == name {
			return &p.wantVolumes[i]
		}
	}
	return nil
}
