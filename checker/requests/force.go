package requests

import (
	"math"

	"orrery/checker/rules"
)

// node is what is known of the rules on one node.
type node struct {
	// first is when the first set was known to be there.
	first int64
	sets  []*set // in the order in which they were applied
}

// set is one that may have been in force from one time to another. That it was is known once it is confirmed.
type set struct {
	node             string
	hash             string
	services, slices int64 // what it follows from
	from, to         int64
	confirmed        bool

	asked  bool
	wanted *rules.Wanted
}

// readRules finds the sets of all nodes in the steps and the lines of rules, each of which is written by the proxy of a node.
func (j *judge) readRules() {
	of := func(name string) *node {
		n := j.nodes[name]
		if n == nil {
			n = &node{first: math.MaxInt64}
			j.nodes[name] = n
		}
		return n
	}
	steps, told := j.h.Steps, j.h.Rules
	for len(steps)+len(told) > 0 {
		if len(told) == 0 || len(steps) > 0 && steps[0].Seq < told[0].Seq {
			l := steps[0]
			steps = steps[1:]
			for _, e := range l.Step.Plan {
				if e.Verb == "apply rules" {
					n := of(e.Object.Name)
					n.sets = append(n.sets, &set{node: e.Object.Name, hash: e.Object.Hash, from: l.Time, to: math.MaxInt64,
						services: l.Step.View["services"], slices: l.Step.View["endpointslices"]})
				}
			}
			continue
		}
		l := told[0]
		told = told[1:]
		n := of(l.Rules.Node)
		n.confirm(&set{node: l.Rules.Node, hash: l.Rules.Hash, from: math.MinInt64, to: math.MaxInt64,
			services: l.Rules.View["services"], slices: l.Rules.View["endpointslices"]}, l.Time)
		n.first = min(n.first, l.Time)
	}
}

// confirm takes note that a set was in force at a time: the last that was about to be, or, where none was told, this one.
func (n *node) confirm(s *set, at int64) {
	last := len(n.sets) - 1
	if last >= 0 && n.sets[last].hash == s.hash {
		s = n.sets[last]
	} else {
		n.sets = append(n.sets, s)
		last++
	}
	s.confirmed = true
	for _, before := range n.sets[:last] {
		before.to = min(before.to, at)
	}
}

// wanted is what a set is; nil: the store's log does not tell.
func (j *judge) wanted(s *set) *rules.Wanted {
	if !s.asked {
		s.asked = true
		if w, err := rules.Of(j.h.Log, s.services, s.slices, s.node); err == nil && w.Hash == s.hash {
			s.wanted = w
		}
	}
	return s.wanted
}
