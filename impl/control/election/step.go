package election

import (
	coordinationv1 "k8s.io/api/coordination/v1"

	"orrery/impl/trace"
)

// Component is the name under which a trace has the steps of a candidate.
const Component = "leader-election"

// Step is the line of a trace that tells that a request was decided, and under which ID it is sent.
func (e *Elector) Step(r Request, call string) trace.Line {
	effect := trace.Effect{Call: call, Verb: string(r.Verb), Object: trace.Ref{Resource: leases.Name, Namespace: e.namespace, Name: e.name}}
	if lease, ok := r.Object.(*coordinationv1.Lease); ok {
		effect.Object.UID, effect.ResourceVersion = string(lease.UID), lease.ResourceVersion
	}
	return trace.Line{Step: &trace.Step{Component: Component, Key: e.namespace + "/" + e.name, Plan: []trace.Effect{effect}, Why: r.Why}}
}

// Begins and Ends are the lines that tell that a candidate comes to lead, and that it does so no more, and nothing acts for it.
func (e *Elector) Begins() trace.Line { return e.life(trace.Leads) }

// Ends: see [Elector.Begins].
func (e *Elector) Ends() trace.Line { return e.life(trace.Follows) }

func (e *Elector) life(state string) trace.Line {
	return trace.Line{Life: &trace.Life{Name: e.name, State: state, Why: "as " + e.me}}
}
