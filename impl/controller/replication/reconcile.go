package replication

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"orrery/impl/api"
	"orrery/impl/control"
)

const (
	// burst bounds the creates and the deletes of one round (BurstReplicas), slowStart is the first batch of creates.
	burst     = 500
	slowStart = 1
	// retry is how soon an owner is read live again where the cache does not show what was read: it may have shown that already, and not be
	// behind what was read but ahead of it.
	retry = 5 * time.Second
)

// Reconcile decides what to do for one owner now.
func (r *Reconciler) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	namespace, name, _ := strings.Cut(string(key), "/")
	obj := v.Get(ownersSource, namespace, name)
	if obj == nil {
		return control.Plan{Why: "it is gone"}
	}
	o := r.read(obj)
	pods := ownedBy(v, o)
	if o.GetDeletionTimestamp() != nil {
		return r.report(o, pods.surely, now, control.Plan{Why: "terminating: only its status"})
	}
	if o.selector == labels.Nothing() {
		// Its own pods would not be its own: each would be released, and the next one made, for ever.
		return control.Plan{Wants: "a selector that selects something"}
	}
	live, read := v.Live(ownersSource, namespace, name)
	if read && (live == nil || live.GetUID() != o.GetUID() || live.GetDeletionTimestamp() != nil) {
		return control.Plan{Again: now.Add(retry), Wants: "to see in the cache what a live read has shown: the owner is gone, or going"}
	}
	if claims := r.claim(v, o, pods.strays, read); len(claims) > 0 {
		return control.Plan{Batches: [][]control.Effect{claims}, Why: "claims pods"}
	}
	switch {
	case len(pods.surely)+len(pods.perhaps) < o.replicas:
		return r.grow(v, o, pods, now)
	case len(pods.surely) > o.replicas:
		return r.shrink(v, o, pods.surely, now)
	case len(pods.perhaps) > 0:
		return r.report(o, pods.surely, now, control.Plan{Wants: "to learn what became of the last write to " + pods.perhaps[0].Name})
	}
	return r.report(o, pods.surely, now, control.Plan{Why: o.complete})
}

// owned are an owner's pods, each of them in one list at most: those that surely count, those that may, those that have failed, and those
// that match no more. A pod may count whose creation, adoption or deletion has an unknown outcome: none is created if those that may would
// be enough, none deleted unless those that surely do are too many.
type owned struct{ surely, perhaps, failed, strays []*corev1.Pod }

func ownedBy(v *control.View, o *owner) (pods owned) {
	all := v.Select(podsSource, control.ByOwner.Name, string(o.GetUID()))
	pods.surely = make([]*corev1.Pod, 0, len(all))
	for obj := range all.Each {
		pod := obj.(*corev1.Pod)
		matches, doubtful := o.selector.Matches(labels.Set(pod.Labels)), v.Doubtful(podsSource, pod.Namespace, pod.Name)
		switch {
		case active(pod) && matches && !doubtful:
			pods.surely = append(pods.surely, pod)
		case doubtful && (active(pod) && matches || pod.DeletionTimestamp != nil):
			pods.perhaps = append(pods.perhaps, pod)
		case pod.Status.Phase == corev1.PodFailed && pod.DeletionTimestamp == nil:
			pods.failed = append(pods.failed, pod)
		case active(pod) && !matches && pod.UID != "":
			pods.strays = append(pods.strays, pod)
		}
	}
	return pods
}

// claim releases what does not match and adopts what matches; or asks for the live read that an adoption needs, unless the
// owner was just read.
func (r *Reconciler) claim(v *control.View, o *owner, strays []*corev1.Pod, read bool) (claims []control.Effect) {
	for _, pod := range strays {
		claims = append(claims, r.release(o, pod))
	}
	for obj := range v.Select(podsSource, orphansIndex, o.GetNamespace()).Each {
		pod := obj.(*corev1.Pod)
		if !active(pod) || pod.UID == "" || !o.selector.Matches(labels.Set(pod.Labels)) {
			continue
		}
		if !read {
			return append(claims, r.look(o))
		}
		claims = append(claims, r.adopt(o, pod))
	}
	return claims
}

// grow creates what is missing, in batches that double as long as they succeed.
func (r *Reconciler) grow(v *control.View, o *owner, pods owned, now time.Time) control.Plan {
	missing := o.replicas - len(pods.surely) - len(pods.perhaps)
	if closed(v, o) {
		return r.report(o, pods.surely, now, control.Plan{Why: fmt.Sprintf("%d of %d, and the namespace is being deleted", len(pods.surely), o.replicas)})
	}
	plan := r.complain(v, o, pods.surely, now, "FailedCreate", "Error creating: %v")
	plan.Why = fmt.Sprintf("%d of %d: %d missing", len(pods.surely), o.replicas, missing)
	if at := delayed(pods.failed); at.After(now) {
		plan = r.report(o, pods.surely, now, plan)
		plan.Wants = fmt.Sprintf("%d more pods, not before %s because %d failed", missing, at.UTC().Format(time.TimeOnly), len(pods.failed))
		plan.Again = at
		return plan
	}
	names := v.FreeNames(podsSource, o.GetNamespace(), o.GetName(), o.GetUID(), min(missing, burst))
	for size := slowStart; len(names) > 0; size *= 2 {
		var batch, told []control.Effect
		for _, name := range names[:min(size, len(names))] {
			batch = append(batch, r.create(o, name))
			if size <= control.MaxEvents {
				told = append(told, r.event(o, now, corev1.EventTypeNormal, "SuccessfulCreate", "Created pod: %s", name))
			}
		}
		names = names[len(batch):]
		plan.Batches = append(plan.Batches, batch, told)
	}
	return plan
}

// closed reports whether the last pod that was to be created for this very owner was refused because its namespace is being deleted: no
// other try will do better, and the owner goes with the namespace.
func closed(v *control.View, o *owner) bool {
	effect, err := v.Failure()
	if err == nil || effect.Request.Resource != pods || effect.Request.Verb != api.Create || !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return false
	}
	ref := metav1.GetControllerOf(effect.Request.Object.(*corev1.Pod))
	return ref != nil && ref.UID == o.GetUID()
}

// shrink deletes what is too much.
func (r *Reconciler) shrink(v *control.View, o *owner, owned []*corev1.Pod, now time.Time) control.Plan {
	excess := len(owned) - o.replicas
	plan := r.complain(v, o, owned, now, "FailedDelete", "Error deleting: %v")
	plan.Why = fmt.Sprintf("%d of %d: %d too many", len(owned), o.replicas, excess)
	var batch, told []control.Effect
	for _, pod := range victims(owned, now)[:min(excess, burst)] {
		batch = append(batch, r.remove(pod, now))
		if len(told) < control.MaxEvents {
			told = append(told, r.event(o, now, corev1.EventTypeNormal, "SuccessfulDelete", "Deleted pod: %s", pod.Name))
		}
	}
	plan.Batches = append(plan.Batches, batch, told)
	return plan
}
