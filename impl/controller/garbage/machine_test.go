package garbage_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/controller/garbage"
)

// holder is another's finalizer.
const holder = "example.com/holder"

// names are all objects that there may be, in namespaces and not; the last kind is not the collector's.
var names = []struct{ resource, namespace, name string }{
	{"configmaps", "d", "a"}, {"configmaps", "d", "b"}, {"configmaps", "d", "c"}, {"secrets", "d", "a"}, {"secrets", "e", "a"}, {"nodes", "", "a"}, {"nodes", "", "b"},
	{"services", "d", "a"},
}

// ours are the resources of the collector under test.
var ours = []*api.Resource{served("configmaps"), served("secrets"), served("nodes")}

func served(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic(name)
	}
	return r
}

// world is a collector and users who make, change and delete what owns and is owned.
type world struct {
	api  *controltest.API
	proc *controltest.Process
	// last are the UIDs that the names had last, by key in the store, and belated the references, by both UIDs, that were made when their
	// owner was being deleted or gone. Those nobody can wait for.
	last    map[string]types.UID
	belated map[[2]types.UID]bool
	// said is the first guarantee that was broken.
	said string
}

func newWorld(component func() control.Component, made func(*control.Loop)) *world {
	w := &world{api: controltest.NewAPI(start), last: map[string]types.UID{}, belated: map[[2]types.UID]bool{}}
	w.proc = &controltest.Process{API: w.api, Component: component, Made: made}
	return w
}

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func collector() control.Component { return garbage.New(ours...) }

// request is one for the object of a position in names.
func request(verb api.Verb, at int) api.Request {
	n := names[at]
	return api.Request{Verb: verb, Resource: served(n.resource), Namespace: n.namespace, Name: n.name}
}

func (w *world) get(at int) api.Object {
	obj, _ := w.api.Do(request(api.Get, at))
	return obj
}

// litter makes an object as it may be whatever came before (row 123).
func (w *world) litter(at int, choose controltest.Choose) {
	obj := served(names[at].resource).New()
	for range choose("owners", 3) {
		owner := choose("owner", len(names))
		obj.SetOwnerReferences(append(obj.GetOwnerReferences(), w.reference(at, owner, choose)))
	}
	if choose("leaving", 3) == 0 {
		obj.SetDeletionTimestamp(&metav1.Time{Time: start})
		obj.SetFinalizers([]string{[]string{holder, metav1.FinalizerOrphanDependents, metav1.FinalizerDeleteDependents}[choose("finalizer", 3)]})
	}
	w.create(at, obj)
}

func (w *world) create(at int, obj api.Object) {
	req := request(api.Create, at)
	req.Object = obj
	if made, err := w.api.Do(req); err == nil {
		w.last[w.key(at)] = made.GetUID()
		w.late(made)
	}
}

func (w *world) key(at int) string {
	r := request(api.Get, at)
	return r.Resource.Key(r.Namespace, r.Name)
}

// reference is one to the owner's name as an object of another may have it, with the UID that the owner has or had, or one that is no
// object's.
func (w *world) reference(of, owner int, choose controltest.Choose) metav1.OwnerReference {
	blocking := choose("blocks", 2) == 0
	n := names[owner]
	ref := metav1.OwnerReference{Name: n.name, UID: w.last[w.key(owner)], BlockOwnerDeletion: &blocking}
	ref.APIVersion, ref.Kind = served(n.resource).GVK().ToAPIVersionAndKind()
	if ref.UID == "" || choose("stale", 5) == 0 {
		ref.UID = "uid-of-old"
	}
	return ref
}

// late notes the references of an object that come too late.
func (w *world) late(obj api.Object) {
	for _, ref := range obj.GetOwnerReferences() {
		if owner := w.owner(obj, ref); owner == nil || owner.GetDeletionTimestamp() != nil {
			w.belated[[2]types.UID{obj.GetUID(), ref.UID}] = true
		}
	}
}

// owner is what a reference names; nil: it is gone.
func (w *world) owner(obj api.Object, ref metav1.OwnerReference) api.Object {
	for at, n := range names {
		r := served(n.resource)
		if apiVersion, kind := r.GVK().ToAPIVersionAndKind(); ref.Name != n.name || ref.Kind != kind || ref.APIVersion != apiVersion {
			continue
		}
		if n.namespace != "" && n.namespace != obj.GetNamespace() {
			continue
		}
		if owner := w.get(at); owner != nil && owner.GetUID() == ref.UID {
			return owner
		}
	}
	return nil
}

// looked reports whether the collector can look for what a reference names.
func looked(obj api.Object, ref metav1.OwnerReference) bool {
	return slices.ContainsFunc(ours, func(r *api.Resource) bool { return r.Kind == ref.Kind && (!r.Namespaced || obj.GetNamespace() != "") })
}

// step is one thing that a user does, or the collector, or its world.
func (w *world) step(choose controltest.Choose) {
	if choose("who", 6) == 0 {
		w.user(choose)
		return
	}
	before := w.all()
	if choose("crash", 60) == 0 {
		w.proc.Start()
	} else if choose("list", 30) == 0 && len(w.proc.Behind()) < len(ours) {
		w.proc.Relist(w.proc.Loop.Component().Sources()[choose("source", len(ours))])
	} else {
		w.proc.Step(choose, true)
	}
	w.judge(before)
}

func (w *world) user(choose controltest.Choose) {
	at := choose("object", len(names))
	obj := w.get(at)
	if obj == nil {
		obj = served(names[at].resource).New()
		if choose("owned", 3) > 0 {
			obj.SetOwnerReferences([]metav1.OwnerReference{w.reference(at, choose("owner", len(names)), choose)})
		}
		w.create(at, obj)
		return
	}
	obj = obj.DeepCopyObject().(api.Object)
	switch choose("user", 6) {
	case 0, 1:
		policy := []metav1.DeletionPropagation{metav1.DeletePropagationBackground, metav1.DeletePropagationForeground, metav1.DeletePropagationOrphan}[choose("policy", 3)]
		req := request(api.Delete, at)
		req.Delete = &metav1.DeleteOptions{PropagationPolicy: &policy}
		w.api.Must(req)
		return
	case 2, 3:
		obj.SetOwnerReferences(append(obj.GetOwnerReferences(), w.reference(at, choose("owner", len(names)), choose)))
		w.late(obj)
	case 4:
		obj.SetOwnerReferences(nil)
	case 5:
		if obj.GetDeletionTimestamp() == nil && len(obj.GetFinalizers()) == 0 {
			obj.SetFinalizers([]string{[]string{holder, metav1.FinalizerOrphanDependents, metav1.FinalizerDeleteDependents}[choose("finalizer", 3)]})
		}
	}
	w.update(at, obj)
}

func (w *world) update(at int, obj api.Object) {
	req := request(api.Update, at)
	req.Object = obj
	w.api.Must(req)
}

// all is everything that there is, by position.
func (w *world) all() (objects []api.Object) {
	for at := range names {
		objects = append(objects, w.get(at))
	}
	return objects
}

// judge holds what the collector has just done against what there was before.
func (w *world) judge(before []api.Object) {
	if w.said != "" {
		return
	}
	for at, was := range before {
		is := w.get(at)
		switch {
		case was == nil || is != nil && equality.Semantic.DeepEqual(was, is):
		case is == nil && len(was.GetFinalizers()) == 0, was.GetDeletionTimestamp() == nil && (is == nil || is.GetDeletionTimestamp() != nil):
			w.said = w.collected(was, is)
		default:
			if w.said = w.finalized(was, is); w.said == "" && is != nil {
				w.said = w.unlinked(was, is)
			}
		}
	}
}

// collected is row 109. is may be nil.
func (w *world) collected(x, is api.Object) string {
	if orphan := metav1.FinalizerOrphanDependents; is != nil && slices.Contains(is.GetFinalizers(), orphan) && !slices.Contains(x.GetFinalizers(), orphan) {
		return fmt.Sprintf("%s was collected so that its dependents stay, which nobody wished", x.GetUID())
	}
	if len(x.GetOwnerReferences()) == 0 {
		return fmt.Sprintf("%s was collected, which has no owner", x.GetUID())
	}
	for _, ref := range x.GetOwnerReferences() {
		if !looked(x, ref) {
			return fmt.Sprintf("%s was collected, and nobody can look for its owner %s %s", x.GetUID(), ref.Kind, ref.Name)
		}
		if owner := w.owner(x, ref); owner != nil && owner.GetDeletionTimestamp() == nil {
			return fmt.Sprintf("%s was collected, and its owner %s is there", x.GetUID(), ref.UID)
		}
	}
	return ""
}

// finalized is rows 110, 111 and 16. is may be nil.
func (w *world) finalized(was, is api.Object) string {
	has := func(obj api.Object, f string) bool { return obj != nil && slices.Contains(obj.GetFinalizers(), f) }
	if has(was, holder) && !has(is, holder) {
		return fmt.Sprintf("%s lost another's finalizer", was.GetUID())
	}
	for _, wish := range []string{metav1.FinalizerOrphanDependents, metav1.FinalizerDeleteDependents} {
		if !has(was, wish) || has(is, wish) {
			continue
		}
		if was.GetDeletionTimestamp() == nil {
			return fmt.Sprintf("%s lost %s, and is not being deleted", was.GetUID(), wish)
		}
		for at := range names {
			d := w.get(at)
			if d == nil || d.GetUID() == was.GetUID() || !slices.Contains(ours, served(names[at].resource)) {
				continue
			}
			for _, ref := range d.GetOwnerReferences() {
				if owner := w.owner(d, ref); ref.UID == was.GetUID() && (owner != nil || is == nil && looked(d, ref) && d.GetNamespace() == was.GetNamespace()) &&
					(wish == metav1.FinalizerOrphanDependents || *ref.BlockOwnerDeletion) && !w.belated[[2]types.UID{d.GetUID(), ref.UID}] && ref.Name == was.GetName() {
					return fmt.Sprintf("%s lost %s, and %s still refers to it", was.GetUID(), wish, d.GetUID())
				}
			}
		}
	}
	return ""
}

// unlinked: no reference is taken away whose owner stays, and none unblocked but between what waits and what does, or did a moment ago.
func (w *world) unlinked(was, is api.Object) string {
	count := func(obj api.Object, of metav1.OwnerReference) (all, blocking int) {
		for _, ref := range obj.GetOwnerReferences() {
			if ref.UID == of.UID && ref.Name == of.Name && ref.Kind == of.Kind {
				if all++; *ref.BlockOwnerDeletion {
					blocking++
				}
			}
		}
		return all, blocking
	}
	waits := func(obj api.Object) bool {
		return obj.GetDeletionTimestamp() != nil && slices.Contains(obj.GetFinalizers(), metav1.FinalizerDeleteDependents)
	}
	for _, ref := range was.GetOwnerReferences() {
		all, blocking := count(was, ref)
		left, blocks := count(is, ref)
		owner := w.owner(was, ref)
		switch {
		case left < all && (!looked(was, ref) || owner != nil && owner.GetDeletionTimestamp() == nil):
			return fmt.Sprintf("%s lost its reference to %s, which is there", was.GetUID(), ref.UID)
		case left == all && blocks < blocking && (!waits(was) || owner != nil && owner.GetDeletionTimestamp() == nil):
			return fmt.Sprintf("the reference of %s to %s was unblocked, and they do not wait for each other", was.GetUID(), ref.UID)
		}
	}
	return ""
}

// settle ends faults and users: whoever holds an object lets go when it is being deleted.
func (w *world) settle() string {
	for range 4 * len(names) {
		before := w.all()
		w.proc.Settle(time.Minute)
		w.judgeEnd(before)
		held := false
		for at := range names {
			if obj := w.get(at); obj != nil && obj.GetDeletionTimestamp() != nil && slices.Contains(obj.GetFinalizers(), holder) {
				held = true
				obj = obj.DeepCopyObject().(api.Object)
				obj.SetFinalizers(slices.DeleteFunc(obj.GetFinalizers(), func(f string) bool { return f == holder }))
				w.update(at, obj)
			}
		}
		if !held {
			break
		}
	}
	if w.said != "" {
		return w.said
	}
	for at := range names {
		x := w.get(at)
		if x == nil || !slices.Contains(ours, served(names[at].resource)) {
			continue
		}
		if x.GetDeletionTimestamp() != nil && len(x.GetFinalizers()) > 0 {
			return fmt.Sprintf("once faults end %s is being deleted, and %v keeps it; wants %v", x.GetUID(), x.GetFinalizers(), w.proc.Loop.Wants())
		}
		if refs := x.GetOwnerReferences(); x.GetDeletionTimestamp() == nil && len(refs) > 0 && !slices.ContainsFunc(refs, func(ref metav1.OwnerReference) bool {
			return !looked(x, ref) || w.owner(x, ref) != nil
		}) {
			return fmt.Sprintf("once faults end %s dangles; wants %v", x.GetUID(), w.proc.Loop.Wants())
		}
	}
	if wants := w.proc.Loop.Wants(); len(wants) > 0 {
		return fmt.Sprintf("once faults end it still wants %v", wants)
	}
	before, _ := w.api.List(ours[0])
	w.proc.Settle(time.Hour)
	if after, _ := w.api.List(ours[0]); after != before {
		return fmt.Sprintf("once faults end it writes on: resourceVersion %d, then %d", before, after)
	}
	return ""
}

// judgeEnd judges what is left of a whole settling: what came of several steps cannot be held against one state.
func (w *world) judgeEnd(before []api.Object) {
	for _, was := range before {
		if was != nil && w.said == "" && was.GetDeletionTimestamp() == nil && len(was.GetOwnerReferences()) == 0 {
			if i := slices.IndexFunc(w.all(), func(obj api.Object) bool { return obj != nil && obj.GetUID() == was.GetUID() }); i < 0 {
				w.said = fmt.Sprintf("%s was collected, which has no owner", was.GetUID())
			}
		}
	}
}

// property makes a run of which everything is chosen, from any state; empty: nothing was broken. more says whether it goes on.
func property(choose controltest.Choose, more func() bool, component func() control.Component, made func(*control.Loop)) (string, uint64) {
	w := newWorld(component, made)
	for at := range names {
		if choose("there", 3) > 0 {
			w.litter(at, choose)
		}
	}
	w.proc.Start()
	for more() {
		if w.step(choose); w.said != "" {
			return w.said, w.proc.Hash
		}
	}
	return w.settle(), w.proc.Hash
}

// Goal: from any state, whatever is observed when and whatever becomes of requests, nothing is collected that has an owner, no owner goes before
// its dependents have been orphaned or are gone, and once faults end nothing dangles and nothing is being deleted (rows 109 to 112, 123).
// Method: a collector in a small world, its steps and fates drawn; each of its writes is held against the store before it.
func TestCollects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		choose := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
		left := rapid.IntRange(10, 300).Draw(t, "steps")
		said, _ := property(choose, func() bool { left--; return left >= 0 }, collector, nil)
		require.Empty(t, said)
	})
}

// seeded is a run from a seed.
func seeded(seed uint64, component func() control.Component, made func(*control.Loop)) (string, uint64) {
	random := rand.New(rand.NewPCG(seed, 7))
	left := 400
	return property(func(_ string, n int) int { return random.IntN(n) }, func() bool { left--; return left >= 0 }, component, made)
}

// Goal: the same choices are the same run. Method: two runs of each seed.
func TestSameSeedSameTrace(t *testing.T) {
	for seed := range uint64(10) {
		said, first := seeded(seed, collector, nil)
		require.Empty(t, said, "seed %d", seed)
		_, second := seeded(seed, collector, nil)
		require.Equal(t, first, second, "seed %d", seed)
	}
}

// mostBytes bounds a run of the target: what an input has beyond is not read.
const mostBytes = 2000

// FuzzCollects is TestCollects with the bytes of an input as choices.
func FuzzCollects(f *testing.F) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 8))
		data := make([]byte, 500)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), mostBytes)]
		choose := func(_ string, n int) int {
			if len(data) == 0 {
				return 0
			}
			b := data[0]
			data = data[1:]
			return int(b) % n
		}
		if said, _ := property(choose, func() bool { return len(data) > 0 }, collector, nil); said != "" {
			t.Fatal(said)
		}
	})
}

// mutant is a collector with its plans or keys changed.
type mutant struct {
	control.Component
	plan func(v *control.View, key control.Key, plan control.Plan) control.Plan
	keys func(source string, old, new metav1.Object) bool
}

func (m mutant) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	plan := m.Component.Reconcile(v, now, key)
	if m.plan != nil {
		plan = m.plan(v, key, plan)
	}
	return plan
}

func (m mutant) Keys(v *control.View, source string, old, new metav1.Object, add func(control.Key)) {
	if m.keys == nil || m.keys(source, old, new) {
		m.Component.Keys(v, source, old, new, add)
	}
}

// writes changes the effects of a plan that write; nil drops one.
func writes(change func(e control.Effect) *control.Effect) func(*control.View, control.Key, control.Plan) control.Plan {
	return func(_ *control.View, _ control.Key, plan control.Plan) control.Plan {
		for i, batch := range plan.Batches {
			var changed []control.Effect
			for _, e := range batch {
				if !e.Request.Verb.Writes() {
					changed = append(changed, e)
				} else if c := change(e); c != nil {
					changed = append(changed, *c)
				}
			}
			plan.Batches[i] = changed
		}
		return plan
	}
}

// Goal: the machine finds bugs. Method: collectors with one thing wrong each; some seed must break something.
func TestMutants(t *testing.T) {
	for _, m := range []struct {
		name string
		mutant
	}{
		{"deletes without preconditions (G08)", mutant{plan: writes(func(e control.Effect) *control.Effect {
			if e.Request.Delete != nil {
				e.Request.Delete.Preconditions, e.Expect = nil, nil
			}
			return &e
		})}},
		{"deletes with the UID alone", mutant{plan: writes(func(e control.Effect) *control.Effect {
			if e.Request.Delete != nil {
				e.Request.Delete.Preconditions.ResourceVersion = nil
			}
			return &e
		})}},
		{"updates whatever is there", mutant{plan: writes(func(e control.Effect) *control.Effect {
			if obj, ok := e.Request.Object.(api.Object); ok {
				obj = obj.DeepCopyObject().(api.Object)
				obj.SetResourceVersion("")
				e.Request.Object, e.Expect = obj, nil
			}
			return &e
		})}},
		{"leaves it to the server what becomes of dependents", mutant{plan: writes(func(e control.Effect) *control.Effect {
			if e.Request.Delete != nil {
				policy := metav1.DeletePropagationOrphan
				e.Request.Delete.PropagationPolicy = &policy
			}
			return &e
		})}},
		{"never updates", mutant{plan: writes(func(e control.Effect) *control.Effect {
			if e.Request.Verb == api.Update {
				return nil
			}
			return &e
		})}},
		{"does not look at what it has listed (G07)", mutant{keys: func(_ string, old, _ metav1.Object) bool { return old != nil }}},
		{"does not hear that an owner goes", mutant{keys: func(_ string, _, new metav1.Object) bool { return new != nil }}},
		{"does not look again where the cache was wrong", mutant{plan: func(_ *control.View, _ control.Key, plan control.Plan) control.Plan {
			plan.Again, plan.Wants = time.Time{}, ""
			return plan
		}}},
	} {
		t.Run(m.name, func(t *testing.T) {
			for seed := range uint64(400) {
				said, _ := seeded(seed, func() control.Component { c := m.mutant; c.Component = collector(); return c }, nil)
				if said != "" {
					t.Logf("seed %d: %s", seed, said)
					return
				}
			}
			t.Fatal("it was not found")
		})
	}
}
