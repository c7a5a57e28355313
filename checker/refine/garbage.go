package refine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
	"orrery/model/garbage"
)

// collects judges the steps of the garbage collector. All that it decides rests on what it read live, which the step before asked for.
func collects(j *judge, s *step) opinion {
	if !slices.ContainsFunc(s.Plan, mayWrite) {
		return opinion{}
	}
	parts := strings.SplitN(s.Key, "/", 3)
	if len(parts) < 3 || s.View == nil {
		return opinion{any: true}
	}
	c := &collecting{judge: j, step: s, self: history.ObjectName{Resource: parts[0], Namespace: parts[1], Name: parts[2]},
		read: map[history.ObjectName]*history.Version{}, listed: map[scope]bool{}, at: map[position]int{}}
	if !c.look() {
		return opinion{any: true} // a version that it was shown is not in the recording
	}
	c.see()
	why := ""
	plan := c.plan(&why)
	if why == "" {
		why = c.words(c.view.Refuses(plan))
	}
	return opinion{true, true, why, c.allowed()}
}

func mayWrite(e trace.Effect) bool { return e.Verb != "get" && e.Verb != "list" }

// collecting is one step of the garbage collector.
type collecting struct {
	*judge
	*step
	self history.ObjectName

	// read is what was read live, nil what was not there; listed are the resources that were listed, each in a namespace or in all.
	read   map[history.ObjectName]*history.Version
	listed map[scope]bool
	x      *object.Object // nil: it was not read, or is not there
	gone   bool           // it was there when it was read, and not any more when all of its resource was listed

	view garbage.View
	at   map[position]int
	said []string // the positions in words
}

type scope struct{ resource, namespace string }

// position is a place in the model's view: an object, or what has its name and not the UID that a reference says.
type position struct {
	object history.ObjectName
	uid    string
}

// look finds what the step before read: the object first. What was asked for before the object had been read counts as not read.
func (c *collecting) look() (known bool) {
	if c.before == nil {
		return true
	}
	first := int64(0)
	for _, e := range c.before.Plan {
		if op := c.operations[e.Call]; e.Verb == "get" && history.NameOf(e.Object) == c.self && c.answered(op) {
			first = op.ReturnLine
		}
	}
	for _, e := range c.before.Plan {
		op := c.operations[e.Call]
		if !c.answered(op) {
			continue
		}
		name := history.NameOf(e.Object)
		switch {
		case e.Verb == "get" && (name == c.self || first > 0 && op.CallLine > first):
			c.read[name] = nil
			if op.OK() && !c.keep(*op.Return.Object) {
				return false
			}
		case e.Verb == "list" && first > 0 && op.CallLine > first:
			at := scope{e.Object.Resource, e.Object.Namespace}
			c.listed[at] = true
			if x := c.read[c.self]; x != nil && at == (scope{c.self.Resource, c.self.Namespace}) {
				c.gone = c.gone || !slices.ContainsFunc(op.Return.Items, func(item trace.Ref) bool { return item.UID == x.UID })
			}
			for _, item := range op.Return.Items {
				if history.NameOf(item) != c.self && !c.keep(item) {
					return false
				}
			}
		}
	}
	return true
}

// answered: an operation of this step's past, whose answer says what there is.
func (c *collecting) answered(op *history.Operation) bool {
	return op != nil && op.Return != nil && op.ReturnLine < c.line.Seq && (op.OK() && (op.Verb == "list" || op.Return.Object != nil) || op.Return.Code == notFound)
}

func (c *collecting) keep(ref trace.Ref) bool {
	v := history.At(c.h.Log.Of(history.NameOf(ref)), ref.Revision)
	c.read[history.NameOf(ref)] = v
	return v != nil && v.Revision == ref.Revision
}

// see makes the view: first the object, then all that refers to something, and what that is.
func (c *collecting) see() {
	v, read := c.read[c.self]
	c.x = c.content(v)
	c.add(c.self, "", garbage.Read{Made: read})
	for _, resource := range c.resources() {
		if (!object.Namespaced(c.self.Resource) || object.Namespaced(resource)) && !c.listed[scope{resource, c.self.Namespace}] && c.x != nil && c.x.Leaving() {
			c.add(history.ObjectName{Resource: resource, Namespace: c.self.Namespace, Name: "any"}, "", garbage.Read{})
		}
	}
	for _, name := range c.names() {
		if obj := c.content(c.read[name]); obj != nil {
			at := c.place(name)
			refs := make([]garbage.Ref, len(obj.Metadata.OwnerReferences))
			for i, ref := range obj.Metadata.OwnerReferences {
				refs[i] = c.ref(ref, name)
			}
			c.view.Reads[at].Object = garbage.Object{UID: mine, Leaving: obj.Leaving(), Wish: wish(obj), Refs: refs}
		}
	}
	if c.x == nil {
		return
	}
	for _, resource := range c.resources() {
		c.view.Dependents = c.view.Dependents || c.shows(resource)
	}
}

// resources are those of the collector's caches, in order: all that it knows of.
func (c *collecting) resources() (names []string) {
	for resource := range c.View {
		names = append(names, resource)
	}
	slices.Sort(names)
	return names
}

// names are those that were read, in order.
func (c *collecting) names() (names []history.ObjectName) {
	for name := range c.read {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b history.ObjectName) int { return strings.Compare(a.String(), b.String()) })
	return names
}

// shows reports whether a cache shows what refers to the object, as far as no own write may hide it.
func (c *collecting) shows(resource string) bool {
	prefix, known := c.h.Log.Prefix(resource, c.self.Namespace)
	if !known {
		return false
	}
	own := c.owned(c.step, resource)
	for _, v := range c.h.Log.Live(prefix, c.View[resource]) {
		obj := c.content(v)
		if _, hidden := own[v.Object]; hidden || obj == nil {
			continue
		}
		for _, ref := range obj.Metadata.OwnerReferences {
			if owner, found := c.owner(ref, v.Object.Namespace); found && owner == c.self && ref.UID == c.x.Metadata.UID {
				return true
			}
		}
	}
	return false
}

func wish(o *object.Object) garbage.Policy {
	switch o.Wish() {
	case object.Foreground:
		return garbage.Foreground
	case object.Orphan:
		return garbage.Orphan
	}
	return garbage.Background
}

// owner is what a reference names that stands in an object of that namespace; false: the collector cannot look for it.
func (c *collecting) owner(ref object.OwnerReference, namespace string) (history.ObjectName, bool) {
	kind, known := ref.Of()
	if _, cached := c.View[kind.Resource]; !known || !cached || kind.Namespaced && namespace == "" {
		return history.ObjectName{Resource: ref.Kind, Name: ref.Name}, false
	}
	if !kind.Namespaced {
		namespace = ""
	}
	return history.ObjectName{Resource: kind.Resource, Namespace: namespace, Name: ref.Name}, true
}

// ref is a reference in the words of the model.
func (c *collecting) ref(ref object.OwnerReference, of history.ObjectName) garbage.Ref {
	r := garbage.Ref{UID: mine, Blocks: ref.Blocks}
	owner, found := c.owner(ref, of.Namespace)
	v, read := c.read[owner]
	switch {
	case !found, c.x != nil && c.x.Leaving() && !c.mayRefer(owner):
		// Nobody can look for it, or it cannot be in a circle with what the decision is about: it is taken to stay.
		r.Owner = c.add(owner, ref.UID, garbage.Read{Made: true, Object: garbage.Object{UID: mine}})
	case !read && !c.listed[scope{owner.Resource, c.self.Namespace}]:
		r.Owner = c.add(owner, ref.UID, garbage.Read{})
	case v == nil || v.UID != ref.UID || owner == c.self && of == c.self && c.gone:
		r.Owner, r.UID = c.add(owner, ref.UID, garbage.Read{Made: true}), another
	default:
		r.Owner = c.place(owner)
	}
	return r
}

// mayRefer reports whether there may be references to the object in one of that name.
func (c *collecting) mayRefer(name history.ObjectName) bool {
	return c.self.Namespace == "" || c.self.Namespace == name.Namespace
}

// place is the position of an object that was read.
func (c *collecting) place(name history.ObjectName) int {
	return c.add(name, "", garbage.Read{Made: true})
}

// add is a position, made anew if there is none.
func (c *collecting) add(name history.ObjectName, uid string, r garbage.Read) int {
	at, there := c.at[position{name, uid}]
	if !there {
		at = len(c.said)
		c.at[position{name, uid}] = at
		c.view.Reads, c.said = append(c.view.Reads, r), append(c.said, name.String())
	}
	return at
}

// plan is what the step decided, in the words of the model. What was held back was not sent and is left out. why is set where that is not
// possible: each write requires the version that was read, and changes nothing else.
func (c *collecting) plan(why *string) (plan []garbage.Effect) {
	for _, e := range c.Plan {
		op := c.operations[e.Call]
		if !mayWrite(e) || op == nil {
			continue
		}
		name := history.NameOf(e.Object)
		v, old := c.read[name], c.content(c.read[name])
		switch {
		case old == nil:
			*why = name.String() + " was not read live, or is not there"
		case e.Object.UID != v.UID || e.ResourceVersion != fmt.Sprint(v.Revision):
			*why = fmt.Sprintf("what is decided about %s requires UID %q and resourceVersion %q, and read were %q and %d", name, e.Object.UID, e.ResourceVersion, v.UID, v.Revision)
		case e.Verb == "delete":
			policy, said := map[string]garbage.Policy{"Background": garbage.Background, "Foreground": garbage.Foreground, "Orphan": garbage.Orphan}[op.Policy]
			if !said {
				*why = name.String() + " is deleted, and what becomes of its dependents is left to the server"
			}
			plan = append(plan, garbage.Effect{Verb: garbage.Collect, Object: c.place(name), Policy: policy})
		default:
			effects, said := c.update(name, old, op)
			plan = append(plan, effects...)
			if said != "" {
				*why = said
			}
		}
	}
	return plan
}

// update is what an update does to references and finalizers.
func (c *collecting) update(name history.ObjectName, old *object.Object, op *history.Operation) (plan []garbage.Effect, why string) {
	var next object.Object
	if op.Verb != "update" || json.Unmarshal(op.Body, &next) != nil {
		return nil, fmt.Sprintf("%s is neither deleted nor updated", name)
	}
	at, left := c.place(name), slices.Clone(next.Metadata.OwnerReferences)
	take := func(ref object.OwnerReference) bool {
		i := slices.Index(left, ref)
		if i >= 0 {
			left = slices.Delete(left, i, i+1)
		}
		return i >= 0
	}
	for _, ref := range old.Metadata.OwnerReferences {
		free := ref
		free.Blocks = false
		switch {
		case take(ref):
		case ref.Blocks && take(free):
			plan = append(plan, garbage.Effect{Verb: garbage.Unblock, Object: at, Owner: c.ref(ref, name).Owner})
		default:
			plan = append(plan, garbage.Effect{Verb: garbage.Unlink, Object: at, Owner: c.ref(ref, name).Owner})
		}
	}
	if len(left) > 0 {
		return nil, fmt.Sprintf("%s is given an owner", name)
	}
	kept := slices.DeleteFunc(slices.Clone(old.Metadata.Finalizers), func(f string) bool { return f == object.Foreground || f == object.Orphan })
	switch {
	case slices.Equal(next.Metadata.Finalizers, old.Metadata.Finalizers):
	case slices.Equal(next.Metadata.Finalizers, kept):
		plan = append(plan, garbage.Effect{Verb: garbage.Finalize, Object: at})
	default:
		return nil, fmt.Sprintf("%s has the finalizers %v and is given %v", name, old.Metadata.Finalizers, next.Metadata.Finalizers)
	}
	if len(plan) == 0 {
		return nil, fmt.Sprintf("%s is updated, and neither its owners nor its wish changes", name)
	}
	return plan, ""
}

// words puts names for the model's positions.
func (c *collecting) words(why string) string {
	for i := len(c.said) - 1; i >= 0; i-- {
		for _, after := range []string{":", ",", " "} {
			why = strings.ReplaceAll(why, fmt.Sprintf("object %d%s", i, after), c.said[i]+after)
		}
	}
	return why
}

// allowed is what the model would have it do.
func (c *collecting) allowed() string {
	if c.x == nil {
		return "do nothing before it has read the object, and then its owners, or all that may depend on it"
	}
	return "delete it if each of its owners, read live after it, is gone or waits; take references away whose owners do while another stays; and finalize it when nothing that was read live keeps it"
}
