package proxy

import (
	"fmt"
	"time"

	"orrery/impl/control"
	"orrery/impl/proxy/rules"
	"orrery/impl/trace"
)

// Apply is the effect that puts a set in the place of the one that the kernel holds.
type Apply struct {
	Node string
	Set  rules.Set
	Hash string
	// View is the resourceVersion of what the set follows from, by resource.
	View map[string]int64
}

// Flush is the effect that ends the flows which a set does not keep.
type Flush struct {
	Node  string
	Set   rules.Set
	Stays string
}

// Describe implements [control.Described].
func (a Apply) Describe() (string, trace.Ref) {
	return "apply rules", trace.Ref{Resource: "rules", Name: a.Node, Hash: a.Hash}
}

// Describe implements [control.Described].
func (f Flush) Describe() (string, trace.Ref) {
	return "flush flows", trace.Ref{Resource: "flows", Name: f.Node}
}

// Reconcile implements [control.Component]: the whole set, unless the kernel is known to hold it; and then the flows, unless those were looked
// through that this set keeps. What nobody is sure of is done again (row 115).
func (p *Proxy) Reconcile(v *control.View, _ time.Time, _ control.Key) control.Plan {
	kernel := p.kernel(v)
	services, slices := seen(v)
	set := Wanted(services, slices, p.node)
	hash, stays := set.Hash(), set.Stays()
	why := fmt.Sprintf("%d rules", len(set.Rules))
	do := func(what any, why string) control.Plan {
		return control.Plan{Batches: [][]control.Effect{{{Other: what, Why: why}}}, Why: why}
	}
	switch {
	case kernel.Rules != hash:
		view := map[string]int64{}
		for _, source := range p.Sources()[:2] {
			view[source.Resource.Name] = v.Revision(source.Name)
		}
		return do(Apply{p.node, set, hash, view}, why)
	case kernel.Stays != stays:
		return do(Flush{p.node, set, stays}, "flows may be at what is no endpoint any more")
	}
	return control.Plan{Why: why}
}
