package kubelet

import (
	"fmt"
	"hash/fnv"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/kubelet/volume"
)

// Volume is one volume of a pod as it should be on disk.
type Volume struct {
	Name string
	Dir  string // what is mounted
	// Exactly one of these is meant: Check for a hostPath, Files for a volume with content, neither for an emptyDir.
	Check  *corev1.HostPathType
	Files  map[string]volume.File
	Memory bool // an emptyDir in memory
	Limit  int64
}

// Lookup finds what a pod refers to in its namespace; nil: it is not there. An error: it is not known whether it is.
type Lookup struct {
	ConfigMap func(name string) (*corev1.ConfigMap, error)
	Secret    func(name string) (*corev1.Secret, error)
	// Services are all services of all namespaces; nil: there are none.
	Services func() []*corev1.Service
}

// volumes computes the content of all volumes of a pod. An error says which volume cannot be set up, in upstream's words.
func (p *pass) volumes() (list []Volume, hash string, err error) {
	for i := range p.pod.Spec.Volumes {
		v, err := p.volume(&p.pod.Spec.Volumes[i])
		if err != nil {
			return nil, "", fmt.Errorf("MountVolume.SetUp failed for volume %q : %w", p.pod.Spec.Volumes[i].Name, err)
		}
		list = append(list, v)
	}
	return list, hashVolumes(list), nil
}

func (p *pass) volume(v *corev1.Volume) (Volume, error) {
	dir := func(kind string) string { return p.cfg.VolumeDir(p.pod.UID, kind, v.Name) }
	switch s := v.VolumeSource; {
	case s.EmptyDir != nil:
		out := Volume{Name: v.Name, Dir: dir("empty-dir"), Memory: s.EmptyDir.Medium == corev1.StorageMediumMemory}
		if s.EmptyDir.Medium != corev1.StorageMediumDefault && !out.Memory {
			return out, fmt.Errorf("unknown storage medium %q", s.EmptyDir.Medium)
		}
		if s.EmptyDir.SizeLimit != nil {
			out.Limit = s.EmptyDir.SizeLimit.Value()
		}
		return out, nil
	case s.HostPath != nil:
		kind := corev1.HostPathUnset
		if s.HostPath.Type != nil {
			kind = *s.HostPath.Type
		}
		return Volume{Name: v.Name, Dir: s.HostPath.Path, Check: &kind}, nil
	case s.ConfigMap != nil:
		files, err := p.configMapFiles(s.ConfigMap)
		return Volume{Name: v.Name, Dir: dir("configmap"), Files: files}, err
	case s.Secret != nil:
		files, err := p.secretFiles(s.Secret)
		return Volume{Name: v.Name, Dir: dir("secret"), Files: files}, err
	case s.DownwardAPI != nil:
		files, err := p.downwardFiles(s.DownwardAPI)
		return Volume{Name: v.Name, Dir: dir("downward-api"), Files: files}, err
	case s.Projected != nil:
		files, err := p.projectedFiles(s.Projected)
		return Volume{Name: v.Name, Dir: dir("projected"), Files: files}, err
	}
	return Volume{}, fmt.Errorf("its volume source is not supported by this kubelet")
}

// projectedFiles are the files of all sources in one directory. Of two with one path the later counts.
func (p *pass) projectedFiles(s *corev1.ProjectedVolumeSource) (map[string]volume.File, error) {
	all := map[string]volume.File{}
	for i := range s.Sources {
		var files map[string]volume.File
		var err error
		switch from := &s.Sources[i]; {
		case from.ConfigMap != nil:
			files, err = p.configMapFiles(&corev1.ConfigMapVolumeSource{LocalObjectReference: from.ConfigMap.LocalObjectReference,
				Items: from.ConfigMap.Items, DefaultMode: s.DefaultMode, Optional: from.ConfigMap.Optional})
		case from.Secret != nil:
			files, err = p.secretFiles(&corev1.SecretVolumeSource{SecretName: from.Secret.Name,
				Items: from.Secret.Items, DefaultMode: s.DefaultMode, Optional: from.Secret.Optional})
		case from.DownwardAPI != nil:
			files, err = p.downwardFiles(&corev1.DownwardAPIVolumeSource{Items: from.DownwardAPI.Items, DefaultMode: s.DefaultMode})
		case from.ServiceAccountToken != nil:
			var text string
			text, err = p.tokenFor(from.ServiceAccountToken)
			files = map[string]volume.File{from.ServiceAccountToken.Path: {Data: []byte(text), Mode: fileMode(s.DefaultMode, nil)}}
		default:
			err = fmt.Errorf("a source of it is not supported by this kubelet")
		}
		if err != nil {
			return nil, err
		}
		maps.Copy(all, files)
	}
	return all, nil
}

func (p *pass) configMapFiles(s *corev1.ConfigMapVolumeSource) (map[string]volume.File, error) {
	cm, err := p.refs.ConfigMap(s.Name)
	if err != nil {
		return nil, err
	}
	optional := s.Optional != nil && *s.Optional
	if cm == nil {
		if optional {
			return map[string]volume.File{}, nil
		}
		return nil, fmt.Errorf("configmap %q not found", s.Name)
	}
	data := map[string][]byte{}
	for key, value := range cm.Data {
		data[key] = []byte(value)
	}
	maps.Copy(data, cm.BinaryData)
	return project(data, s.Items, s.DefaultMode, optional, "configmap")
}

func (p *pass) secretFiles(s *corev1.SecretVolumeSource) (map[string]volume.File, error) {
	secret, err := p.refs.Secret(s.SecretName)
	if err != nil {
		return nil, err
	}
	optional := s.Optional != nil && *s.Optional
	if secret == nil {
		if optional {
			return map[string]volume.File{}, nil
		}
		return nil, fmt.Errorf("secret %q not found", s.SecretName)
	}
	return project(secret.Data, s.Items, s.DefaultMode, optional, "secret")
}

// project picks the keys that a volume names, or takes all.
func project(data map[string][]byte, items []corev1.KeyToPath, mode *int32, optional bool, kind string) (map[string]volume.File, error) {
	files := map[string]volume.File{}
	if len(items) == 0 {
		for key, value := range data {
			files[key] = volume.File{Data: value, Mode: fileMode(mode, nil)}
		}
		return files, nil
	}
	for _, item := range items {
		value, ok := data[item.Key]
		if !ok {
			if optional {
				continue
			}
			return nil, fmt.Errorf("%s references non-existent %s key: %s", kind, kind, item.Key)
		}
		files[item.Path] = volume.File{Data: value, Mode: fileMode(mode, item.Mode)}
	}
	return files, nil
}

func (p *pass) downwardFiles(s *corev1.DownwardAPIVolumeSource) (map[string]volume.File, error) {
	files := map[string]volume.File{}
	for _, item := range s.Items {
		var value string
		var err error
		switch {
		case item.FieldRef != nil:
			value, err = p.field(item.FieldRef.FieldPath)
		case item.ResourceFieldRef != nil:
			value, err = p.resourceField(item.ResourceFieldRef, nil)
		}
		if err != nil {
			return nil, err
		}
		files[item.Path] = volume.File{Data: []byte(value), Mode: fileMode(s.DefaultMode, item.Mode)}
	}
	return files, nil
}

const defaultFileMode = 0o644

func fileMode(volume, item *int32) uint32 {
	switch {
	case item != nil:
		return uint32(*item)
	case volume != nil:
		return uint32(*volume)
	}
	return defaultFileMode
}

// hashVolumes sums up the content, so that a change of it is noticed and set up again.
func hashVolumes(list []Volume) string {
	h := fnv.New64a()
	for _, v := range list {
		fmt.Fprintf(h, "%q %q %v %d\n", v.Name, v.Dir, v.Memory, v.Limit)
		for _, path := range slices.Sorted(maps.Keys(v.Files)) {
			fmt.Fprintf(h, "%q %o %q\n", path, v.Files[path].Mode, v.Files[path].Data)
		}
	}
	return strconv.FormatUint(h.Sum64(), 16)
}

// formatMap writes labels or annotations as the downward API does: sorted, one a line, quoted.
func formatMap(m map[string]string) string {
	lines := make([]string, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		lines = append(lines, key+"="+strconv.Quote(m[key]))
	}
	return strings.Join(lines, "\n")
}

func hostname(pod *corev1.Pod, node string) string {
	const longest = 63 // of a label of a DNS name
	switch {
	case pod.Spec.HostNetwork:
		return node
	case pod.Spec.Hostname != "":
		return pod.Spec.Hostname
	case len(pod.Name) > longest:
		return strings.TrimRight(pod.Name[:longest], "-.")
	}
	return pod.Name
}

// hostsFile is /etc/hosts of a pod on the pod network. Upstream: pkg/kubelet/kubelet_pods.go, managedHostsFileContent.
func hostsFile(pod *corev1.Pod, name string, ips []string) string {
	var b strings.Builder
	b.WriteString("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" +
		"fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n")
	for _, ip := range ips {
		b.WriteString(ip + "\t" + name + "\n")
	}
	if len(pod.Spec.HostAliases) > 0 {
		b.WriteString("\n# Entries added by HostAliases.\n")
	}
	for _, alias := range pod.Spec.HostAliases {
		b.WriteString(alias.IP + "\t" + strings.Join(alias.Hostnames, "\t") + "\n")
	}
	return b.String()
}

// isDeleted reports whether the API wants the object gone.
func isDeleted(obj metav1.Object) bool { return obj.GetDeletionTimestamp() != nil }

func hostsPath(dir string) string { return filepath.Join(dir, "etc-hosts") }
