package store

import (
	"fmt"
	"slices"

	"orrery/model/machine"
)

// Machine is the machine of the package comment, within a domain.
type Machine = machine.Machine[World, Move]

// New returns the machine within a domain.
func New(d Domain) *Machine {
	return &Machine{
		Name:      "store",
		Init:      []World{Begin(d)},
		Enabled:   func(w World, moves []Move) []Move { return Enabled(d, w, moves) },
		Next:      func(w World, m Move) (World, bool) { return after(w, m), true },
		Encode:    func(b []byte, w World) []byte { return w.Encode(b) },
		Canonical: canonical,
		Classes:   Classes, Fair: Fair,
		Always:     []machine.Property[World]{Numbered, Continues, CompactsPast, Replicated, Agreed, Kept, NotDone, Once, OneWins, Complete},
		AlwaysStep: []machine.StepProperty[World, Move]{Grows, Forward, Answered, Prefix, Fresh, Truthful, Ordered, Needed},
		Sometimes:  sometimes,
		Eventually: []machine.Property[World]{AllAnswered, AllApplied, AllTold},
		Tempting:   tempting,
		Action:     Move.String,
		Changes:    Changes,
	}
}

// canonical is the world that stands for all in which members or clients have changed names: of both the one that is behind comes first.
func canonical(w World) World {
	if a, b := w.Clients[0].rank(), w.Clients[1].rank(); slices.Compare(a[:], b[:]) > 0 {
		w.Clients[0], w.Clients[1] = w.Clients[1], w.Clients[0]
	}
	if a, b := w.rank(0), w.rank(1); w.Members[1].There && slices.Compare(a[:], b[:]) > 0 {
		w.Members[0], w.Members[1] = w.Members[1], w.Members[0]
		for i := range w.Clients {
			w.Clients[i].Member ^= bit(w.Clients[i].Stage != Idle)
		}
		for i := range w.Watchers {
			w.Watchers[i].Member ^= bit(w.Watchers[i].Open)
		}
	}
	return w
}

// rank orders requests, whichever member has them; that there is none comes last.
func (c Call) rank() [8]uint8 {
	q := c.Request
	return [...]uint8{uint8(c.Stage) - 1, c.Number, uint8(q.Verb), q.Key, q.Expected, q.Revision, c.Place, c.Began<<1 | bit(q.Serializable)}
}

// rank orders members, by how much they have carried out and by who is with them.
func (w World) rank(member uint8) [3]uint8 {
	rank := [...]uint8{w.Members[member].Applied, 0, 0}
	for i, c := range w.Clients {
		rank[1] |= bit(c.Stage != Idle && c.Member == member) << i
	}
	for i, v := range w.Watchers {
		rank[2] |= bit(v.Open && v.Member == member) << i
	}
	return rank
}

// Changes are what a step changed, in words.
func Changes(before, after World) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for i := len(before.Order); i < len(after.Order); i++ {
		say("entry %d: write %d, %v", i+1, after.Order[i].Number, after.Order[i].Request)
	}
	if len(after.Order) < len(before.Order) {
		say("there are %d entries, were %d", len(after.Order), len(before.Order))
	}
	for i, m := range after.Members {
		if b := before.Members[i]; b.Applied != m.Applied || b.State.Revision != m.State.Revision || b.State.Compacted != m.State.Compacted {
			say("member %d: entry %d, revision %d%s", i, m.Applied, m.State.Revision, m.State.forgotten())
		}
		for _, c := range m.State.Log {
			if !slices.Contains(before.Members[i].State.Log, c) {
				say("member %d: %s", i, c.words())
			}
		}
	}
	for i, c := range after.Clients {
		if b := before.Clients[i]; c.Stage != b.Stage || (c.Answer == nil) != (b.Answer == nil) {
			say("request of client %d: %v", i, c)
		}
	}
	for i, c := range after.Late {
		if c.Stage != before.Late[i].Stage {
			say("late write %d: %v", i, c)
		}
	}
	if a := after.Told; a.Failure != None || a.Revision > 0 {
		say("the answer: %s", a.words())
	}
	for i, v := range after.Watchers {
		if v != before.Watchers[i] {
			say("watcher %d: %v", i, v)
		}
	}
	return lines
}

func (s State) forgotten() string {
	if s.Compacted < 0 {
		return ""
	}
	return fmt.Sprintf(", compacted at %d", s.Compacted)
}

// words are the change in words. It has no String, so that whoever prints it sees all of it.
func (c Change) words() string {
	if c.Deleted {
		return fmt.Sprintf("revision %d deletes %s", c.Revision, c.Key)
	}
	return fmt.Sprintf("revision %d puts %s=%s, version %d since revision %d", c.Revision, c.Key, c.Value, c.Version, c.Created)
}

// words are the answer in words.
func (a Answer) words() string {
	switch {
	case a.Failure != None:
		return string(a.Failure)
	case a.Change != nil:
		return a.Change.words()
	}
	text := fmt.Sprintf("at revision %d", a.Revision)
	if a.Succeeded {
		text += ", it did what was asked for"
	}
	for _, c := range a.Held {
		text += "; " + c.words()
	}
	return text
}

func (c Call) String() string {
	switch {
	case c.Stage == Idle:
		return "none"
	case c.Stage == Sent && c.Request.Verb == ToList:
		return c.Request.String() + ", on its way"
	case c.Stage == Sent:
		return fmt.Sprintf("write %d, %v, on its way", c.Number, c.Request)
	case c.Answer != nil:
		return fmt.Sprintf("write %d was carried out, and the answer is on its way", c.Number)
	}
	return fmt.Sprintf("waits for its member to come to entry %d", c.Place)
}

func (v Watcher) String() string {
	switch {
	case v.Gone:
		return "was told that history is gone"
	case v.Open:
		return fmt.Sprintf("believes to know everything up to revision %d, watches at member %d", v.Position, v.Member)
	}
	return fmt.Sprintf("believes to know everything up to revision %d, has no watch", v.Position)
}
