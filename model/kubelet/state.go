package kubelet

// Names is how many names of pods there are, UIDs how many pods may bear a name one after another, Roles how many containers a pod has.
const (
	Names = 2
	UIDs  = 2
	Roles = 2
)

// The containers of a pod. Without an init container its place stays empty.
const (
	Init = iota
	Main
)

// Spec is what all pods here have in common.
type Spec struct {
	Policy   Policy
	WithInit bool
}

// State is the world of one node.
type State struct {
	Spec  Spec
	Names [Names]Name

	// Up is whether the kubelet runs, ListedPods and ListedRuntime what it has listed.
	Up, ListedPods, ListedRuntime bool

	// Changes, Losses, Crashes and Reboots are how many of each are left. Healed: none are, for good.
	Changes, Losses, Crashes, Reboots uint8
	Healed                            bool
}

// Name is all that there is under one name of a pod: pods of different names have nothing in common but the kubelet's life.
type Name struct {
	// Pod is what the API holds. Used is the last UID that was given.
	Pod  Pod
	Used uint8
	// Runtime is what the runtime has, by UID.
	Runtime [UIDs]Life

	// Seen and Look are what the kubelet knows of both. Stale: the look is older than the end of its last call.
	Seen  Pod
	Look  [UIDs]Life
	Stale bool
	// Call and Write are on their way. The Late ones are too, and whoever sent them is gone or has given them up.
	Call, LateCall   Call
	Write, LateWrite Write

	// Past is what has become of each UID. It decides nothing: it is there to be judged.
	Past [UIDs]Past
}

// Pod is a pod as the API holds it. UID 0: there is none.
type Pod struct {
	UID     uint8
	Leaving bool
	Phase   Phase
	Status  [Roles]Status
	// Imposed: the phase is terminal by the word of another than the kubelet. For the properties only.
	Imposed bool
}

// Life is what the runtime has of one UID.
type Life struct {
	Sandbox Sandbox
	Records [Roles]Record
	// Unseen: the container was started by a call that had been given up, and what is on its way may have been decided before a look has
	// shown that it runs. For the properties only.
	Unseen [Roles]bool
}

// Write is one write to the API: the pod from which it was decided, which is its precondition, and what it should be. A pod of UID 0: it
// is to be removed.
type Write struct{ Base, Next Pod }

// Past is the history of one UID.
type Past struct {
	// Begun is one more than the greatest attempt of the container that was started. Well: one has ended with 0.
	Begun [Roles]uint16
	Well  [Roles]bool
	// Torn: its end has begun. Forced: a user had it removed from the API at once.
	Torn, Forced bool
}

// may reports whether a container of that role may run.
func (l *Life) may() bool { return l.Records[Init].MayRun() || l.Records[Main].MayRun() }

// seen is what a look shows.
func seen(lives [UIDs]Life) [UIDs]Life {
	for i := range lives {
		lives[i].Unseen = [Roles]bool{}
	}
	return lives
}

// View is the kubelet's of one name.
func (s State) View(name int) View {
	n := &s.Names[name]
	v := View{Listed: s.ListedPods && s.ListedRuntime, Stale: n.Stale, Policy: s.Spec.Policy,
		UID: n.Seen.UID, Leaving: n.Seen.Leaving, Phase: n.Seen.Phase}
	for i, life := range n.Look {
		switch uid := uint8(i + 1); {
		case uid == v.UID:
			v.Sandbox = life.Sandbox
			v.Containers = s.containers(n.Seen, life)
		case life != Life{}:
			v.Strangers = append(v.Strangers, Stranger{uid, life.Sandbox, s.records(life)})
		}
	}
	return v
}

func (s State) containers(p Pod, l Life) (list []Container) {
	if s.Spec.WithInit {
		list = append(list, Container{Init: true, Shown: p.Status[Init], Record: l.Records[Init]})
	}
	return append(list, Container{Shown: p.Status[Main], Record: l.Records[Main]})
}

func (s State) records(l Life) []Record { return l.Records[s.first():] }

// first is the role of a spec's first container.
func (s State) first() int {
	if s.Spec.WithInit {
		return Init
	}
	return Main
}

// Encode writes everything that tells states apart. All numbers here are small.
func (s State) Encode(b []byte) []byte {
	for i := range s.Names {
		n := &s.Names[i]
		for _, p := range []*Pod{&n.Pod, &n.Seen, &n.Write.Base, &n.Write.Next, &n.LateWrite.Base, &n.LateWrite.Next} {
			b = append(b, p.UID|byte(p.Phase)<<2|bit(p.Leaving)<<4|bit(p.Imposed)<<5)
			for _, c := range p.Status {
				b = append(b, byte(c.Stage)|byte(c.Restarts)<<3)
			}
		}
		for uid := range UIDs {
			b = n.Look[uid].encode(n.Runtime[uid].encode(b))
			p := &n.Past[uid]
			b = append(b, byte(p.Begun[0]), byte(p.Begun[1]), bits(p.Well[0], p.Well[1], p.Torn, p.Forced))
		}
		for _, c := range []*Call{&n.Call, &n.LateCall} {
			b = append(b, byte(c.Verb)|c.UID<<4, byte(c.Sandbox)|c.Container<<4, byte(c.Attempt))
		}
		b = append(b, n.Used|bit(n.Stale)<<7)
	}
	return append(b, byte(s.Spec.Policy)|bit(s.Spec.WithInit)<<2, s.Changes, s.Losses, s.Crashes, s.Reboots,
		bits(s.Up, s.ListedPods, s.ListedRuntime, s.Healed))
}

func (l *Life) encode(b []byte) []byte {
	b = append(b, byte(l.Sandbox.Number)|bit(l.Sandbox.Ready)<<7)
	for role, r := range l.Records {
		b = append(b, byte(r.Stage)|byte(r.Attempt)<<3, byte(r.Sandbox)<<3|bits(r.Told, r.Beside, l.Unseen[role]),
			byte(r.Last.Stage)|byte(r.Last.Attempt)<<3, byte(r.Last.Sandbox))
	}
	return b
}

func bits(list ...bool) (b byte) {
	for i, one := range list {
		b |= bit(one) << i
	}
	return b
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
