//lint:file-ignore SA1019 Endpoints are deprecated, and upstream still writes them

package endpoints

import (
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"orrery/impl/api"
	"orrery/impl/control"
)

// Reconcile decides what to do about the Endpoints of one name now.
//
// Upstream: with a service that it sees go, and when it starts, it also deletes Endpoints that it has not made; see BUGS.md, P10.
func (Old) Reconcile(v *control.View, _ time.Time, key control.Key) control.Plan {
	namespace, name := split(key)
	s, _ := v.Get(servicesSource, namespace, name).(*corev1.Service)
	have, _ := v.Get(oldSource, namespace, name).(*corev1.Endpoints)
	if s != nil && !managed(s) {
		return control.Plan{Why: "it has no selector: its Endpoints are somebody else's"}
	}
	if v.Doubtful(oldSource, namespace, name) {
		return control.Plan{Wants: "to learn what became of the last write to its Endpoints"}
	}
	if s == nil {
		switch {
		case have == nil:
			return control.Plan{Why: "it is gone, and has no Endpoints"}
		case have.Labels[oldManagedBy] != oldManager:
			return control.Plan{Why: "there is no such service, and somebody else has made the Endpoints"}
		case have.DeletionTimestamp != nil:
			return control.Plan{Why: "it is gone, and its Endpoints are being deleted"}
		}
		return control.Plan{Batches: [][]control.Effect{{removeOld(have)}}, Why: "it is gone"}
	}
	want := wantedOf(v, s, have)
	why := addresses(want)
	switch {
	case have == nil:
		return control.Plan{Batches: [][]control.Effect{{writeOld(api.Create, want, "the service has none")}}, Why: why}
	case !sameOld(have, want):
		return control.Plan{Batches: [][]control.Effect{{writeOld(api.Update, want, "they follow the pods")}}, Why: why}
	}
	return control.Plan{Why: why}
}

// sameOld: they say the same, of pods and of the service.
func sameOld(have, want *corev1.Endpoints) bool {
	return maps.Equal(have.Labels, want.Labels) && maps.Equal(have.Annotations, want.Annotations) && equality.Semantic.DeepEqual(have.Subsets, want.Subsets)
}

func addresses(e *corev1.Endpoints) string {
	ready, not := 0, 0
	for i := range e.Subsets {
		ready += len(e.Subsets[i].Addresses)
		not += len(e.Subsets[i].NotReadyAddresses)
	}
	return fmt.Sprintf("%d addresses, and %d that are not ready", ready, not)
}
