package actions

import (
	"slices"

	"orrery/impl/trace"
	"orrery/model/proxy"
)

var proxyTable = table{
	model: "proxy",
	rows: []row{
		{proxy.Vanish, "Vanish", "a service is gone", changes(theServices, change.goes)},
		{proxy.Again, "Again", "there is a service of a name that another had", changes(theServices, change.returns)},
		{proxy.Policy, "Policy", "a service comes to use only endpoints on the client's node, or no longer does", changes(theServices, change.stays, func(c change) bool {
			return c.was.Spec.InternalTrafficPolicy != c.is.Spec.InternalTrafficPolicy
		})},
		{proxy.Set, "Set", "a slice says something else", changes(theSlices)},
		{proxy.Tamper, "Tamper", "", nil},
		{proxy.Connect, "Connect", "", nil},
		{proxy.Expire, "Expire", "", nil},
		{proxy.ListServices, "ListServices", "a proxy is answered with all services", listed(theServices)},
		{proxy.ListSlices, "ListSlices", "a proxy is answered with all slices", listed(theSlices)},
		{proxy.SeeService, "SeeService", "a proxy's watch tells of a service", seen(theServices, theProxy)},
		{proxy.SeeSlice, "SeeSlice", "a proxy's watch tells of a slice", seen(theSlices, theProxy)},
		{proxy.Work, "Work", "a proxy's step applies rules", proxied(func(p *proxySteps) bool { return p.verb == applyRules })},
		{proxy.Apply, "Apply", "a node has other rules, or the same anew", func(r *run, at func(int64)) {
			for _, l := range r.Rules {
				at(l.Seq)
			}
		}},
		{proxy.Fail, "Fail", "", nil},
		{proxy.Answer, "Answer", "a proxy's step after it has applied rules knows that the kernel holds them", proxied(func(p *proxySteps) bool {
			return p.last == applyRules && p.verb == flushFlows
		})},
		{proxy.LoseAnswer, "LoseAnswer", "", nil},
		{proxy.End, "End", "a proxy's step ends flows", proxied(func(p *proxySteps) bool { return p.verb == flushFlows })},
		{proxy.FailToEnd, "FailToEnd", "", nil},
		{proxy.Resync, "Resync", "", nil},
		{proxy.Crash, "Crash", "the process of a proxy exits", lives(running(theProxy), "exit")},
		{proxy.Start, "Start", "such a process starts", lives(running(theProxy), "start")},
		{proxy.Heal, "Heal", "the phase heal begins", healed},
	},
	exceptions: []exception{
		{"Policy", Nowhere, "no user of a workload changes the policy of a service"},
		{"Tamper", Unseen, "who removes rules does not tell; a worker that is rebooted has none either"},
		{"Connect", Unseen, kernelsSilent},
		{"Expire", Unseen, kernelsSilent},
		{"Fail", Unseen, "a trace has the rules that were applied and answered, and does not tell why others were not"},
		{"LoseAnswer", Unseen, "as Fail"},
		{"FailToEnd", Unseen, "that flows are ended again, and why, cannot be told from a second look"},
		{"Resync", Unseen, "a proxy that finds its kernel as it should be does nothing"},
	},
}

const kernelsSilent = "the flows of a kernel are in no trace"

// theProxy is the component that the model is of, and what its steps do.
const (
	theProxy   = "proxy"
	applyRules = "apply rules"
	flushFlows = "flush flows"
)

// listed finds the answers to the lists of proxies.
func listed(resource string) finder {
	return func(r *run, at func(int64)) {
		for _, op := range r.Operations {
			if op.Verb == "list" && op.Resource == resource && op.OK() && r.runs(op.Process, theProxy) {
				at(op.ReturnLine)
			}
		}
	}
}

// proxySteps is what a step of a proxy does, and what the one of its process before that did something.
type proxySteps struct{ last, verb string }

// proxied finds the steps of proxies that do something.
func proxied(holds func(p *proxySteps) bool) finder {
	return func(r *run, at func(int64)) {
		last := map[string]string{}
		for _, l := range r.Steps {
			i := slices.IndexFunc(l.Step.Plan, func(e trace.Effect) bool { return e.Verb == applyRules || e.Verb == flushFlows })
			if l.Step.Component != theProxy || i < 0 {
				continue
			}
			p := &proxySteps{last[l.Process], l.Step.Plan[i].Verb}
			if last[l.Process] = p.verb; holds(p) {
				at(l.Seq)
			}
		}
	}
}
