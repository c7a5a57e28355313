//lint:file-ignore SA1019 Endpoints are deprecated, and upstream still writes them

package endpoints_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/controller/endpoints"
)

// FuzzEndpoints is the machine below, its choices made by the fuzzer.
func FuzzEndpoints(f *testing.F) { f.Fuzz(rapid.MakeFuzz(sound.check)) }

// Goal: from any state, legal or not, and whatever happens to pods, services, slices and the controller's own requests: it writes only what its
// view justifies, and once faults end the slices of each service hold each pod that is wanted once, as it is, and nothing is written any more
// (rows 97 to 102, 123). Method: a world in which each action is one thing that happens, and an invariant after each.
func TestMachine(t *testing.T) { rapid.Check(t, sound.check) }

// Goal: the machine is seen to fail. Method: each planted bug must be found by some of a few hundred runs, for the right reason.
func TestMachineFindsBugs(t *testing.T) {
	for _, bug := range []struct {
		name  string
		tried tried
		why   string
	}{
		{"another slice is written than was seen", tried{plan: func(e *control.Effect) {
			if e.Request.Verb == api.Update {
				e.Request.Object.(*discoveryv1.EndpointSlice).ResourceVersion = "1"
			}
		}}, "requires not what was seen"},
		{"what is not ready is said to be", tried{plan: func(e *control.Effect) {
			if slice, ok := e.Request.Object.(*discoveryv1.EndpointSlice); ok && len(slice.Endpoints) > 0 {
				slice.Endpoints[0].Conditions.Ready, slice.Endpoints[0].Conditions.Serving = yes(true), yes(true)
			}
		}}, "says of"},
		{"slices are not watched", tried{deaf: "endpointslices"}, "once faults end"},
		{"pods are not watched", tried{deaf: "pods"}, "once faults end"},
	} {
		found := ""
		for seed := 0; seed < 300 && found == ""; seed++ {
			found = rapid.Custom(func(t *rapid.T) string { return bug.tried.run(t) }).Example(seed)
		}
		require.Contains(t, found, bug.why, bug.name)
	}
}

// tried is the controller, or one that differs from it.
type tried struct {
	plan func(*control.Effect) // changes what is planned
	deaf string                // the source of which it does not hear
	old  bool                  // it is the controller of the Endpoints of old
}

var sound tried

func (c tried) check(t *rapid.T) {
	if why := c.run(t); why != "" {
		t.Fatal(why)
	}
}

// run makes one run, and says what was broken in it.
func (c tried) run(t *rapid.T) string {
	w := &world{api: controltest.NewAPI(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)), old: c.old}
	w.proc = &controltest.Process{API: w.api, Component: func() control.Component { return component{w, c} }}
	// From a wide range, as small numbers are drawn more often.
	choose := func(label string, n int) int { return rapid.IntRange(0, 1<<24).Draw(t, label) % n }
	for range choose("litter", 12) {
		w.user(choose)
	}
	w.proc.Start()
	for range choose("steps", 120) {
		if choose("who", 5) == 0 {
			w.user(choose)
		} else {
			w.proc.Step(choose, true)
		}
		if w.said != "" {
			return w.said
		}
	}
	w.proc.Settle(time.Hour)
	if w.said != "" {
		return w.said
	}
	return w.settled()
}

type world struct {
	old  bool
	api  *controltest.API
	proc *controltest.Process
	said string
	next int
}

func served(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic(name)
	}
	return r
}

func request(verb api.Verb, resource, name string, obj api.Object) api.Request {
	return api.Request{Verb: verb, Resource: served(resource), Namespace: "ns", Name: name, Object: obj}
}

var serviceNames = []string{"web", "db"}

// user does one thing that users, kubelets and others do.
func (w *world) user(choose controltest.Choose) {
	name := serviceNames[choose("service", len(serviceNames))]
	pod := fmt.Sprintf("pod-%d", choose("pod", 3))
	switch choose("user", 12) {
	case 0, 1:
		_, _ = w.api.Do(request(api.Create, "services", name, &corev1.Service{Spec: corev1.ServiceSpec{Selector: map[string]string{"app": name},
			Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}}}))
	case 2:
		_, _ = w.api.Do(request(api.Delete, "services", name, nil))
	case 3:
		change(w, "services", name, func(s *corev1.Service) {
			s.Spec.Selector = []map[string]string{nil, {"app": "web"}, {"app": "db"}}[choose("selector", 3)]
			s.Spec.PublishNotReadyAddresses = choose("publish", 2) == 1
			s.Spec.Ports[0].TargetPort = intstr.FromInt32(int32(8080 + choose("port", 2)))
		})
	case 4, 5:
		_, _ = w.api.Do(request(api.Create, "pods", pod, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": name}}, Spec: corev1.PodSpec{NodeName: "n"}}))
	case 6, 7:
		w.kubelet(pod, choose)
	case 8:
		change(w, "pods", pod, func(p *corev1.Pod) { p.Labels = map[string]string{"app": name} })
	case 9:
		req := request(api.Delete, "pods", pod, nil)
		if zero := int64(0); choose("force", 2) == 1 {
			req.Delete = &metav1.DeleteOptions{GracePeriodSeconds: &zero}
		}
		_, _ = w.api.Do(req)
	case 10:
		if w.old {
			w.editOld(name, choose)
		} else {
			w.edit(name, choose)
		}
	default:
		if w.proc.Loop != nil {
			w.proc.Start()
		}
	}
}

// kubelet writes what a pod has become.
func (w *world) kubelet(name string, choose controltest.Choose) {
	obj, err := w.api.Do(request(api.Get, "pods", name, nil))
	if err != nil {
		return
	}
	pod := obj.DeepCopyObject().(*corev1.Pod)
	if pod.Status.Phase == corev1.PodFailed {
		return
	}
	pod.Status.Phase = []corev1.PodPhase{corev1.PodRunning, corev1.PodRunning, corev1.PodFailed}[choose("phase", 3)]
	pod.Status.PodIPs = []corev1.PodIP{{IP: fmt.Sprintf("10.0.0.%d", choose("address", 3)+1)}}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: []corev1.ConditionStatus{corev1.ConditionTrue, corev1.ConditionFalse}[choose("ready", 2)]}}
	req := request(api.Update, "pods", name, pod)
	req.Subresource = "status"
	w.api.Must(req)
}

// edit does to a slice what nobody should: it is made by hand, changed, given to another or deleted.
func (w *world) edit(service string, choose controltest.Choose) {
	_, all := w.api.List(served("endpointslices"))
	what := choose("edit", 5)
	if what == 0 || len(all) == 0 {
		w.next++
		_, _ = w.api.Do(request(api.Create, "endpointslices", fmt.Sprintf("litter-%d", w.next), &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{
			Labels:          map[string]string{discoveryv1.LabelServiceName: service, discoveryv1.LabelManagedBy: []string{manager, "me"}[choose("manager", 2)]},
			OwnerReferences: w.owner(service, choose)},
			AddressType: discoveryv1.AddressTypeIPv4, Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"192.0.2.1"}}}}))
		return
	}
	name := all[choose("slice", len(all))].GetName()
	if what == 1 {
		_, _ = w.api.Do(request(api.Delete, "endpointslices", name, nil))
		return
	}
	change(w, "endpointslices", name, func(s *discoveryv1.EndpointSlice) {
		switch what {
		case 2:
			s.Endpoints = []discoveryv1.Endpoint{{Addresses: []string{"192.0.2.2"}}}
		case 3:
			s.Labels = map[string]string{discoveryv1.LabelServiceName: service, discoveryv1.LabelManagedBy: []string{manager, "me"}[choose("manager", 2)]}
		default:
			s.Endpoints = append(slices.Clone(s.Endpoints), s.Endpoints...) // the same twice
		}
	})
}

const manager = "endpointslice-controller.k8s.io"

// owner is a reference to the service, to one that had its name, or none.
func (w *world) owner(service string, choose controltest.Choose) []metav1.OwnerReference {
	ref := metav1.OwnerReference{APIVersion: "v1", Kind: "Service", Name: service, UID: "of-before", Controller: yes(true)}
	switch obj, err := w.api.Do(request(api.Get, "services", service, nil)); choose("owner", 3) {
	case 0:
		return nil
	case 1:
		if err == nil {
			ref.UID = obj.GetUID()
		}
	}
	return []metav1.OwnerReference{ref}
}

// change writes an object anew, if it is there.
func change[T api.Object](w *world, resource, name string, change func(T)) {
	if obj, err := w.api.Do(request(api.Get, resource, name, nil)); err == nil {
		next := obj.DeepCopyObject().(T)
		change(next)
		w.api.Must(request(api.Update, resource, name, next))
	}
}

func yes(b bool) *bool { return &b }

// component holds every plan against the view that it was made in, with what is tried in place of the controller.
type component struct {
	*world
	tried
}

func (c component) controller() control.Component {
	if c.tried.old {
		return endpoints.Old{}
	}
	return endpoints.Slices{}
}

func (c component) Name() string              { return c.controller().Name() }
func (c component) Sources() []control.Source { return c.controller().Sources() }

func (c component) Keys(v *control.View, source string, old, new metav1.Object, add func(control.Key)) {
	if source != c.deaf {
		c.controller().Keys(v, source, old, new, add)
	}
}

func (c component) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	plan := c.controller().Reconcile(v, now, key)
	for _, batch := range plan.Batches {
		for i := range batch {
			if c.plan != nil {
				c.plan(&batch[i])
			}
			why := ""
			if c.tried.old {
				why = unjustifiedOld(v, batch[i].Request)
			} else {
				why = unjustified(v, batch[i].Request)
			}
			if why != "" {
				c.said = fmt.Sprintf("%s of %s for %s %s (%s)", batch[i].Request.Verb, batch[i].Request.Name, key, why, plan.Why)
			}
		}
	}
	return plan
}

// unjustified says why a write should not be planned.
func unjustified(v *control.View, r *api.Request) string {
	old, _ := v.Get("endpointslices", r.Namespace, r.Name).(*discoveryv1.EndpointSlice)
	if old != nil && (r.Verb == api.Create || old.Labels[discoveryv1.LabelManagedBy] != manager) {
		return "is of a slice that somebody else has made"
	}
	next, _ := r.Object.(*discoveryv1.EndpointSlice)
	switch r.Verb {
	case api.Delete:
		if p := r.Delete; p == nil || p.Preconditions == nil || *p.Preconditions.UID != old.UID || *p.Preconditions.ResourceVersion != old.ResourceVersion {
			return "requires not what was seen"
		}
		return ""
	case api.Update:
		if next.UID != old.UID || next.ResourceVersion != old.ResourceVersion {
			return "requires not what was seen"
		}
	}
	for i := range next.Endpoints {
		e := &next.Endpoints[i]
		pod, _ := v.Get("pods", r.Namespace, e.TargetRef.Name).(*corev1.Pod)
		service, _ := v.Get("services", r.Namespace, next.Labels[discoveryv1.LabelServiceName]).(*corev1.Service)
		if pod == nil || service == nil || !wanted(service, pod) || !says(e, service, pod) {
			return fmt.Sprintf("says of %s what is not so", e.TargetRef.Name)
		}
	}
	return ""
}

func wanted(s *corev1.Service, pod *corev1.Pod) bool {
	return len(s.Spec.Selector) > 0 && s.Spec.Selector["app"] == pod.Labels["app"] && pod.Status.Phase != corev1.PodFailed && len(pod.Status.PodIPs) > 0
}

// says: the endpoint is the pod's, and as the pod is.
func says(e *discoveryv1.Endpoint, s *corev1.Service, pod *corev1.Pod) bool {
	serving := len(pod.Status.Conditions) > 0 && pod.Status.Conditions[0].Status == corev1.ConditionTrue
	terminating := pod.DeletionTimestamp != nil
	c := e.Conditions
	return e.Addresses[0] == pod.Status.PodIPs[0].IP && e.TargetRef.UID == pod.UID && *c.Serving == serving && *c.Terminating == terminating &&
		*c.Ready == (s.Spec.PublishNotReadyAddresses || serving && !terminating)
}

// settled says what is wrong once faults have ended, and whether anything is still written then.
func (w *world) settled() string {
	made := served("endpointslices")
	if w.old {
		made = served("endpoints")
		if why := w.settledOld(); why != "" {
			return why
		}
	}
	rv, held := w.api.List(made)
	_, pods := w.api.List(served("pods"))
	for _, obj := range list(w, "services") {
		s := obj.(*corev1.Service)
		if len(s.Spec.Selector) == 0 || w.old {
			continue
		}
		n, slicesOf := map[string]int{}, 0
		for _, h := range held {
			slice := h.(*discoveryv1.EndpointSlice)
			if slice.Labels[discoveryv1.LabelServiceName] != s.Name || slice.Labels[discoveryv1.LabelManagedBy] != manager {
				continue
			}
			slicesOf++
			for i := range slice.Endpoints {
				e := &slice.Endpoints[i]
				at := slices.IndexFunc(pods, func(p metav1.Object) bool { return e.TargetRef != nil && p.GetUID() == e.TargetRef.UID })
				if at < 0 || !wanted(s, pods[at].(*corev1.Pod)) || !says(e, s, pods[at].(*corev1.Pod)) {
					return fmt.Sprintf("once faults end %s has %v in %s, which is not so", s.Name, e.Addresses, slice.Name)
				}
				if *slice.Ports[0].Port != s.Spec.Ports[0].TargetPort.IntVal {
					return fmt.Sprintf("once faults end %s has port %d in %s, and it is %d", s.Name, *slice.Ports[0].Port, slice.Name, s.Spec.Ports[0].TargetPort.IntVal)
				}
				n[pods[at].GetName()]++
			}
		}
		if slicesOf == 0 {
			return fmt.Sprintf("once faults end %s has no slice", s.Name)
		}
		for _, p := range pods {
			if pod := p.(*corev1.Pod); wanted(s, pod) && n[pod.Name] != 1 {
				return fmt.Sprintf("once faults end %s has %s in %d places", s.Name, pod.Name, n[pod.Name])
			}
		}
	}
	if wants := w.proc.Loop.Wants(); len(wants) > 0 {
		return fmt.Sprintf("once faults end it still wants %v", wants)
	}
	w.proc.Settle(time.Hour)
	if after, _ := w.api.List(made); after != rv {
		return "once faults end it writes on"
	}
	return ""
}

func list(w *world, resource string) []metav1.Object {
	_, objects := w.api.List(served(resource))
	return objects
}
