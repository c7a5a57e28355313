package node

import "slices"

// Domain bounds the world: how many nodes and pods there are, and how often what may go wrong does.
type Domain struct {
	// Nodes and Pods are those that something may happen to. Apart: each node has a zone of its own. Pods tolerate the taint for so many ticks.
	// Serving: they run something that is ready.
	Nodes, Pods int
	Apart       bool
	Tolerates   int
	Serving     bool
	// Steady and Elsewhere are how many nodes nothing happens to, in the zone of the first node and in another: they are there to be counted.
	Steady, Elsewhere int

	// Cuts are machines that die or are cut off, and such that are back; Changes is what users and kubelets do.
	Cuts, Changes, Losses, Crashes uint8
	// Prompt: the cache shows everything at once. With it, worlds of two nodes are small enough.
	Prompt bool
	// Anyhow: the world begins in any state at all; see [anyhow].
	Anyhow bool
}

func (d Domain) zone(i int) int {
	if d.Apart {
		return i
	}
	return 0
}

func (d Domain) zones() int {
	if d.Apart || d.Elsewhere > 0 {
		return 2
	}
	return 1
}

func (d Domain) nodeOf(pod int) int { return pod % d.Nodes }

func (d Domain) tolerates(p StoredPod) int {
	if p.Forever {
		return Forever
	}
	return d.Tolerates
}

// steady are the nodes that nothing happens to.
func (d Domain) steady() (nodes []Node) {
	for i := range d.Steady + d.Elsewhere {
		n := Node{UID: 1}
		if i >= d.Steady {
			n.Zone = 1
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// Enabled appends the actions that may happen.
func Enabled(d Domain, s State, actions []Action) []Action {
	from := len(actions)
	add := func(yes bool, kind Kind, object int) {
		if yes {
			actions = append(actions, Action{Kind: kind, Object: object})
		}
	}
	if s.Cuts > 0 && !s.Healed {
		for i := range d.Nodes {
			add(s.Linked[i], Cut, i)
			add(!s.Linked[i], Link, i)
		}
	}
	if s.Changes > 0 && !s.Healed {
		actions = changes(d, s, actions)
	}
	overdue := false
	for i := range d.Nodes {
		there := s.Nodes[i].UID != 0
		overdue = overdue || there && s.Linked[i] && s.Silent[i] > 0
		add(there && s.Linked[i] && s.Silent[i] > 0, Renew, i)
		add(there && s.Linked[i] && s.Nodes[i].Condition != Ready, Report, i)
		add(s.Up && s.Seen[i].Renewed && there, SeeRenewal, i)
		add(s.Up && s.Seen[i].Behind, See, i)
	}
	for i := range d.Pods {
		add(d.Serving && s.Pods[i].Phase == Running && !s.Pods[i].Ready && s.Linked[d.nodeOf(i)], Report, Names+i)
		add(s.Pods[i].Phase == Leaving && s.Linked[d.nodeOf(i)], Remove, Names+i)
		add(s.Up && s.Shown[i].Behind, See, Names+i)
	}
	if s.Up {
		actions = decisions(d, s, actions)
	}
	for o, w := range s.Writes {
		late := s.Late[o].Way != None
		add(w.Way == Sent, Arrive, o)
		add(w.Way == Sent && !late && s.Losses > 0 && !s.Healed, GiveUp, o)
		add(w.Way == Open, Resolve, o)
		add(late, Land, o)
		add(late, Drop, o)
	}
	add(s.Up && s.Crashes > 0 && !s.Healed && s.quietWay(), Crash, 0)
	add(!s.Up, Start, 0)
	// Kubelets that reach the store are in time. Once the faults have ended, so is everybody: time passes only if nothing else is to be done.
	overdue = overdue || s.Healed && slices.ContainsFunc(actions[from:], func(a Action) bool { return Fair(a) >= 0 })
	add(!s.Healed, Heal, 0)
	add(!overdue, Tick, 0)
	return actions
}

// changes are what users and kubelets do.
func changes(d Domain, s State, actions []Action) []Action {
	add := func(yes bool, kind Kind, object int) {
		if yes {
			actions = append(actions, Action{Kind: kind, Object: object})
		}
	}
	for i := range d.Nodes {
		there := s.Nodes[i].UID != 0
		add(there && s.Linked[i] && s.Nodes[i].Condition == Ready, Ail, i)
		add(there, Mark, i)
		add(there, Retire, i)
		add(there, Unregister, i)
		add(!there, Register, i)
	}
	for i := range d.Pods {
		p := s.Pods[i]
		add(p.Phase == Absent, Appear, Names+i)
		add(p.Phase == Running && !p.Forever, Tolerate, Names+i)
		add(p.Phase == Running, Delete, Names+i)
	}
	return actions
}

// quietWay: what a crash leaves on its way has room among what is late.
func (s State) quietWay() bool {
	for o, w := range s.Writes {
		if w.Way == Sent && s.Late[o].Way != None {
			return false
		}
	}
	return true
}

// decisions are what the controller may do now: everything that its view does not refuse, and a live read of each node about which, or about
// whose pods, something would be decided if it were read live. A plan of several effects is several decisions.
func decisions(d Domain, s State, actions []Action) []Action {
	v := s.View(d)
	for _, e := range d.effects() {
		if v.Refuses([]Effect{e}) == "" {
			actions = append(actions, work(e))
			continue
		}
		n := v.about(e)
		if look := (Action{Kind: Look, Object: n}); e.needsLive() && !v.Nodes[n].Live && !slices.Contains(actions, look) {
			if v.Nodes[n].Live = true; v.Refuses([]Effect{e}) == "" {
				actions = append(actions, look)
			}
			v.Nodes[n].Live = false
		}
	}
	return actions
}

// effects are all that there are in a domain.
func (d Domain) effects() (all []Effect) {
	for verb := Doubt; verb <= Collect; verb++ {
		n := d.Nodes
		if verb.ofPod() {
			n = d.Pods
		}
		for i := range n {
			all = append(all, Effect{verb, i})
		}
	}
	return all
}

func (e Effect) needsLive() bool { return e.Verb == Doubt || e.Verb == Evict || e.Verb == Collect }

// about is the node that an effect is about, or the pod's.
func (v View) about(e Effect) int {
	if e.Verb.ofPod() {
		return v.Pods[e.Object].Node
	}
	return e.Object
}
