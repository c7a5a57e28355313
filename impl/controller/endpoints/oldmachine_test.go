//lint:file-ignore SA1019 Endpoints are deprecated, and upstream still writes them

package endpoints_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
)

// FuzzOld is the machine below, its choices made by the fuzzer.
func FuzzOld(f *testing.F) { f.Fuzz(rapid.MakeFuzz(tried{old: true}.check)) }

// Goal: the Endpoints of old, whatever happens, are written only as the view justifies, and once faults end those of each service hold each pod that
// is wanted, as ready as it is, those that nobody wants any more are gone, and somebody else's are as they were. Method: the machine of the slices.
func TestOldMachine(t *testing.T) { rapid.Check(t, tried{old: true}.check) }

// Goal: the machine is seen to fail. Method: each planted bug must be found by some of a few hundred runs, for the right reason.
func TestOldMachineFindsBugs(t *testing.T) {
	for _, bug := range []struct {
		name  string
		tried tried
		why   string
	}{
		{"others are deleted than were seen", tried{plan: func(e *control.Effect) {
			if p := e.Request.Delete; p != nil {
				p.Preconditions = &metav1.Preconditions{UID: p.Preconditions.UID}
			}
		}}, "requires not what was seen"},
		{"what is not ready is said to be", tried{plan: func(e *control.Effect) {
			if old, ok := e.Request.Object.(*corev1.Endpoints); ok {
				for i := range old.Subsets {
					s := &old.Subsets[i]
					s.Addresses, s.NotReadyAddresses = append(s.Addresses, s.NotReadyAddresses...), nil
				}
			}
		}}, "says of"},
		{"what somebody else has made is deleted", tried{plan: func(e *control.Effect) {
			if e.Request.Verb == api.Delete {
				e.Request.Name = "by-hand"
			}
		}}, "is of what somebody else has made"},
		{"Endpoints are not watched", tried{deaf: "endpoints"}, "once faults end"},
		{"pods are not watched", tried{deaf: "pods"}, "once faults end"},
		{"services are not watched", tried{deaf: "services"}, "once faults end"},
	} {
		found := ""
		bug.tried.old = true
		for seed := 0; seed < 300 && found == ""; seed++ {
			found = rapid.Custom(func(t *rapid.T) string { return bug.tried.run(t) }).Example(seed)
		}
		require.Contains(t, found, bug.why, bug.name)
	}
}

// oldLabel and oldManager say of Endpoints that the controller has made them.
const oldLabel, oldManager = "endpoints.kubernetes.io/managed-by", "endpoint-controller"

// editOld does to Endpoints what nobody should, or makes some by hand, for a service or for none.
func (w *world) editOld(service string, choose controltest.Choose) {
	by := map[string]string{oldLabel: oldManager}
	if choose("label", 2) == 1 {
		by = nil
	}
	what := choose("edit", 4)
	switch what {
	case 0:
		if choose("none", 2) == 1 {
			service = "by-hand"
		}
		_, _ = w.api.Do(request(api.Create, "endpoints", service, &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Labels: by},
			Subsets: []corev1.EndpointSubset{{Addresses: []corev1.EndpointAddress{{IP: "192.0.2.1"}}}}}))
	case 1:
		_, _ = w.api.Do(request(api.Delete, "endpoints", service, nil))
	default:
		change(w, "endpoints", service, func(e *corev1.Endpoints) {
			if what == 2 {
				e.Labels = by
			} else {
				e.Subsets = []corev1.EndpointSubset{{Addresses: []corev1.EndpointAddress{{IP: "192.0.2.2"}}}}
			}
		})
	}
}

// unjustifiedOld says why a write should not be planned.
func unjustifiedOld(v *control.View, r *api.Request) string {
	old, _ := v.Get("endpoints", r.Namespace, r.Name).(*corev1.Endpoints)
	service, _ := v.Get("services", r.Namespace, r.Name).(*corev1.Service)
	if r.Verb == api.Delete {
		switch p := r.Delete; {
		case old == nil || old.Labels[oldLabel] != oldManager:
			return "is of what somebody else has made"
		case service != nil:
			return "is of a service that is there"
		case p == nil || p.Preconditions == nil || *p.Preconditions.UID != old.UID || p.Preconditions.ResourceVersion == nil || *p.Preconditions.ResourceVersion != old.ResourceVersion:
			return "requires not what was seen"
		}
		return ""
	}
	next := r.Object.(*corev1.Endpoints)
	switch {
	case service == nil || len(service.Spec.Selector) == 0:
		return "is of what no service wants"
	case (old != nil) != (r.Verb == api.Update) || old != nil && (next.UID != old.UID || next.ResourceVersion != old.ResourceVersion):
		return "requires not what was seen"
	}
	for _, a := range said(next) {
		pod, _ := v.Get("pods", r.Namespace, a.TargetRef.Name).(*corev1.Pod)
		if pod == nil || pod.UID != a.TargetRef.UID || pod.Status.PodIPs[0].IP != a.IP || !wantedOld(service, pod) || a.ready != readyOld(service, pod) {
			return fmt.Sprintf("says of %s what is not so", a.TargetRef.Name)
		}
	}
	return ""
}

// one is one address of Endpoints, and what is said of it.
type one struct {
	corev1.EndpointAddress
	ready bool
	port  int32
}

func said(e *corev1.Endpoints) (all []one) {
	for _, s := range e.Subsets {
		port := int32(0)
		if len(s.Ports) > 0 {
			port = s.Ports[0].Port
		}
		for _, a := range s.Addresses {
			all = append(all, one{a, true, port})
		}
		for _, a := range s.NotReadyAddresses {
			all = append(all, one{a, false, port})
		}
	}
	return all
}

// wantedOld: the Endpoints of the service name the pod, and readyOld, that it is ready.
func wantedOld(s *corev1.Service, pod *corev1.Pod) bool {
	return wanted(s, pod) && (s.Spec.PublishNotReadyAddresses || pod.DeletionTimestamp == nil)
}

func readyOld(s *corev1.Service, pod *corev1.Pod) bool {
	return s.Spec.PublishNotReadyAddresses || len(pod.Status.Conditions) > 0 && pod.Status.Conditions[0].Status == corev1.ConditionTrue
}

// settledOld says what is wrong with Endpoints once faults have ended.
func (w *world) settledOld() string {
	at := map[string]*corev1.Endpoints{}
	for _, obj := range list(w, "endpoints") {
		at[obj.GetName()] = obj.(*corev1.Endpoints)
	}
	for _, obj := range list(w, "services") {
		s, e := obj.(*corev1.Service), at[obj.GetName()]
		if delete(at, s.Name); len(s.Spec.Selector) == 0 {
			continue
		}
		if e == nil || e.Labels[oldLabel] != oldManager {
			return fmt.Sprintf("once faults end %s has no Endpoints of its own", s.Name)
		}
		want := map[string]bool{}
		for _, p := range list(w, "pods") {
			if pod := p.(*corev1.Pod); wantedOld(s, pod) {
				want[fmt.Sprintf("%s %s %v %d", pod.UID, pod.Status.PodIPs[0].IP, readyOld(s, pod), s.Spec.Ports[0].TargetPort.IntVal)] = true
			}
		}
		for _, a := range said(e) {
			if a.TargetRef == nil {
				return fmt.Sprintf("once faults end %s has %s, which is nobody's", s.Name, a.IP)
			}
			is := fmt.Sprintf("%s %s %v %d", a.TargetRef.UID, a.IP, a.ready, a.port)
			if !want[is] {
				return fmt.Sprintf("once faults end %s has %s, which is not so, or twice", s.Name, is)
			}
			delete(want, is)
		}
		if len(want) > 0 {
			return fmt.Sprintf("once faults end %s lacks %v", s.Name, want)
		}
	}
	for name, e := range at {
		if e.Labels[oldLabel] == oldManager {
			return fmt.Sprintf("once faults end %s is there, and has no service", name)
		}
	}
	return ""
}
