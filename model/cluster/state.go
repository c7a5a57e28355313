package cluster

import (
	"encoding/binary"

	"orrery/model/kubelet"
)

// Owner is the owner of pods, in eight bits: its UID, whether it is there, and how many it wants. Of one that is gone the UID is remembered.
type Owner uint8

const (
	mostUID    Owner = 3 // of an owner
	ownerThere Owner = 1 << 2
)

func ownerOf(uid, replicas uint8) Owner { return Owner(uid) | ownerThere | Owner(replicas)<<3 }

// uid is 0 if there is none.
func (o Owner) uid() uint8 {
	if o&ownerThere == 0 {
		return 0
	}
	return uint8(o & mostUID)
}

func (o Owner) replicas() uint8 { return uint8(o >> 3) }

// Bounds are how often what may happen does: changes of the owner and of pods by users, slices that they delete, containers that exit by
// themselves, requests and answers that are lost or late, crashes, nodes that are cut off, stalls of the store, and lags of an API server.
type Bounds struct{ Owners, Pods, Edits, Ends, Losses, Crashes, Cuts, Stalls, Lags uint8 }

// Scope is the world that figures are about: a pod, what users may do to it, and a crash, a cut and a stall at any time. Of its 724,920 states
// each takes 152 bytes, 23 in the set of those visited, and on average five steps of 24 bytes to others, as long as it is not known what holds
// eventually.
var Scope = Domain{Nodes: 1, Room: 1, Replicas: 1, Most: 1, Pods: 1, Bounds: Bounds{Pods: 1, Crashes: 1, Cuts: 1, Stalls: 1}}

// Domain bounds the world: how many nodes there are, and how many pods have room on each; how many pods the owner wants at first, and at
// most; how many there are at first, in which case all the cluster knows of them and serves them. Lone: there is no owner at first, and the
// pods are a user's. Force: users may remove pods by force. The rest is the pods' restart policy, and how often what may happen does.
type Domain struct {
	Nodes, Room, Replicas, Most, Pods int
	Lone, Force                       bool
	Policy                            kubelet.Policy
	Bounds
}

// Old is what an API server that is behind knows of.
type Old struct {
	Pods  [Names]Pod
	Slice Slice
}

// State is the world.
type State struct {
	// Owner, Pods and Slice are what the store holds.
	Owner Owner
	Pods  [Names]Pod
	Slice Slice

	// Lives are what the runtimes of the nodes have, Rules what their kernels hold. Both outlive their components.
	Lives [Nodes][Names]Life
	Rules [Nodes]Rules

	// Up are the components that run, a bit for each; what follows is what they know, and nothing of one that does not run.
	Up        uint8
	SeenOwner Owner
	// Live is the owner as a live read has shown it to the replication controller, if Looked.
	Live   Owner
	Looked bool
	Seen   [writers][Names]Pod
	Slices [3]Slice
	Writes [writers]Write

	// Late is a request on its way whose issuer is gone or has given it up.
	Late Write

	// Cut are the nodes that are cut off, a bit for each. Stalled: the store accepts no write. Behind: the API server that those ask who
	// begin is behind, and knows of Old.
	Cut             uint8
	Stalled, Behind bool
	Old             Old

	// Left is how many of what may happen are left.
	Left Bounds

	// What follows decides nothing: it is there to be judged. Wanted is the greatest number that was ever wanted of the present owner. Named
	// are all the rules that the slice has ever asked for, together. Excused: there may be more pods of the owner's than were wanted; Forced: a
	// user has removed a pod by force; Orphaned: a scheduler that has crashed had left a bind on its way.
	Wanted                    uint8
	Named                     Rules
	Excused, Forced, Orphaned bool
}

func (s *State) up(c Component) bool { return s.Up&(1<<c) != 0 }

// linked: the component can reach the API.
func (s *State) linked(c Component) bool { return c < Kubelet1 || s.Cut&(1<<(c.node()-1)) == 0 }

// begin is the world at first.
func (w *world) begin() State {
	s := State{Left: w.Bounds}
	by := uint8(0)
	if !w.Lone {
		s.Owner, s.Wanted, by = ownerOf(1, uint8(w.Replicas)), uint8(max(w.Replicas, w.Domain.Pods)), 1
	}
	for i := range w.Domain.Pods {
		node := uint8(i%w.Nodes) + 1
		address := free(&s.Lives[node-1], node)
		s.Lives[node-1][i] = lifeOf(1, Alive, address)
		s.Pods[i] = Pod(0).next().withOwner(by).withNode(node).withShown(Ready).withAddress(address)
	}
	if w.Domain.Pods > 0 {
		s.Slice = w.slice(s.Pods)
		for n := range w.Nodes {
			s.Rules[n] = w.of(s.Slice)
		}
	}
	s.Named = w.of(s.Slice)
	for c := range components {
		if c.node() <= uint8(w.Nodes) {
			s.start(c)
		}
	}
	return s
}

// start has a component begin, and list all that it sees.
func (s *State) start(c Component) {
	s.Up |= 1 << c
	if c == Replication {
		s.SeenOwner = s.Owner
	}
	if c < writers {
		for i, p := range s.Pods {
			s.Seen[c][i] = p.to(c)
		}
	}
	if at := c.sees(); at >= 0 {
		s.Slices[at] = s.Slice.to(c)
	}
}

// crash has a component end: all that it knew is gone, and a request that had not arrived is late.
func (s *State) crash(c Component) {
	s.Up &^= 1 << c
	if c == Replication {
		s.SeenOwner, s.Live, s.Looked = 0, 0, false
	}
	if at := c.sees(); at >= 0 {
		s.Slices[at] = 0
	}
	if c >= writers {
		return
	}
	if r := s.Writes[c]; r != 0 && !r.is(unknown) {
		s.Late = r
	}
	s.Orphaned = s.Orphaned || c == Scheduler && s.Late.verb() == Bind
	s.Seen[c], s.Writes[c] = [Names]Pod{}, 0
}

// Encode writes everything that tells states apart.
func (s *State) Encode(b []byte) []byte {
	b = append(b, byte(s.Owner), byte(s.SeenOwner), byte(s.Live), s.Up, byte(s.Rules[0]), byte(s.Rules[1]), byte(s.Named),
		bits(s.Looked, s.Stalled, s.Behind, s.Excused, s.Forced, s.Orphaned)|s.Cut<<6, s.Wanted)
	b = appendPods(b, &s.Pods)
	for c := range s.Seen {
		b = appendPods(b, &s.Seen[c])
	}
	for n := range s.Lives {
		b = append(b, byte(s.Lives[n][0]), byte(s.Lives[n][1]), byte(s.Lives[n][2]))
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(s.Slice)|uint64(s.Slices[0])<<32)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.Slices[1])|uint64(s.Slices[2])<<32)
	open := len(b) // which requests there are, in a byte
	b = append(b, 0)
	for c, r := range s.Writes {
		if r != 0 {
			b[open] |= 1 << c
			b = binary.LittleEndian.AppendUint64(b, uint64(r))
		}
	}
	if s.Late != 0 {
		b[open] |= 1 << writers
		b = binary.LittleEndian.AppendUint64(b, uint64(s.Late))
	}
	if s.Behind {
		b = binary.LittleEndian.AppendUint32(appendPods(b, &s.Old.Pods), uint32(s.Old.Slice))
	}
	l := &s.Left
	return append(b, l.Owners, l.Pods, l.Edits, l.Ends, l.Losses, l.Crashes, l.Cuts, l.Stalls, l.Lags)
}

func appendPods(b []byte, p *[Names]Pod) []byte {
	return binary.LittleEndian.AppendUint64(b, uint64(p[0])|uint64(p[1])<<16|uint64(p[2])<<32)
}

// bits are those flags in a byte.
func bits(flags ...bool) (b byte) {
	for i, f := range flags {
		if f {
			b |= 1 << i
		}
	}
	return b
}
