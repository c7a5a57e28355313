package refine

import (
	"encoding/json"
	"fmt"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
	"orrery/model/replication"
)

// The UIDs of owners, as the model has them: the one that the step is about, and all others.
const (
	nobody uint8 = iota
	mine
	another
)

// replicates judges the steps of a replication controller whose owners are of that resource.
func replicates(resource string) component {
	about := func(s *step) (history.ObjectName, bool) {
		namespace, name, ok := strings.Cut(s.Key, "/")
		return history.ObjectName{Resource: resource, Namespace: namespace, Name: name}, ok
	}
	judgeStep := func(j *judge, s *step) opinion {
		owner, ok := about(s)
		if !ok {
			return opinion{}
		}
		r := &replicating{judge: j, step: s, owner: owner, at: map[history.ObjectName]int{}}
		r.see()
		plan := r.plan()
		why := r.view.Refuses(plan)
		for i, n := range r.names {
			why = strings.ReplaceAll(why, fmt.Sprintf("pod %d is", i), n.String()+" is")
			why = strings.ReplaceAll(why, fmt.Sprintf("pod %d:", i), n.String()+":")
		}
		return opinion{len(plan) > 0, true, why, r.view.Allowed()}
	}
	reads := func(j *judge, s *step) map[string][]*history.Version {
		owner, _ := about(s)
		return map[string][]*history.Version{resource: j.h.Log.Of(owner), "pods": j.h.Log.All("pods")}
	}
	return component{judgeStep, reads}
}

// replicating is one step of a replication controller.
type replicating struct {
	*judge
	*step
	owner history.ObjectName
	uid   string

	view  replication.View
	names []history.ObjectName // of the view's pods
	at    map[history.ObjectName]int
	shown *object.Object // the owner
}

// see makes the view: what the store held at the caches' revisions, and the own writes over it.
func (r *replicating) see() {
	seen := history.At(r.h.Log.Of(r.owner), r.View[r.owner.Resource])
	if o, ok := r.owned(r.step, r.owner.Resource)[r.owner]; ok && o.version != nil {
		seen = o.version // its status was written, and the answer shows all of it
	} else if ok && o.gone {
		seen = nil
	}
	if r.shown = r.content(seen); r.shown != nil {
		r.uid = r.shown.Metadata.UID
		r.view.Owner = ownerOf(r.shown)
	}
	r.look()
	prefix, known := r.h.Log.Prefix("pods", r.owner.Namespace)
	if known {
		for _, v := range r.h.Log.Live(prefix, r.View["pods"]) {
			r.add(v.Object, r.pod(v))
		}
	}
	for name, o := range r.owned(r.step, "pods") { // order does not matter: each is laid over its own pod
		if name.Namespace == r.owner.Namespace {
			r.lay(name, o)
		}
	}
}

func ownerOf(o *object.Object) replication.Owner {
	replicas := 1
	if o.Spec.Replicas != nil {
		replicas = int(*o.Spec.Replicas)
	}
	return replication.Owner{UID: mine, Replicas: replicas, Leaving: o.Metadata.DeletionTimestamp != ""}
}

// look finds the live read of the owner that the step before asked for.
func (r *replicating) look() {
	if r.before == nil {
		return
	}
	for _, e := range r.before.Plan {
		op := r.operations[e.Call]
		if e.Verb != "get" || history.NameOf(e.Object) != r.owner || op == nil || op.Return == nil || op.ReturnLine > r.line.Seq {
			continue
		}
		live := replication.Owner{}
		if op.OK() && op.Return.Object != nil {
			if shown := r.content(history.At(r.h.Log.Of(r.owner), op.Return.Object.Revision)); shown != nil {
				if live = ownerOf(shown); shown.Metadata.UID != r.uid {
					live.UID = another
				}
			}
		} else if op.Return.Code != notFound {
			continue
		}
		r.view.Live = &live
	}
}

func (r *replicating) add(name history.ObjectName, p replication.Pod) {
	r.at[name] = len(r.names)
	r.names, r.view.Pods = append(r.names, name), append(r.view.Pods, p)
}

// pod is a stored pod in the words of the model.
func (r *replicating) pod(v *history.Version) replication.Pod {
	o := r.content(v)
	if o == nil {
		return replication.Pod{}
	}
	p := replication.Pod{Phase: replication.Running}
	switch {
	case o.Metadata.DeletionTimestamp != "":
		p.Phase = replication.Leaving
	case o.Terminal():
		p.Phase = replication.Ended
	}
	ref, _ := o.Controller()
	p.Owner = r.controller(ref.UID)
	p.Matches = r.shown != nil && r.shown.Selects(o.Metadata.Labels)
	return p
}

func (r *replicating) controller(uid string) uint8 {
	switch uid {
	case "":
		return nobody
	case r.uid:
		return mine
	}
	return another
}

// lay lays an own write over what the cache shows of a pod.
func (r *replicating) lay(name history.ObjectName, o own) {
	i, there := r.at[name]
	if !there {
		r.add(name, replication.Pod{Phase: replication.Gone})
		i = len(r.names) - 1
	}
	p := &r.view.Pods[i]
	switch {
	case o.version != nil:
		*p = r.pod(o.version)
	case o.gone:
		*p = replication.Pod{Phase: replication.Gone}
	case o.effect.Verb == "create":
		*p = replication.Pod{Phase: replication.Running, Owner: r.sent(o.request), Matches: true, Predicted: true, Open: true}
	case o.effect.Verb == "delete":
		p.Phase, p.Doubtful, p.Open = replication.Leaving, true, true
	case o.effect.Verb == "update":
		p.Owner, p.Open = r.sent(o.request), true
	}
}

// sent is the controller that a request gives a pod.
func (r *replicating) sent(op *history.Operation) uint8 {
	var body object.Object
	if op == nil || json.Unmarshal(op.Call.Body, &body) != nil {
		return mine
	}
	ref, _ := body.Controller()
	return r.controller(ref.UID)
}

// plan is what the step decided about pods, in the words of the model. What was held back, as the outcome of the last write to the same pod
// was open, was not sent and is left out.
func (r *replicating) plan() (plan []replication.Effect) {
	for _, e := range r.Plan {
		if e.Object.Resource != "pods" || e.Verb == "get" {
			continue
		}
		name := history.NameOf(e.Object)
		i, there := r.at[name]
		op := r.operations[e.Call]
		if !there {
			r.add(name, replication.Pod{})
			i = len(r.names) - 1
		}
		if r.view.Pods[i].Open && op == nil {
			continue
		}
		if verb := r.verb(e, op); verb != 0 {
			plan = append(plan, replication.Effect{Verb: verb, Pod: i})
		}
	}
	return plan
}

func (r *replicating) verb(e trace.Effect, op *history.Operation) replication.Verb {
	switch {
	case e.Verb == "create":
		return replication.Create
	case e.Verb == "delete":
		return replication.Remove
	case op == nil: // an update that was not sent: nobody can say of what
		return 0
	case r.sent(op) == mine:
		return replication.Adopt
	}
	return replication.Release
}
