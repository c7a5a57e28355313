package kubelet

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubectl/pkg/util/qos"
	"sigs.k8s.io/yaml"

	"orrery/impl/apiserver/registry"
	"orrery/impl/kubelet/runtime"
)

// maxManifest is how large a file may be, in bytes. Upstream: 10 MiB.
const maxManifest = 10 << 20

// Manifests reads the directory of the static pods' files, again and again. A file whose name begins with a dot, or does not end in .yaml, .yml or
// .json, is none.
//
// Upstream: pkg/kubelet/config/file.go, which takes any file, and takes a pod away whose file it cannot read any more. Here what was read last
// counts until the file is gone, as it may be about to be written.
type Manifests struct {
	Config Config
	// Log is told of each file that is not taken over, and why, once; nil: nobody is.
	Log func(format string, args ...any)

	read map[string]*manifest
}

// manifest is what is known of one file.
type manifest struct {
	content string
	wrong   string      // what is wrong with the content; empty: nothing
	pod     *corev1.Pod // nil: it was never right
	told    string
}

// Read is the pods that the files ask for now, in the order of the files' names. A directory that is not there has none. An error is that it
// cannot be read; then nothing is known.
func (m *Manifests) Read() ([]*corev1.Pod, error) {
	entries, err := os.ReadDir(m.Config.Manifests)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	before := m.read
	m.read = map[string]*manifest{}
	var pods []*corev1.Pod
	owners := map[podName]string{}
	for _, entry := range entries { // in order
		name := entry.Name()
		if entry.IsDir() || strings.HasPrefix(name, ".") || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name)) {
			continue
		}
		f := before[name]
		if f == nil {
			f = &manifest{}
		}
		why := f.update(&m.Config, filepath.Join(m.Config.Manifests, name))
		m.read[name] = f
		if f.pod != nil {
			if owner, taken := owners[podName{f.pod.Namespace, f.pod.Name}]; taken {
				why = fmt.Sprintf("%s asks for pod %s/%s too, and comes first", owner, f.pod.Namespace, f.pod.Name)
			} else {
				owners[podName{f.pod.Namespace, f.pod.Name}] = name
				pods = append(pods, f.pod)
			}
		}
		if why != "" && why != f.told && m.Log != nil {
			m.Log("%s: %s", filepath.Join(m.Config.Manifests, name), why)
		}
		f.told = why
	}
	return pods, nil
}

// update takes over what a file says, or returns why it does not.
func (f *manifest) update(cfg *Config, path string) (why string) {
	content, err := readFile(path)
	if err != nil {
		return err.Error()
	}
	if content == f.content && (f.pod != nil || f.wrong != "") {
		return f.wrong
	}
	f.content, f.wrong = content, ""
	pod, err := parseManifest(cfg, path, []byte(content))
	switch {
	case err == nil:
		f.pod = pod
	case f.pod != nil:
		f.wrong = err.Error() + "; the pod goes on as it was"
	default:
		f.wrong = err.Error()
	}
	return f.wrong
}

func readFile(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", errors.New("is no file")
	case info.Size() > maxManifest:
		return "", fmt.Errorf("has %d bytes, and may have %d", info.Size(), maxManifest)
	}
	content, err := os.ReadFile(path)
	return string(content), err
}

// parseManifest makes a static pod of a file's content: with defaults, a name that ends in the node's, and a UID that follows from node, file and
// content (row 9), whatever UID it gives itself.
func parseManifest(cfg *Config, path string, content []byte) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	if err := yaml.UnmarshalStrict(content, pod); err != nil {
		return nil, err
	}
	if pod.APIVersion != "v1" || pod.Kind != "Pod" {
		return nil, fmt.Errorf("apiVersion %q, kind %q: must be v1, Pod", pod.APIVersion, pod.Kind)
	}
	if pod.Name == "" {
		return nil, errors.New("metadata.name: is missing")
	}
	if pod.Namespace == "" {
		pod.Namespace = corev1.NamespaceDefault
	}
	if refers := refersToAPI(&pod.Spec); refers != "" {
		return nil, fmt.Errorf("it refers to a %s: a static pod may not, as it runs without the API", refers)
	}
	if pod.Spec.NodeName != "" && pod.Spec.NodeName != cfg.Node {
		return nil, fmt.Errorf("spec.nodeName: is %q, and this is node %q", pod.Spec.NodeName, cfg.Node)
	}
	pod.Name += "-" + strings.ToLower(cfg.Node)
	pod.Spec.NodeName = cfg.Node
	pod.UID, pod.ResourceVersion, pod.Generation, pod.DeletionTimestamp, pod.Status = "", "", 0, nil, corev1.PodStatus{}
	// No taint makes it leave.
	pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute})
	registry.Default(pod)
	if errs := registry.Validate(pod); len(errs) > 0 {
		return nil, errs.ToAggregate()
	}
	pod.Status.QOSClass = qos.ComputePodQOS(pod)
	text, err := json.Marshal(pod)
	if err != nil {
		return nil, err
	}
	pod.UID = types.UID(fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "node %q, file %q, pod %s", cfg.Node, path, text))))[:32]
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[runtime.AnnotationConfigSource] = sourceFile
	pod.Annotations[annotationConfigHash] = string(pod.UID)
	return pod, nil
}

// annotationConfigHash holds the UID of a static pod, as upstream's does.
const annotationConfigHash = "kubernetes.io/config.hash"

// refersToAPI is what kind of object in the API a pod refers to; empty: it refers to none.
func refersToAPI(spec *corev1.PodSpec) (kind string) {
	if spec.ServiceAccountName != "" || spec.DeprecatedServiceAccount != "" {
		return "service account"
	}
	references(spec, func(source, _ string) {
		kind = map[string]string{sourceConfigMaps: "config map", sourceSecrets: "secret"}[source]
	})
	tokenAsks(spec, func(TokenAsk) { kind = "token of a service account" })
	for _, v := range spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			kind = "persistent volume claim"
		}
	}
	if len(spec.ImagePullSecrets) > 0 {
		kind = "secret"
	}
	return kind
}

// Ask takes over the static pods that files ask for now.
func (l *Local) Ask(pods []*corev1.Pod) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := map[types.UID]*corev1.Pod{}
	for _, pod := range pods {
		next[pod.UID] = pod
	}
	for uid, pod := range l.asked { // whichever comes first
		if next[uid] == nil {
			l.withdrawn[uid] = podName{pod.Namespace, pod.Name}
		}
	}
	if l.asked != nil && maps.Equal(l.asked, next) {
		return
	}
	l.asked = next
	l.publishManifests()
}

// settleWithdrawn forgets of the pods that were withdrawn those of which nothing is left: if they are asked for again, they begin anew.
func (l *Local) settleWithdrawn() {
	before := len(l.withdrawn)
	maps.DeleteFunc(l.withdrawn, func(uid types.UID, name podName) bool {
		o := l.observed[name]
		return o == nil || !o.Uncertain && !slices.ContainsFunc(o.Pods, func(p runtime.Pod) bool { return p.UID == string(uid) })
	})
	if len(l.withdrawn) != before {
		l.publishManifests()
	}
}

// publishManifests gives the loop the static pods under the next number. One that was withdrawn and is asked for again is the same pod, as its UID
// is; it is not shown before the end of what it was (K09).
func (l *Local) publishManifests() {
	if l.Config.Manifests == "" || l.asked == nil {
		return
	}
	var objects []metav1.Object
	for _, uid := range slices.Sorted(maps.Keys(l.asked)) {
		if _, leaving := l.withdrawn[uid]; !leaving {
			objects = append(objects, l.asked[uid])
		}
	}
	l.number++
	_ = l.list(sourceManifests, l.number, objects)
}
