package control

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/trace"
)

// Described is implemented by effects other than API requests, to name themselves in the trace.
type Described interface {
	Describe() (verb string, object trace.Ref)
}

// Looking is implemented by a component that also decides from what no store holds, to name in the trace what it saw of that.
type Looking interface {
	Look(v *View, key Key) *trace.Look
}

// step writes the trace line of one decision.
func (l *Loop) step(k *keyState, plan Plan, own []trace.Ref, look *trace.Look) {
	if l.config.Trace == trace.Discard {
		return
	}
	s := &trace.Step{Component: l.component.Name(), Key: string(k.key), View: l.revisions(), Own: own, Look: look, Why: plan.Why}
	if plan.Wants != "" {
		s.Why = strings.TrimPrefix(s.Why+"; wants "+plan.Wants, "; ")
	}
	for _, batch := range k.batches {
		for _, op := range batch {
			s.Plan = append(s.Plan, describe(op.effect))
		}
	}
	l.config.Trace.Emit(trace.Line{Step: s})
}

// question writes the trace line of a request that the loop itself sends, to resolve an unknown write.
func (l *Loop) question(op *operation) {
	if l.config.Trace == trace.Discard {
		return
	}
	l.config.Trace.Emit(trace.Line{Step: &trace.Step{
		Component: l.component.Name(), View: l.revisions(), Own: l.own(),
		Plan: []trace.Effect{describe(op.effect)}, Why: op.effect.Why,
	}})
}

// revisions are those of the caches that have been listed.
func (l *Loop) revisions() map[string]int64 {
	m := make(map[string]int64, len(l.caches))
	for _, c := range l.caches {
		if c.listed {
			m[c.source.shown()] = c.rv
		}
	}
	return m
}

// shown is the source's name in a trace: that of its resource, where it has one.
func (s Source) shown() string {
	if s.Resource != nil {
		return s.Resource.Name
	}
	return s.Name
}

// look is what the component saw besides its caches of the API; nil: nothing, or it decided to do nothing.
func (l *Loop) look(k *keyState, plan Plan) *trace.Look {
	c, ok := l.component.(Looking)
	if !ok || len(plan.Batches) == 0 || l.config.Trace == trace.Discard {
		return nil
	}
	return c.Look(&l.view, k.key)
}

// own names the writes in the ledger.
func (l *Loop) own() []trace.Ref {
	if l.config.Trace == trace.Discard {
		return nil
	}
	var refs []trace.Ref
	for w := l.ledger.first; w != nil; w = w.next {
		ref := trace.Ref{Resource: w.cache.source.shown(), Namespace: w.entry.name.namespace, Name: w.entry.name.name, UID: string(w.uid), Revision: w.rv}
		if w.expect != nil {
			ref.UID = string(w.expect.GetUID())
		}
		refs = append(refs, ref)
	}
	return refs
}

func describe(e Effect) trace.Effect {
	t := trace.Effect{Call: e.ID, Why: e.Why}
	r := e.Request
	if r == nil {
		t.Call = "" // no API call performs it
		if d, ok := e.Other.(Described); ok {
			t.Verb, t.Object = d.Describe()
		} else {
			t.Verb = fmt.Sprintf("%T", e.Other)
		}
		return t
	}
	t.Verb, t.Subresource = string(r.Verb), r.Subresource
	t.Object = trace.Ref{Resource: r.Resource.Name, Namespace: r.Namespace, Name: r.Name}
	if obj, ok := r.Object.(metav1.Object); ok {
		t.Object.UID, t.ResourceVersion = string(obj.GetUID()), obj.GetResourceVersion()
		if t.Object.Name == "" {
			t.Object.Name = obj.GetName()
		}
	}
	if r.Delete != nil && r.Delete.Preconditions != nil {
		if p := r.Delete.Preconditions; p.UID != nil {
			t.Object.UID = string(*p.UID)
		}
		if p := r.Delete.Preconditions; p.ResourceVersion != nil {
			t.ResourceVersion = *p.ResourceVersion
		}
	}
	return t
}

// inWords names an effect for people: "create pods/binding default/web".
func inWords(e Effect) string {
	t := describe(e)
	what := t.Object.Resource
	if t.Subresource != "" {
		what += "/" + t.Subresource
	}
	return strings.Join(strings.Fields(t.Verb+" "+what+" "+strings.Trim(t.Object.Namespace+"/"+t.Object.Name, "/")), " ")
}

// Wants lists what the loop still wants, and why it has not got it, in a fixed order; empty: all is as desired.
func (l *Loop) Wants() []Want {
	var wants []Want
	add := func(key Key, format string, args ...any) {
		wants = append(wants, Want{l.component.Name(), key, fmt.Sprintf(format, args...)})
	}
	for _, c := range l.caches {
		if !c.listed {
			add("", "the first list of %s", c.source.Name)
		}
	}
	for _, w := range l.ledger.unknown {
		add("", "to learn what became of %s (%s)", inWords(w.effect), w.effect.ID)
	}
	known := len(wants)
	// order does not matter: sorted below
	for _, k := range l.keys {
		switch {
		case k.failed != nil && k.place == waiting:
			add(k.key, "to try again after %s: %v", inWords(*k.failed), k.err)
		case k.working:
			add(k.key, "the answers to %d effects", k.open)
		case k.place == ready:
			add(k.key, "to be reconciled")
		case k.wants != "":
			add(k.key, "%s", k.wants)
		}
	}
	slices.SortFunc(wants[known:], func(a, b Want) int { return strings.Compare(string(a.Key), string(b.Key)) })
	return wants
}
