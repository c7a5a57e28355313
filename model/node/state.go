package node

// Names is how many names of nodes there are, and how many of pods. Objects are numbered: first nodes, then pods. Pod i is always bound to
// node i modulo the number of nodes.
const Names = 2

const objects = 2 * Names

// small is the policy of the machine: as small as can be, so that two nodes are enough for every health of a zone.
var small = Policy{Grace: 2, Quarantine: 1, Pace: 1, Slow: 2, Few: 0, Share: 50, Large: 2}

// longest is the longest duration that anything depends on; all are measured up to it.
const longest = 2

// State is the world of a few nodes and one controller.
type State struct {
	// Nodes and Pods are what the store holds.
	Nodes   [Names]StoredNode
	Pods    [Names]StoredPod
	NextUID uint8

	// Linked is whether a machine runs and reaches the store; the rest is what really is so, for as long as it matters: how long ago a node's
	// lease or status was renewed, for how long it has had its taint, how long ago some node of all began to be ready, and how long ago a taint
	// was decided in each zone. The controller knows none of it.
	Linked       [Names]bool
	Silent, Held [Names]uint8
	Dawn         uint8
	Paced        [Names]uint8

	// Up is whether the controller runs, Awake for how long it has; what follows is what it knows, and nothing if it does not run.
	Up     bool
	Awake  uint8
	Seen   [Names]SeenNode
	Shown  [Names]SeenPod
	Since  [Names]uint8
	Writes [objects]Write

	// Late are requests on their way whose issuer is gone or has given them up.
	Late [objects]Write

	// Cuts, Changes, Losses and Crashes are how many of each are left. Healed: none are, for good.
	Cuts, Changes, Losses, Crashes uint8
	Healed                         bool

	// Excused: a node may have ceased to be ready unknown to the controller. It is there to be judged; see [NoneReady].
	Excused bool
}

// StoredNode is a node as the store holds it.
type StoredNode struct {
	UID uint8
	Condition
	Tainted, OutOfService bool
}

// StoredPod is a pod as the store holds it.
type StoredPod struct {
	Phase   Phase
	UID     uint8
	Ready   bool
	Forever bool // it tolerates the taint for ever, and not only for what the domain says
}

// SeenNode is a node as the controller's cache shows it, and what its clock has measured.
type SeenNode struct {
	StoredNode
	// Behind: the store holds another version. Renewed, Swapped: since then its lease or status was renewed, its taint was taken off.
	Behind, Renewed, Swapped bool
	Quiet, Held, Missing     uint8
	// Live: it was read live since time last passed. Truth is what was so then; it is there to be judged.
	Live  bool
	Truth Truth
}

// Truth is what the store knew when a node was read live: it was silent for the grace period; for how long it had had its taint, if it had one;
// that it was absent; that it was out of service.
type Truth struct {
	Silent, Tainted, Absent, OutOfService bool
	Held                                  uint8
}

// SeenPod is a pod as the cache shows it. Behind: the store holds another version.
type SeenPod struct {
	StoredPod
	Behind bool
}

// Write is one request of the controller's. It stays in the ledger until the cache shows a later version of its object, so that every decision
// sees it.
type Write struct {
	Verb Verb
	Way  Way
	// Stale: the object has changed since the version that the request requires. Versions are not kept: all that is ever asked of one is
	// whether it is still the latest. UID is that of the object that was decided about.
	Stale bool
	UID   uint8
}

// Way is how far a request has come.
type Way uint8

// The ways of a request.
const (
	None     Way = iota
	Sent         // on its way to the server
	Answered     // carried out or refused; the cache does not show yet what the object is like now
	Open         // not answered: it may have been carried out, or may still be
)

// shown is what the controller's view shows under the name of a node: its cache, and over it its own write, as if it had been carried out.
func (s State) shown(d Domain, i int) Node {
	seen, w := s.Seen[i], s.Writes[i]
	n := Node{UID: seen.UID, Zone: d.zone(i), Condition: seen.Condition, Tainted: seen.Tainted, OutOfService: seen.OutOfService,
		Quiet: int(seen.Quiet), Held: int(seen.Held), Missing: int(seen.Missing), Live: seen.Live, Open: w.Way != None}
	switch {
	case w.Way == None:
	case w.Verb == Doubt:
		n.Condition = Unknown
	case w.Verb == Untaint || w.Verb == Spare:
		n.Tainted = false
	}
	return n
}

// View is the controller's. Nodes that nothing ever happens to come last.
func (s State) View(d Domain) View {
	v := View{Policy: small}
	for i := range d.Nodes {
		v.Nodes = append(v.Nodes, s.shown(d, i))
	}
	v.Nodes = append(v.Nodes, d.steady()...)
	for i := range d.Pods {
		p := s.Shown[i]
		v.Pods = append(v.Pods, Pod{Phase: p.Phase, Node: d.nodeOf(i), Tolerates: d.tolerates(p.StoredPod), Ready: p.Ready, Open: s.Writes[Names+i].Way != None})
	}
	for z := range d.zones() {
		v.Since = append(v.Since, int(s.Since[z]))
	}
	return v
}

// truth are the nodes as the store holds them, as a view would show them.
func (s State) truth(d Domain) (nodes []Node) {
	for i := range d.Nodes {
		n := s.Nodes[i]
		nodes = append(nodes, Node{UID: n.UID, Zone: d.zone(i), Condition: n.Condition})
	}
	return append(nodes, d.steady()...)
}

// Init are nodes that are ready, each with its pods; the controller has just started, and everything before was long ago.
func Init(d Domain) State {
	s := State{NextUID: 1, Cuts: d.Cuts, Changes: d.Changes, Losses: d.Losses, Crashes: d.Crashes, Dawn: longest, Paced: [Names]uint8{longest, longest}}
	for i := range d.Nodes {
		s.Nodes[i], s.Linked[i] = StoredNode{UID: s.NextUID}, true
		s.NextUID++
	}
	for i := range d.Pods {
		s.Pods[i] = StoredPod{Phase: Running, UID: s.NextUID, Ready: d.Serving}
		s.NextUID++
	}
	return s.started()
}

// started is the state after the controller has listed everything. It has measured nothing yet.
func (s State) started() State {
	s.Up, s.Awake, s.Since = true, 0, [Names]uint8{}
	for i, n := range s.Nodes {
		s.Seen[i] = SeenNode{StoredNode: n}
	}
	for i, p := range s.Pods {
		s.Shown[i] = SeenPod{StoredPod: p}
	}
	return s
}

// Encode writes everything that tells states apart.
func (s State) Encode(b []byte) []byte {
	node := func(n StoredNode) byte {
		return n.UID | byte(n.Condition)<<4 | bit(n.Tainted)<<6 | bit(n.OutOfService)<<7
	}
	for i := range Names {
		c, t := s.Seen[i], s.Seen[i].Truth
		b = append(b, node(s.Nodes[i]), node(c.StoredNode), s.Silent[i]|s.Held[i]<<4, s.Paced[i]|s.Since[i]<<4, c.Quiet|c.Held<<2|c.Missing<<4,
			bit(c.Behind)|bit(c.Renewed)<<1|bit(c.Swapped)<<2|bit(c.Live)<<3|bit(s.Linked[i])<<4,
			bit(t.Silent)|bit(t.Tainted)<<1|bit(t.Absent)<<2|bit(t.OutOfService)<<3|t.Held<<4)
		for _, p := range []SeenPod{{s.Pods[i], false}, s.Shown[i]} {
			b = append(b, byte(p.Phase)|bit(p.Forever)<<2|bit(p.Behind)<<3|bit(p.Ready)<<4, p.UID)
		}
	}
	for i := range s.Writes {
		for _, w := range []Write{s.Writes[i], s.Late[i]} {
			b = append(b, byte(w.Verb)|byte(w.Way)<<3|bit(w.Stale)<<5, w.UID)
		}
	}
	return append(b, s.NextUID, s.Dawn|s.Awake<<4, s.Crashes|s.Losses<<4, s.Cuts, s.Changes|bit(s.Up)<<5|bit(s.Healed)<<6|bit(s.Excused)<<7)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
