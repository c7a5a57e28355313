package scheduler

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"orrery/impl/control"
)

// domain is one value of one topology key: the nodes with that label.
type domain struct{ key, value string }

// topology holds, for the pod to be scheduled, the domains in which it must be and must not be.
type topology struct {
	near    []term          // every one must be met
	found   map[int]domains // where a pod is that meets all of near, by the term's position
	alone   bool            // no such pod exists, and the pod itself would be one
	away    domains         // the pod keeps away from a pod there
	refused domains         // a pod there keeps away from the pod
}

type domains map[domain]bool

// term is one affinity term, with its selectors read.
type term struct {
	key        string
	selector   labels.Selector
	namespaces []string
	ofLabels   labels.Selector // of namespaces; nil: none
}

func required(pod *corev1.Pod) (near, away []corev1.PodAffinityTerm) {
	a := pod.Spec.Affinity
	if a == nil {
		return nil, nil
	}
	if a.PodAffinity != nil {
		near = a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	if a.PodAntiAffinity != nil {
		away = a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	return near, away
}

func hasAffinity(pod *corev1.Pod) bool {
	near, away := required(pod)
	return len(near)+len(away) > 0
}

// newTopology looks at every pod on every node once.
func newTopology(v *control.View, pod *corev1.Pod, all []*candidate) *topology {
	near, away := required(pod)
	t := &topology{near: readTerms(pod, near), found: map[int]domains{}, away: domains{}, refused: domains{}}
	apart := readTerms(pod, away)
	t.alone = len(t.near) > 0
	for _, c := range all {
		for _, other := range c.pods {
			if matchesAll(v, t.near, other) {
				t.alone = false
				for i, n := range t.near {
					t.note(i, n.key, c.node)
				}
			}
			for _, a := range apart {
				if a.matches(v, other) {
					t.away.add(a.key, c.node)
				}
			}
			_, keeps := required(other)
			for _, k := range readTerms(other, keeps) {
				if k.matches(v, pod) {
					t.refused.add(k.key, c.node)
				}
			}
		}
	}
	t.alone = t.alone && matchesAll(v, t.near, pod)
	return t
}

func (t *topology) note(i int, key string, node *corev1.Node) {
	if t.found[i] == nil {
		t.found[i] = domains{}
	}
	t.found[i].add(key, node)
}

func (d domains) add(key string, node *corev1.Node) {
	if value, ok := node.Labels[key]; ok {
		d[domain{key, value}] = true
	}
}

// filter says why the pod may not run on the node.
func (t *topology) filter(node *corev1.Node) []string {
	for i, n := range t.near {
		value, ok := node.Labels[n.key]
		if !ok || !t.alone && !t.found[i][domain{n.key, value}] {
			return []string{reasonAffinity}
		}
	}
	switch {
	case t.away.hold(node):
		return []string{reasonAntiAffinity}
	case t.refused.hold(node):
		return []string{reasonExisting}
	}
	return nil
}

// hold reports whether the node is in one of the domains.
func (d domains) hold(node *corev1.Node) bool {
	// order does not matter: one is enough
	for one := range d {
		if value, ok := node.Labels[one.key]; ok && value == one.value {
			return true
		}
	}
	return false
}

// readTerms reads a pod's terms; a selector that cannot be read matches nothing.
func readTerms(pod *corev1.Pod, from []corev1.PodAffinityTerm) []term {
	var terms []term
	for _, f := range from {
		t := term{key: f.TopologyKey, selector: read(f.LabelSelector), namespaces: f.Namespaces}
		if f.NamespaceSelector != nil {
			t.ofLabels = read(f.NamespaceSelector)
		} else if len(t.namespaces) == 0 {
			t.namespaces = []string{pod.Namespace}
		}
		terms = append(terms, t)
	}
	return terms
}

func read(selector *metav1.LabelSelector) labels.Selector {
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return labels.Nothing()
	}
	return s
}

func (t term) matches(v *control.View, pod *corev1.Pod) bool {
	return t.covers(v, pod.Namespace) && t.selector.Matches(labels.Set(pod.Labels))
}

func (t term) covers(v *control.View, namespace string) bool {
	if slices.Contains(t.namespaces, namespace) {
		return true
	}
	if t.ofLabels == nil {
		return false
	}
	ns := v.Get(namespacesSource, "", namespace)
	return t.ofLabels.Empty() || ns != nil && t.ofLabels.Matches(labels.Set(ns.GetLabels()))
}

func matchesAll(v *control.View, terms []term, pod *corev1.Pod) bool {
	for _, t := range terms {
		if !t.matches(v, pod) {
			return false
		}
	}
	return len(terms) > 0
}
