package control_test

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/controller/replication"
)

// mostLitter is how many pods there may be before the controller begins.
const mostLitter = 8

// replicate is the [property] of FuzzReplication.
func replicate(data []byte, bug *bug) (violation string, hash uint64) {
	in := &input{data}
	w := newWorld(nil)
	w.own("rival", 1)
	for i := range in.choose("litter", mostLitter+1) {
		w.litter(i, in.choose)
	}
	w.spare = max(0, w.owned()-most) + w.orphans()
	said := ""
	w.proc.Component = func() control.Component { return justified{bug.plant(replication.ReplicaSets()), &said} }
	w.proc.Made = bug.made()
	w.proc.Start()
	for in.more() {
		w.step(in.choose)
		if said += w.violation(); said != "" {
			return said, w.proc.Hash
		}
	}
	w.settle()
	if said != "" {
		return said, w.proc.Hash
	}
	return w.settled(), w.proc.Hash
}

// litter makes a pod as it should not be there, or should: of a name that the controller would choose or another, matching
// or not, controlled by anybody, in any phase, terminating or not.
func (w *world) litter(i int, choose controltest.Choose) {
	name := fmt.Sprintf("litter-%d", i)
	if choose("name", 3) == 0 {
		name = chosenNames[choose("chosen", len(chosenNames))]
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web"}}}
	if choose("label", 4) == 0 {
		pod.Labels["app"] = "stray"
	}
	web, rival, yes := w.owners[0], w.owners[1], true
	ref := func(kind, name string, uid types.UID) metav1.OwnerReference {
		return metav1.OwnerReference{APIVersion: "apps/v1", Kind: kind, Name: name, UID: uid, Controller: &yes}
	}
	switch choose("owner", 9) {
	case 0, 1:
		pod.OwnerReferences = []metav1.OwnerReference{ref("ReplicaSet", "web", web)}
	case 2:
		pod.OwnerReferences = []metav1.OwnerReference{ref("ReplicaSet", "rival", rival)}
	case 3:
		pod.OwnerReferences = []metav1.OwnerReference{ref("ReplicaSet", "web", "of-an-earlier-web")}
	case 4:
		pod.OwnerReferences = []metav1.OwnerReference{ref("Job", "web", "of-a-job")}
	case 5: // no server admits two
		pod.OwnerReferences = []metav1.OwnerReference{ref("ReplicaSet", "web", web), ref("ReplicaSet", "rival", rival)}
	case 6: // no server compares the name with the UID
		pod.OwnerReferences = []metav1.OwnerReference{ref("ReplicaSet", "rival", web)}
	case 7:
		pod.OwnerReferences = []metav1.OwnerReference{ref("ReplicaSet", "web", web)}
		pod.OwnerReferences[0].Controller = nil
	}
	if choose("terminating", 5) == 1 {
		pod.DeletionTimestamp = &metav1.Time{Time: start}
	}
	if choose("node", 2) == 1 {
		pod.Spec.NodeName = "node-0"
	}
	made, err := w.api.Do(request(api.Create, "pods", name, pod))
	if err != nil {
		return // the name is taken
	}
	pod = made.DeepCopyObject().(*corev1.Pod)
	pod.Status.Phase = []corev1.PodPhase{corev1.PodPending, corev1.PodRunning, corev1.PodSucceeded, corev1.PodFailed}[choose("phase", 4)]
	req := request(api.Update, "pods", name, pod)
	req.Subresource = "status"
	w.api.Must(req)
}

// chosenNames are those that the controller gives the first pods of web.
var chosenNames = func() (names []string) {
	w := newWorld(nil)
	w.settle()
	r, _ := api.ByName("pods")
	_, pods := w.api.List(r)
	for _, pod := range pods {
		names = append(names, pod.GetName())
	}
	return names
}()

// settled says what is wrong once faults have ended, and whether anything is still written then.
func (w *world) settled() string {
	for i, name := range []string{"web", "rival"} {
		n := w.ownedBy(w.owners[i])
		rs := w.api.Must(request(api.Get, "replicasets", name, nil)).(*appsv1.ReplicaSet)
		if n != int(*rs.Spec.Replicas) || rs.Status.Replicas != *rs.Spec.Replicas || rs.Status.ObservedGeneration != rs.Generation {
			return fmt.Sprintf("once faults end %s has %d pods and status %+v, wanted are %d; wants %v", name, n, rs.Status, *rs.Spec.Replicas, w.proc.Loop.Wants())
		}
	}
	if wants := w.proc.Loop.Wants(); len(wants) > 0 {
		return fmt.Sprintf("once faults end it still wants %v", wants)
	}
	r, _ := api.ByName("pods")
	before, _ := w.api.List(r)
	w.proc.Settle(time.Hour)
	if after, _ := w.api.List(r); after != before {
		return fmt.Sprintf("once faults end it writes on: resourceVersion %d, then %d", before, after)
	}
	return ""
}

// justified holds every plan of the controller against the view it was made in.
type justified struct {
	control.Component
	said *string
}

func (j justified) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	plan := j.Component.Reconcile(v, now, key)
	owner, _ := v.Get("owners", "default", string(key)[len("default/"):]).(*appsv1.ReplicaSet)
	if owner == nil {
		if len(plan.Batches) > 0 {
			*j.said = fmt.Sprintf("%s is gone, and there is a plan: %s", key, plan.Why)
		}
		return plan
	}
	have := 0
	for obj := range v.Select("pods", control.ByOwner.Name, string(owner.UID)).Each {
		if counts(obj.(*corev1.Pod)) {
			have++
		}
	}
	for _, batch := range plan.Batches {
		for _, e := range batch {
			if r := e.Request; r.Resource.Name == "pods" && r.Verb != api.Get {
				pod, _ := v.Get("pods", r.Namespace, r.Name).(*corev1.Pod)
				if why := unjustified(owner, pod, r, &have); why != "" {
					*j.said = fmt.Sprintf("%s of %s for %s: %s (%s)", r.Verb, r.Name, key, why, plan.Why)
				}
			}
		}
	}
	return plan
}

// unjustified says why one write of a pod should not be planned; pod is what the view shows, have how many pods count.
func unjustified(owner *appsv1.ReplicaSet, pod *corev1.Pod, r *api.Request, have *int) string {
	if r.Verb == api.Create {
		*have++
		made := r.Object.(*corev1.Pod)
		if *have > int(*owner.Spec.Replicas) || pod != nil || metav1.GetControllerOf(made).UID != owner.UID {
			return fmt.Sprintf("the view justifies no create: it would be number %d of %d; its name is taken: %v", *have, *owner.Spec.Replicas, pod != nil)
		}
		return ""
	}
	if pod == nil {
		return "the view has no such pod"
	}
	ref := metav1.GetControllerOf(pod)
	own := ref != nil && ref.UID == owner.UID
	if r.Verb == api.Delete {
		*have--
		p := r.Delete
		switch {
		case !own:
			return fmt.Sprintf("the pod is not its own, but of %v", ref)
		case p == nil || p.Preconditions == nil || *p.Preconditions.UID != pod.UID || *p.Preconditions.ResourceVersion != pod.ResourceVersion:
			return "it requires not what was seen"
		case !counts(pod) || *have < int(*owner.Spec.Replicas):
			return fmt.Sprintf("it would leave %d of %d", *have, *owner.Spec.Replicas)
		}
		return ""
	}
	next := r.Object.(*corev1.Pod)
	matches := pod.Labels["app"] == "web"
	switch after := metav1.GetControllerOf(next); {
	case next.UID != pod.UID || next.ResourceVersion != pod.ResourceVersion:
		return "it requires not what was seen"
	case ref == nil && matches && counts(pod) && after != nil && after.UID == owner.UID: // adopts
	case own && !matches && (after == nil || after.UID != owner.UID): // releases
	default:
		return fmt.Sprintf("it makes the controller %v, which was %v", after, ref)
	}
	return ""
}
