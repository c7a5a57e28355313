package converge

import (
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
)

// namespace judges one that is being deleted: it is gone, unless somebody holds an object in it, or the namespace itself when it is empty and its
// controller has let it go.
func (j *judge) namespace(v *history.Version, obj *object.Object, live []*history.Version, silent map[string]bool) {
	left, first := 0, v
	for _, in := range live {
		if in.Object.Namespace != v.Object.Name {
			continue
		}
		// A pod on a node that is silent is held by that: no kubelet says that it is gone.
		if o := j.read(in); o == nil || o.Metadata.DeletionTimestamp != "" && (len(o.Metadata.Finalizers) > 0 || in.Object.Resource == "pods" && silent[o.Spec.NodeName]) {
			return
		}
		if left++; left == 1 {
			first = in
		}
	}
	switch finalizers := obj.Spec.Finalizers; {
	case left > 0:
		j.broken(Vanishes, 108, v.Seq(), "%s is being deleted since %s, and %d objects are left in it that nobody holds, the first of them %s",
			v.Object, obj.Metadata.DeletionTimestamp, left, first.Object)
	case slices.Contains(finalizers, "kubernetes"):
		j.broken(Vanishes, 108, v.Seq(), "%s is being deleted since %s, is empty, and has not been finalized", v.Object, obj.Metadata.DeletionTimestamp)
	case len(finalizers)+len(obj.Metadata.Finalizers) == 0:
		j.broken(Vanishes, 108, v.Seq(), "%s is being deleted since %s, and nobody holds it", v.Object, obj.Metadata.DeletionTimestamp)
	}
}
