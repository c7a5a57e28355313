package kubelet

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/control"
)

// sourceReferences is local: the config maps and secrets that pods refer to, each as far as it has been read. With [Config].OneByOne it takes the
// place of the two sources of all of them.
const sourceReferences = "references"

// keyReferences is the key under which is decided what is to be read.
const keyReferences control.Key = "references"

// Reference is what is known of one config map or secret. Its name is "configmaps/NAME" or "secrets/NAME".
type Reference struct {
	metav1.ObjectMeta
	// Read: it was, at least once; then Object is what it was last, nil if it is not there.
	Read   bool
	Object metav1.Object
	// Failure is why it could not be read so far, once that was tried often enough to be worth telling.
	Failure string
}

// Refer names a config map or secret.
type Refer struct{ Source, Namespace, Name string }

func (r Refer) reference() Reference {
	return Reference{ObjectMeta: metav1.ObjectMeta{Namespace: r.Namespace, Name: r.Source + "/" + r.Name, UID: localUID}}
}

// index is the value of [byReference] for it.
func (r Refer) index() string { return r.Source + "/" + r.Namespace + "/" + r.Name }

func referOf(ref *Reference) Refer {
	source, name, _ := strings.Cut(ref.Name, "/")
	return Refer{source, ref.Namespace, name}
}

// Follow has exactly these config maps and secrets be read, and read again when they change.
type Follow struct{ All []Refer }

// errUnread: it has not been read yet, and nobody knows yet why.
var errUnread = errors.New("it has not been read yet")

// decideReferences has read what the pods of this node refer to, and nothing else: a kubelet may read nothing else.
func (k *Kubelet) decideReferences(v *control.View) control.Plan {
	wanted := map[Refer]bool{}
	for obj := range v.All(sourcePods).Each {
		for _, r := range k.refers(obj) {
			wanted[r] = true
		}
	}
	followed := map[Refer]bool{}
	for obj := range v.All(sourceReferences).Each {
		followed[referOf(obj.(*Reference))] = true
	}
	if maps.Equal(wanted, followed) {
		return control.Plan{}
	}
	all := slices.SortedFunc(maps.Keys(wanted), func(a, b Refer) int {
		return strings.Compare(a.index(), b.index())
	})
	return control.Plan{Batches: [][]control.Effect{{{Other: Follow{all}}}}, Why: "pods refer to others than before"}
}

// refers are what a pod refers to, if it is this node's and may still need it.
func (k *Kubelet) refers(obj metav1.Object) (all []Refer) {
	pod, ok := obj.(*corev1.Pod)
	if !ok || pod.Spec.NodeName != k.cfg.Node || terminal(pod.Status.Phase) {
		return nil
	}
	references(&pod.Spec, func(source, name string) {
		if r := (Refer{source, pod.Namespace, name}); !slices.Contains(all, r) {
			all = append(all, r)
		}
	})
	return all
}

// lookup finds a config map or secret, or says that there is none by nil. An error is that it is not known.
func (k *Kubelet) lookup(v *control.View, r Refer) (metav1.Object, error) {
	if !k.cfg.OneByOne {
		return v.Get(r.Source, r.Namespace, r.Name), nil
	}
	ref, _ := v.Get(sourceReferences, r.Namespace, r.Source+"/"+r.Name).(*Reference)
	switch {
	case ref == nil || !ref.Read && ref.Failure == "":
		return nil, errUnread
	case !ref.Read:
		return nil, fmt.Errorf("failed to sync %s cache: %s", strings.TrimSuffix(r.Source, "s"), ref.Failure)
	}
	return ref.Object, nil
}

// lookups are those of the pods of a namespace.
func (k *Kubelet) lookups(v *control.View, namespace string) Lookup {
	return Lookup{
		ConfigMap: func(name string) (*corev1.ConfigMap, error) {
			obj, err := k.lookup(v, Refer{sourceConfigMaps, namespace, name})
			cm, _ := obj.(*corev1.ConfigMap)
			return cm, err
		},
		Secret: func(name string) (*corev1.Secret, error) {
			obj, err := k.lookup(v, Refer{sourceSecrets, namespace, name})
			s, _ := obj.(*corev1.Secret)
			return s, err
		},
		Services: func() (all []*corev1.Service) {
			for svc := range v.All(sourceServices).Each {
				all = append(all, svc.(*corev1.Service))
			}
			return all
		},
	}
}

// same compares all but the object's version.
func (r *Reference) same(s *Reference) bool {
	version := func(obj metav1.Object) (types.UID, string) {
		if obj == nil {
			return "", ""
		}
		return obj.GetUID(), obj.GetResourceVersion()
	}
	uid, rv := version(r.Object)
	otherUID, otherRV := version(s.Object)
	return r.Read == s.Read && r.Failure == s.Failure && uid == otherUID && rv == otherRV
}
