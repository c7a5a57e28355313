package refine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
	"orrery/model/namespace"
)

// kubernetesFinalizer is the namespace controller's own.
const kubernetesFinalizer = "kubernetes"

// empties judges the steps of the namespace controller that delete what a namespace holds, or finalize it. What it writes to the status changes
// nothing that the model knows.
func empties(j *judge, s *step) opinion {
	e := &emptying{judge: j, step: s, at: map[history.ObjectName]int{}}
	if !slices.ContainsFunc(s.Plan, decisive) {
		return opinion{}
	}
	if s.View == nil {
		return opinion{any: true}
	}
	e.see()
	e.look()
	why := e.view.Refuses(e.plan())
	for i, n := range e.names {
		why = strings.ReplaceAll(why, fmt.Sprintf("object %d ", i), n.String()+" ")
	}
	if why == "" {
		why = e.careless()
	}
	return opinion{true, true, why, e.view.Allowed()}
}

// decisive: the effect is one of those that the model knows.
func decisive(e trace.Effect) bool {
	return e.Verb == "delete" || e.Subresource == "finalize"
}

// emptying is one step of the namespace controller.
type emptying struct {
	*judge
	*step
	version *history.Version // of the namespace, as it was seen
	shown   *object.Object

	view  namespace.View
	names []history.ObjectName // of the view's contents
	uids  []string
	at    map[history.ObjectName]int
}

func (e *emptying) name() history.ObjectName {
	return history.ObjectName{Resource: "namespaces", Name: e.Key}
}

// see finds the namespace as the cache showed it, and the own writes over it. One whose finalization is in doubt is as if it were finalized.
func (e *emptying) see() {
	e.version = history.At(e.h.Log.Of(e.name()), e.View["namespaces"])
	own, written := e.owned(e.step, "namespaces")[e.name()]
	if written && own.version != nil {
		e.version = own.version
	} else if written && own.gone {
		e.version = nil
	}
	if e.shown = e.content(e.version); e.shown == nil {
		return
	}
	const seen = 1
	e.view.Namespace = namespace.Namespace{UID: seen, Leaving: e.shown.Metadata.DeletionTimestamp != ""}
	for _, f := range slices.Concat(e.shown.Spec.Finalizers, e.shown.Metadata.Finalizers) {
		if f != kubernetesFinalizer {
			e.view.Namespace.Foreign = true
		}
	}
	e.view.Namespace.Ours = slices.Contains(e.shown.Spec.Finalizers, kubernetesFinalizer) && own.effect.Subresource != "finalize"
}

// look finds what the step before has read live: the content, if that is not older than what the cache shows of the namespace, and after all of
// it the namespace.
func (e *emptying) look() {
	lists, listed := map[string]int64{}, int64(0)
	for _, op := range e.answers("list") {
		if e.version != nil && op.Return.Revision >= e.version.Revision && op.Namespace == e.Key && op.Labels == "" && op.Fields == "" && op.Limit == 0 {
			lists[op.Resource] = op.Return.Revision
		}
		listed = max(listed, op.ReturnLine)
	}
	for _, key := range e.within(e.Key) {
		chain := e.h.Log.Chain(key)
		object := chain[0].Object
		revision, read := lists[object.Resource]
		if v := history.At(chain, revision); read && v != nil {
			is := e.content(v)
			e.add(object, v.UID, namespace.Content{Read: true, UID: 1, Leaving: is != nil && is.Metadata.DeletionTimestamp != ""})
		} else if !read {
			e.add(object, "", namespace.Content{})
		}
	}
	for _, op := range e.answers("get") {
		live := uint8(0)
		switch {
		case op.Object() != e.name() || op.CallLine < listed:
			continue
		case op.OK() && op.Return.Object != nil && e.version != nil && op.Return.Object.UID == e.version.UID:
			live = 1
		case op.OK():
			live = 2
		case op.Return.Code != notFound:
			continue
		}
		e.view.Live = &live
	}
}

// answers are the reads of that verb that the step before has asked for, and that were answered before this one.
func (e *emptying) answers(verb string) (answered []*history.Operation) {
	if e.before == nil {
		return nil
	}
	for _, read := range e.before.Plan {
		op := e.operations[read.Call]
		if read.Verb == verb && op != nil && op.Return != nil && op.ReturnLine < e.line.Seq && (op.OK() || verb == "get") {
			answered = append(answered, op)
		}
	}
	return answered
}

// within are the keys of everything that was ever in a namespace.
func (j *judge) within(name string) []string {
	if j.inside == nil {
		j.inside = map[string][]string{}
		for _, key := range j.h.Log.Keys() {
			if of := j.h.Log.Chain(key)[0].Object.Namespace; of != "" {
				j.inside[of] = append(j.inside[of], key)
			}
		}
	}
	return j.inside[name]
}

func (e *emptying) add(name history.ObjectName, uid string, c namespace.Content) int {
	i := len(e.names)
	e.at[name] = i
	e.names, e.uids, e.view.Contents = append(e.names, name), append(e.uids, uid), append(e.view.Contents, c)
	return i
}

// plan is what the step decided, in the words of the model. What is deleted under another UID than was listed was not listed.
func (e *emptying) plan() (plan []namespace.Effect) {
	for _, effect := range e.Plan {
		op := e.operations[effect.Call]
		switch {
		case effect.Subresource == "finalize":
			plan = append(plan, namespace.Effect{Verb: namespace.Finalize})
		case effect.Verb == "delete":
			name := history.NameOf(effect.Object)
			i, there := e.at[name]
			if !there || e.uids[i] != effect.Object.UID {
				i = e.add(name, effect.Object.UID, namespace.Content{Read: true})
			}
			plan = append(plan, namespace.Effect{Verb: namespace.Delete, Content: i, Forced: op != nil && op.Grace != nil && *op.Grace == 0})
		}
	}
	return plan
}

// careless is why a plan that the model allows is not what it means: a finalization is of the version that was seen, and takes away no finalizer
// but the controller's own.
func (e *emptying) careless() string {
	for _, effect := range e.Plan {
		if effect.Subresource != "finalize" {
			continue
		}
		if seen := fmt.Sprint(e.version.Revision); effect.ResourceVersion != seen {
			return fmt.Sprintf("it finalizes the namespace if that is at resourceVersion %q, and has seen it at %q", effect.ResourceVersion, seen)
		}
		var body object.Object
		if op := e.operations[effect.Call]; op == nil || json.Unmarshal(op.Body, &body) != nil {
			continue
		}
		for _, f := range e.shown.Spec.Finalizers {
			if f != kubernetesFinalizer && !slices.Contains(body.Spec.Finalizers, f) {
				return fmt.Sprintf("it takes the finalizer %s away, which is another's", f)
			}
		}
	}
	return ""
}
