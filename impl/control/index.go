package control

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ByOwner finds objects by the UID of their controlling owner; "" are those that have none.
var ByOwner = Index{Name: "owner", Values: func(obj metav1.Object, add func(string)) {
	if ref := metav1.GetControllerOfNoCopy(obj); ref != nil {
		add(string(ref.UID))
		return
	}
	add("")
}}

// ByNode finds pods by spec.nodeName; "" are those that have none.
var ByNode = Index{Name: "node", Values: func(obj metav1.Object, add func(string)) {
	if pod, ok := obj.(*corev1.Pod); ok {
		add(pod.Spec.NodeName)
	}
}}

// ByNamespace finds objects by their namespace.
var ByNamespace = Index{Name: "namespace", Values: func(obj metav1.Object, add func(string)) {
	add(obj.GetNamespace())
}}

// index keeps, per value, the entries in the order of their names.
type index struct {
	Index
	entries map[string][]*entry

	// Scratch space, so that an update allocates nothing.
	before, after       []string
	addBefore, addAfter func(string)
}

func newIndex(of Index) *index {
	i := &index{Index: of, entries: map[string][]*entry{}}
	i.addBefore = func(v string) { i.before = append(i.before, v) }
	i.addAfter = func(v string) { i.after = append(i.after, v) }
	return i
}

// index is the cache's index of that name.
func (c *cache) index(indexName string) *index {
	for _, i := range c.indexes {
		if i.Name == indexName {
			return i
		}
	}
	misused("source %s has no index %s", c.source.Name, indexName)
	return nil
}

// move files e under the values of what it shows, instead of those of old.
func (i *index) move(e *entry, old metav1.Object) {
	i.before, i.after = i.before[:0], i.after[:0]
	if old != nil {
		i.Values(old, i.addBefore)
	}
	if e.shown != nil {
		i.Values(e.shown, i.addAfter)
	}
	if slices.Equal(i.before, i.after) {
		return
	}
	for _, v := range i.before {
		i.remove(v, e)
	}
	for _, v := range i.after {
		i.insert(v, e)
	}
}

func (i *index) insert(value string, e *entry) {
	list := i.entries[value]
	if at, found := search(list, e); !found {
		i.entries[value] = slices.Insert(list, at, e)
	}
}

func (i *index) remove(value string, e *entry) {
	list := i.entries[value]
	at, found := search(list, e)
	if !found {
		return
	}
	if len(list) == 1 {
		delete(i.entries, value)
		return
	}
	i.entries[value] = slices.Delete(list, at, at+1)
}

func search(list []*entry, e *entry) (int, bool) {
	return slices.BinarySearchFunc(list, e.name, func(have *entry, want name) int { return have.name.compare(want) })
}
