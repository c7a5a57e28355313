package scheduler

// How many names of nodes and of pods there are.
const (
	NodeNames = 2
	PodNames  = 3
)

// State is the world of one scheduler. Nodes are numbered from 1, so that 0 is none.
type State struct {
	// Nodes and Pods are what the store holds.
	Nodes [NodeNames]StoredNode
	Pods  [PodNames]StoredPod

	// Up is whether the scheduler runs; what follows is what it knows, and nothing if it does not. A pod is due if the scheduler is to
	// choose for it. One that waits, and is not due, has been found to fit nowhere.
	Up        bool
	SeenNodes [NodeNames]StoredNode
	Seen      [PodNames]StoredPod
	Due       [PodNames]bool
	Writes    [PodNames]Write

	// Late are binds on their way whose issuer is gone or has given them up.
	Late [PodNames]Write

	// Crashes, Losses and Changes are how many of each are left. Healed: none are, for good.
	Crashes, Losses, Changes uint8
	Healed                   bool

	// Most is the most that was ever allocatable on a node. It decides nothing: it is there to be judged.
	Most [NodeNames]uint8
}

// StoredNode is a node as the store holds it. There is one resource.
type StoredNode struct {
	There       bool
	Allocatable uint8
	Shut        bool
}

// StoredPod is a pod as the store holds it. The UID tells it from all others of its name, and the version counts the writes to the name; of a
// pod that is gone both are remembered, for the next one.
type StoredPod struct {
	Phase        Phase
	UID, Version uint8
	Node         uint8
	Request      uint8
	// By is who gave it its node. It decides nothing: it is there to be judged.
	By Binder
}

// Binder is who gave a pod its node.
type Binder uint8

// The binders.
const (
	ByScheduler Binder = iota // or it has none
	ByUser
	ByOrphan // a scheduler that had crashed before its bind arrived
)

// waits: the pod is one that a node is to be found for.
func (p StoredPod) waits() bool { return p.Phase == Present && p.Node == 0 }

// occupies: the pod uses what its node has.
func (p StoredPod) occupies() bool { return p.Node != 0 && (p.Phase == Present || p.Phase == Leaving) }

// gone is what is remembered of a pod that is no more.
func (p StoredPod) gone() StoredPod { return StoredPod{UID: p.UID, Version: p.Version + 1} }

// Write is one bind, from when it is chosen until its answer is heard, or the cache shows what became of it.
type Write struct {
	Way  Way
	Node uint8
	// UID and Version are the precondition: those of the pod that the node was chosen for.
	UID, Version uint8
	// Again: it was sent before, and nobody knows with what outcome. Orphan: the scheduler that sent it has crashed.
	Again, Orphan bool
}

// Way is how far a bind has come.
type Way uint8

// The ways of a bind.
const (
	None    Way = iota
	Sent        // on its way to the server
	Done        // carried out, and the answer is on its way back
	Refused     // refused, likewise
	Unknown     // not answered: it may have been carried out, or may still be
	Moot        // it can be carried out no more; whether it was, only the pod can tell
)

// shown is what the scheduler's view shows under a name: its cache, and over it its own bind, until the cache has passed it.
func (s State) shown(i int) StoredPod {
	p := s.Seen[i]
	if s.Writes[i].Way != None && !s.passed(i) {
		p.Node = s.Writes[i].Node
	}
	return p
}

// passed: the cache shows a later version than a bind requires, so that it took effect and is shown, or never will.
func (s State) passed(i int) bool { return s.Seen[i].Version > s.Writes[i].Version }

// View is the scheduler's.
func (s State) View() View {
	var shown [PodNames]StoredPod
	for i := range shown {
		shown[i] = s.shown(i)
	}
	return viewOf(s.SeenNodes, shown)
}

// viewOf is a view of so many nodes and pods.
func viewOf(nodes [NodeNames]StoredNode, pods [PodNames]StoredPod) View {
	v := View{Nodes: make([]Node, NodeNames), Pods: make([]Pod, PodNames)}
	amounts := make([]int, NodeNames+PodNames) // one array for all: views are made often
	one := func(n uint8) []int {
		amounts[0] = int(n)
		a := amounts[:1]
		amounts = amounts[1:]
		return a
	}
	for i, n := range nodes {
		v.Nodes[i] = Node{There: n.There, Allocatable: one(n.Allocatable), Taints: Set(bit(n.Shut))}
	}
	for i, p := range pods {
		v.Pods[i] = Pod{Phase: p.Phase, Node: int(p.Node), Requests: one(p.Request), Ours: true}
	}
	return v
}

// Init are the nodes and pods of the domain, no pod with a node, and a scheduler that has just started.
func Init(d Domain) State {
	s := State{Crashes: d.Crashes, Losses: d.Losses, Changes: d.Changes, Most: d.Nodes}
	for i, allocatable := range d.Nodes {
		s.Nodes[i] = StoredNode{There: allocatable > 0, Allocatable: allocatable}
	}
	for i, request := range d.Pods {
		if request > 0 {
			s.Pods[i] = StoredPod{Phase: Present, UID: 1, Version: 1, Request: request}
		}
	}
	return s.started()
}

// started is the state after the scheduler has listed everything, and is to choose for every pod that waits.
func (s State) started() State {
	s.Up, s.SeenNodes, s.Seen = true, s.Nodes, s.Pods
	for i, p := range s.Pods {
		s.Due[i] = p.waits()
	}
	return s
}

// Encode writes everything that tells states apart.
func (s State) Encode(b []byte) []byte {
	for i := range s.Nodes {
		for _, n := range []*StoredNode{&s.Nodes[i], &s.SeenNodes[i]} {
			b = append(b, n.Allocatable<<2|bit(n.There)<<1|bit(n.Shut))
		}
		b = append(b, s.Most[i])
	}
	for i := range s.Pods {
		for _, p := range []*StoredPod{&s.Pods[i], &s.Seen[i]} {
			b = append(b, byte(p.Phase)|p.Node<<2|byte(p.By)<<6, p.UID, p.Version, p.Request)
		}
		for _, w := range []*Write{&s.Writes[i], &s.Late[i]} {
			b = append(b, byte(w.Way)|w.Node<<3|bit(w.Again)<<6|bit(w.Orphan)<<7, w.UID, w.Version)
		}
		b = append(b, bit(s.Due[i]))
	}
	return append(b, s.Crashes, s.Losses, s.Changes, bit(s.Up)|bit(s.Healed)<<1)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
