package control

import (
	"iter"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// View is what a decision sees: the caches of all sources, overlaid with the ledger. Objects are shared and must not be
// modified.
type View struct{}

// Get returns the object of that name, or nil.
func (v *View) Get(source, namespace, name string) metav1.Object { panic("being written") }

// Select yields the objects whose index has that value, in the order of their namespaces and names.
func (v *View) Select(source, index, value string) iter.Seq[metav1.Object] { panic("being written") }

// All yields every object of a source, in the order of their namespaces and names.
func (v *View) All(source string) iter.Seq[metav1.Object] { panic("being written") }

// RV is the resourceVersion that the source has reached.
func (v *View) RV(source string) int64 { panic("being written") }

// Live returns the answer of a live read that the key's last plan asked for. read is false where there was none, and
// obj is nil where the object was not found.
func (v *View) Live(source, namespace, name string) (obj metav1.Object, read bool) { panic("being written") }

// Used reports whether the name is taken, or was once since the loop began: what is deleted is remembered.
func (v *View) Used(source, namespace, name string) bool { panic("being written") }
