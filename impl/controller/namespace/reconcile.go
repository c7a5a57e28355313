package namespace

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// burst bounds the deletions of one round.
const burst = 500

// Reconcile decides what to do for one namespace now.
func (Controller) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	ns, _ := v.Get(namespacesSource, "", string(key)).(*corev1.Namespace)
	switch {
	case ns == nil:
		return control.Plan{Why: "it is gone"}
	case ns.DeletionTimestamp == nil:
		return control.Plan{} // nearly every namespace, nearly always
	case v.Doubtful(namespacesSource, "", ns.Name):
		return control.Plan{Wants: "to learn what became of the last write to it"}
	case !slices.Contains(ns.Spec.Finalizers, corev1.FinalizerKubernetes):
		return control.Plan{Why: "it is finalized already"}
	}
	there, whole := contentOf(v, ns)
	live, read := v.Live(namespacesSource, "", ns.Name)
	if !whole || !read {
		return look(v, ns, now)
	}
	if len(there) == 0 {
		return finish(ns, now)
	}
	if live == nil || live.GetUID() != ns.UID {
		return control.Plan{Wants: "to see in the cache what a live read has shown: another namespace has the name, or none"}
	}
	first := firstOf(there)
	if doomed := doomed(first); len(doomed) > 0 {
		return control.Plan{Batches: [][]control.Effect{removals(doomed)}, Again: now, Why: fmt.Sprintf("%d of %d objects are to go", len(doomed), len(there))}
	}
	conditions := conditionsOf(first)
	plan := control.Plan{Again: now.Add(patience(first, ns, now)), Why: "what is left is going", Wants: "what is being deleted to be gone: " + said(conditions)}
	if next, changed := withConditions(ns, conditions, now); changed {
		plan.Batches = [][]control.Effect{{report(next)}}
	}
	return plan
}

// object is one that a list has shown.
type object struct {
	resource *api.Resource
	metav1.Object
}

// contentOf is what the namespace holds, as live lists have shown; false: not all of it was listed since the namespace was being deleted.
func contentOf(v *control.View, ns *corev1.Namespace) (there []object, whole bool) {
	since, _ := api.ParseResourceVersion(ns.ResourceVersion) // a view shows what has one
	for _, r := range contents {
		list := v.LiveList(r, ns.Name)
		if list == nil || list.ResourceVersion < since {
			return nil, false
		}
		for _, obj := range list.Items {
			there = append(there, object{r, obj})
		}
	}
	return there, true
}

// look lists everything, and then reads the namespace: in that order, for it tells whose content was listed. What has been refused is told first.
func look(v *control.View, ns *corev1.Namespace, now time.Time) control.Plan {
	var lists []control.Effect
	for _, r := range contents {
		lists = append(lists, list(r, ns))
	}
	plan := control.Plan{Batches: [][]control.Effect{lists, {confirm(ns)}}, Why: "looks for what is left"}
	if failure, ok := refused(v); ok {
		if next, changed := withConditions(ns, []corev1.NamespaceCondition{failure}, now); changed {
			plan.Batches = slices.Insert(plan.Batches, 0, []control.Effect{report(next)})
		}
	}
	return plan
}

// finish lets a namespace go that holds nothing. Where others keep it, its conditions are to say that this is not why.
func finish(ns *corev1.Namespace, now time.Time) control.Plan {
	if next, changed := withConditions(ns, nil, now); changed && !goes(ns) {
		return control.Plan{Batches: [][]control.Effect{{report(next)}}, Why: "it is empty, and others keep it"}
	}
	return control.Plan{Batches: [][]control.Effect{{finalize(ns)}}, Why: "it is empty"}
}

// firstOf is what is to go first: the pods, so that what protects them is there as long as they are (KEP-5080); and when there are none, all else.
func firstOf(there []object) []object {
	var running []object
	for _, o := range there {
		if o.resource == pods {
			running = append(running, o)
		}
	}
	if len(running) > 0 {
		return running
	}
	return there
}

// doomed is what is to be deleted now, a burst of it.
func doomed(first []object) (doomed []object) {
	for _, o := range first {
		if o.GetDeletionTimestamp() == nil && len(doomed) < burst {
			doomed = append(doomed, o)
		}
	}
	return doomed
}

const (
	// finalizing is how long upstream expects finalizers to take.
	finalizing = 15 * time.Second
	// soonest and latest bound how long is waited for what takes longer than was expected.
	soonest, latest = time.Second, 8 * time.Second
)

// patience is how long to wait before looking again at what is going: as upstream, half of what it may be expected to take, and a second. What takes
// longer is looked at more and more seldom.
func patience(going []object, ns *corev1.Namespace, now time.Time) time.Duration {
	expected := time.Duration(0)
	elapsed := now.Sub(ns.DeletionTimestamp.Time)
	for _, o := range going {
		if grace := o.GetDeletionGracePeriodSeconds(); grace != nil && o.resource == pods && elapsed < time.Duration(*grace)*time.Second {
			expected = max(expected, time.Duration(*grace)*time.Second)
		}
		if len(o.GetFinalizers()) > 0 {
			expected = max(expected, finalizing)
		}
	}
	if expected > 0 {
		return (expected / 2).Truncate(time.Second) + time.Second
	}
	return min(max(elapsed/4, soonest), latest)
}
