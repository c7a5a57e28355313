package proxy

import (
	"cmp"
	"fmt"
	"slices"
)

// Service is one port of a service, as a view shows it.
type Service struct {
	// Name is what slices call it. UID tells it from others that had the name, and of two the later has the greater; 0: there is none.
	Name, UID uint16
	// Address is the virtual address with the port; 0: it has none. With the protocol it is what packets are sent to.
	Address uint16
	UDP     bool
	// Local: only endpoints on the client's node may be used (internalTrafficPolicy). Affinity: a client stays with its endpoint.
	Local, Affinity bool
}

// Endpoint is one entry of a slice.
type Endpoint struct {
	// Address is the endpoint's, with the port. Here: it is on this node.
	Address                           uint16
	Here, Ready, Serving, Terminating bool
}

// Slice holds endpoints of the service of that name.
type Slice struct {
	Service   uint16
	Endpoints []Endpoint
}

// Verdict is what becomes of a new flow to a service.
type Verdict uint8

// The verdicts.
const (
	Absent  Verdict = iota // there is no rule: the packet goes where its address leads, which is nowhere
	Forward                // to one of the targets
	Reject                 // the client is told
	Drop                   // the client is not told, so that it tries again
)

func (v Verdict) String() string { return [...]string{"no rule", "forward", "reject", "drop"}[v] }

// Rule is what the kernel does with new flows to one address of one protocol.
type Rule struct {
	Address  uint16
	UDP      bool
	Verdict  Verdict
	Affinity bool
	// Targets are addresses of endpoints, in order.
	Targets []uint16
}

// Flow is what the kernel remembers of a client that has sent packets to an address: later ones go to the same target, whatever the rules
// say by then. Target 0: there was no rule for the address, and packets are not translated. One that is translated is known as the proxy's,
// by a mark that its rules leave, so that nobody need remember which addresses services have had.
type Flow struct {
	Address uint16
	UDP     bool
	Target  uint16
}

// View is what a decision is made from.
type View struct {
	Services []Service
	Slices   []Slice
	// ServicesListed, SlicesListed: all of them were listed once, since the proxy started.
	ServicesListed, SlicesListed bool
	// Kernel are the rules that the kernel holds, as far as the proxy knows. It knows it only if Sure: not when it has just started, nor when
	// a write has failed or its outcome is not known, nor when so much time has gone by that somebody else may have changed them.
	Kernel []Rule
	Sure   bool
	// Flows are those that the kernel holds, read for the decision.
	Flows []Flow
}

// Verb is what a plan does.
type Verb uint8

// The verbs.
const (
	Replace Verb = iota + 1 // all rules, at once
	Flush                   // flows
)

// Plan is one thing to do: a set of rules that takes the place of what there is, or flows that are ended.
type Plan struct {
	Verb  Verb
	Rules []Rule
	Flows []Flow
}

// Endpoints are those of the service of that name, in order of their addresses. The same address may be in several slices, and each may have
// been seen at another time (row 101); of what they say, that counts which was true last, as far as can be told: a pod that is being
// deleted never stops being deleted. Else the one that lets it be used.
func (v View) Endpoints(name uint16) (endpoints []Endpoint) {
	for _, s := range v.Slices {
		if s.Service != name {
			continue
		}
		for _, e := range s.Endpoints {
			at := slices.IndexFunc(endpoints, func(other Endpoint) bool { return other.Address == e.Address })
			switch {
			case at < 0:
				endpoints = append(endpoints, e)
			case e.rank() > endpoints[at].rank():
				endpoints[at] = e
			}
		}
	}
	slices.SortFunc(endpoints, func(a, b Endpoint) int { return cmp.Compare(a.Address, b.Address) })
	return endpoints
}

// rank orders what may be said of one endpoint. It tells all that may be said apart, so that the order of slices does not matter.
func (e Endpoint) rank() (n int) {
	for _, flag := range []bool{e.Terminating, e.Ready, e.Serving, e.Here} {
		if n *= 2; flag {
			n++
		}
	}
	return n
}

// draining: it is being deleted, and still answers.
func (e Endpoint) draining() bool { return e.Serving && e.Terminating }

// Wanted are the rules of this node, in order of addresses: a function of services and slices, and of nothing else (row 113).
func (v View) Wanted() (rules []Rule) {
	for _, s := range v.Services {
		if s.UID != 0 && s.Address != 0 && v.at(s.Address, s.UDP).UID == s.UID {
			rules = append(rules, v.rule(s))
		}
	}
	slices.SortFunc(rules, func(a, b Rule) int { return cmp.Compare(a.key(), b.key()) })
	return rules
}

// at is the service that has an address. A view that lags may show two; the later one has it.
func (v View) at(address uint16, udp bool) (holder Service) {
	for _, s := range v.Services {
		if s.UID > holder.UID && s.Address == address && s.UDP == udp {
			holder = s
		}
	}
	return holder
}

// rule is row 118: to those that are ready, or else to those that drain; among those that the policy allows.
func (v View) rule(s Service) Rule {
	r := Rule{Address: s.Address, UDP: s.UDP, Affinity: s.Affinity}
	var ready, draining []uint16
	elsewhere := false
	for _, e := range v.Endpoints(s.Name) {
		switch usable := e.Ready || e.draining(); {
		case !usable:
		case s.Local && !e.Here:
			elsewhere = true
		case e.Ready:
			ready = append(ready, e.Address)
		default:
			draining = append(draining, e.Address)
		}
	}
	switch {
	case len(ready) > 0:
		r.Verdict, r.Targets = Forward, ready
	case len(draining) > 0:
		r.Verdict, r.Targets = Forward, draining
	case elsewhere:
		r.Verdict = Drop
	default:
		r.Verdict = Reject
	}
	return r
}

// Keeps reports whether a flow may stay (row 116). TCP may always: its ends notice by themselves. UDP may stay at what is an endpoint of the
// service that has the address now, if it serves, or if new flows are sent to it. Whether it is here does not matter, as a change of the
// service does not end what has begun.
func (v View) Keeps(f Flow) bool {
	s := v.at(f.Address, f.UDP)
	switch {
	case !f.UDP:
		return true
	case f.Target == 0:
		return s.UID == 0 // it is not the proxy's, unless there is a rule by now
	case s.UID == 0:
		return false
	}
	return slices.ContainsFunc(v.Endpoints(s.Name), func(e Endpoint) bool { return e.Address == f.Target && (e.Serving || e.Ready) })
}

// Refuses is why a plan is not allowed in a view; empty: it is.
func (v View) Refuses(p Plan) string {
	wanted := v.Wanted()
	current := v.Sure && slices.EqualFunc(v.Kernel, wanted, Rule.equal)
	switch {
	case !v.ServicesListed:
		return "services have not been listed yet" // row 114
	case !v.SlicesListed:
		return "slices have not been listed yet" // row 114
	case p.Verb == Replace && current:
		return "the kernel holds these rules already"
	case p.Verb == Replace:
		return differs(p.Rules, wanted)
	case !current:
		return "the rules are not in the kernel yet, and what is ended would begin again as it was"
	}
	for _, f := range v.Flows {
		switch ended := slices.Contains(p.Flows, f); {
		case ended && v.Keeps(f):
			return fmt.Sprintf("the flow to %d is at %d, and may stay there", f.Address, f.Target)
		case !ended && !v.Keeps(f):
			return fmt.Sprintf("the flow to %d is at %d, and stays there", f.Address, f.Target)
		}
	}
	return ""
}

// differs is where rules differ from those that are wanted; empty: nowhere.
func differs(rules, wanted []Rule) string {
	for _, r := range rules {
		switch at := slices.IndexFunc(wanted, r.about); {
		case at < 0:
			return fmt.Sprintf("there is a rule for address %d, and no service has it", r.Address)
		case !r.equal(wanted[at]):
			return fmt.Sprintf("address %d: %v, and wanted is: %v", r.Address, r, wanted[at])
		}
	}
	for _, w := range wanted {
		if !slices.ContainsFunc(rules, w.about) {
			return fmt.Sprintf("there is no rule for address %d", w.Address)
		}
	}
	if len(rules) != len(wanted) {
		return "an address has two rules"
	}
	return ""
}

// key is what tells rules apart: the address, and of one address TCP first.
func (r Rule) key() uint32 {
	if r.UDP {
		return uint32(r.Address)<<1 | 1
	}
	return uint32(r.Address) << 1
}

// about: both are about the same address.
func (r Rule) about(other Rule) bool { return r.key() == other.key() }

func (r Rule) equal(other Rule) bool {
	return r.about(other) && r.Verdict == other.Verdict && r.Affinity == other.Affinity && slices.Equal(r.Targets, other.Targets)
}

func (r Rule) String() string {
	affinity := ""
	if r.Affinity {
		affinity = ", each client to one"
	}
	if r.Verdict == Forward {
		return fmt.Sprintf("forward to %v%s", r.Targets, affinity)
	}
	return r.Verdict.String()
}
