package store

import (
	"slices"
	"strings"
)

// Domain bounds the world: how many keys, members, clients and watchers there are, two of each at most; how often the first key was put at
// first; whether clients list the past; and how often what they do and what may go wrong happens.
type Domain struct {
	Keys, Members, Clients, Watchers, Puts int
	// Past: clients list the store as it was, too.
	Past                                                 bool
	Changes, Reads, Compactions, Losses, Cuts, Elections uint8
}

// Enabled appends the moves that may happen.
func Enabled(d Domain, w World, moves []Move) []Move {
	add := func(yes bool, m Move) {
		if yes {
			moves = append(moves, m)
		}
	}
	moves = asks(d, w, moves)
	for i, c := range w.Clients {
		client := uint8(i)
		write := c.Request.Verb != ToList
		add(c.Stage == Sent && w.Led && write, Move{Kind: Commit, Client: client})
		add(c.Stage == Sent && w.Led && !write, Move{Kind: Confirm, Client: client})
		add(c.Stage == Sent && !w.Led, Move{Kind: Refuse, Client: client})
		add(c.Stage == Placed && w.Members[c.Member].Applied >= c.Place, Move{Kind: Reply, Client: client})
		// A write that a lost leader had may come to nothing, or be agreed on by the next: its client waits in vain.
		lossy := w.Losses > 0 || !w.Led && c.Stage == Sent
		add(c.Stage != Idle && write && lossy && !w.Healed && w.room(c), Move{Kind: Lose, Client: client})
	}
	for i, c := range w.Late {
		add(c.Stage == Sent && w.Led, Move{Kind: Land, Late: uint8(i)})
		add(c.Stage == Sent, Move{Kind: Drop, Late: uint8(i)})
	}
	for i, m := range w.Members {
		add(m.There && int(m.Applied) < len(w.Order), Move{Kind: Apply, Member: uint8(i)})
	}
	for i := range w.Watchers {
		moves = watches(w, uint8(i), moves)
	}
	add(w.Led && w.Elections > 0 && !w.Healed, Move{Kind: Depose})
	add(!w.Led, Move{Kind: Elect})
	add(!w.Healed, Move{Kind: Heal})
	return moves
}

// room: if its client gives a request up now, there is room for it among what is late.
func (w World) room(c Call) bool {
	return c.Stage != Sent || slices.ContainsFunc(w.Late[:], func(l Call) bool { return l.Stage == Idle })
}

// asks are what a client may ask for now. It does not matter which, as they do not differ.
func asks(d Domain, w World, moves []Move) []Move {
	client := slices.IndexFunc(w.Clients[:d.Clients], func(c Call) bool { return c.Stage == Idle })
	if client < 0 || w.Healed || w.Changes+w.Reads+w.Compactions == 0 {
		return moves
	}
	now := w.now()
	for _, q := range requests(d, w, now) {
		for i, m := range w.Members {
			if m.There {
				moves = append(moves, Move{Kind: Ask, Client: uint8(client), Member: uint8(i), Request: q})
			}
		}
	}
	return moves
}

// requests are what may be asked for, where now is what there is.
func requests(d Domain, w World, now State) (all []Request) {
	for key := uint8(0); w.Changes > 0 && int(key) < d.Keys; key++ {
		for _, revision := range expectations(now, keys[key]) {
			all = append(all, Request{Verb: ToPut, Key: key, Expected: revision})
			if revision > 0 {
				all = append(all, Request{Verb: ToDelete, Key: key, Expected: revision})
			}
		}
	}
	for r := max(now.Compacted, 1) + 1; w.Compactions > 0 && r <= now.Revision; r++ {
		all = append(all, Request{Verb: ToCompact, Revision: uint8(r)})
	}
	if w.Reads == 0 {
		return all
	}
	last := now.Revision
	if !d.Past {
		last = 0
	}
	for r := range uint8(last + 1) {
		all = append(all, Request{Verb: ToList, Revision: r}, Request{Verb: ToList, Revision: r, Serializable: true})
	}
	return all
}

// expectations are what a client may believe that a key's revision is: what it is, what it was before, or that there is no such key. Whence
// it knows is its own affair.
func expectations(now State, key string) []uint8 {
	believed := []uint8{0}
	for _, c := range slices.Backward(now.Log) {
		if c.Key == key && !c.Deleted && len(believed) < 3 {
			believed = append(believed, uint8(c.Revision))
		}
	}
	return believed
}

// watches are what may happen to a watcher.
func watches(w World, watcher uint8, moves []Move) []Move {
	v := w.Watchers[watcher]
	if v.Scope == Nothing || v.Gone {
		return moves
	}
	if !v.Open {
		for i, m := range w.Members {
			if m.There {
				moves = append(moves, Move{Kind: Attach, Watcher: watcher, Member: uint8(i)})
			}
		}
		return moves
	}
	s, number := w.Members[v.Member].State, int(watcher)
	for _, a := range []struct {
		kind   Kind
		action Action
	}{
		{Tell, Deliver{number}},
		{Mark, Notice{number, s.Revision}},
		{Skip, Pass{number}},
	} {
		if _, ok := Next(s, a.action); ok && (a.kind != Mark || s.Revision > int64(v.Position)) {
			moves = append(moves, Move{Kind: a.kind, Watcher: watcher})
		}
	}
	if w.Cuts > 0 && !w.Healed {
		moves = append(moves, Move{Kind: Break, Watcher: watcher})
	}
	return moves
}

// after is the world after a move that may happen.
func after(w World, m Move) World {
	w.Told = Answer{}
	c := &w.Clients[m.Client]
	switch m.Kind {
	case Ask:
		return w.asked(m)
	case Commit:
		w.Order = append(slices.Clip(w.Order), Entry{c.Number, c.Request})
		c.Stage, c.Place = Placed, uint8(len(w.Order))
	case Confirm:
		c.Stage, c.Place = Placed, uint8(len(w.Order))
	case Apply:
		return w.applied(m.Member)
	case Reply:
		return w.replied(m.Client)
	case Refuse:
		if w.Told = (Answer{Failure: Unavailable}); c.Request.Verb != ToList {
			w.Refused |= 1 << c.Number
		}
		*c = Call{}
	case Lose:
		return w.lost(m.Client)
	case Land:
		late := w.Late[m.Late]
		w.Order = append(slices.Clip(w.Order), Entry{late.Number, late.Request})
		w.Late[m.Late] = Call{}
	case Drop:
		w.Late[m.Late] = Call{}
	case Depose:
		w.Elections--
		w.Led = false
	case Elect:
		w.Led = true
	case Heal:
		w.Healed, w.Changes, w.Reads, w.Compactions, w.Losses, w.Cuts, w.Elections = true, 0, 0, 0, 0, 0, 0
	default:
		return w.watched(m)
	}
	return w
}

// asked is the world after a client has asked for something.
func (w World) asked(m Move) World {
	c := Call{Stage: Sent, Member: m.Member, Request: m.Request}
	switch m.Request.Verb {
	case ToList:
		w.Reads--
		if m.Request.Serializable {
			c.Stage = Placed // its member need not come anywhere
		} else {
			c.Began = w.Known
		}
	case ToCompact:
		w.Compactions--
		w, c.Number = w.numbered()
	default:
		w.Changes--
		w, c.Number = w.numbered()
	}
	w.Clients[m.Client] = c
	return w
}

func (w World) numbered() (World, uint8) {
	w.Asked++
	return w, w.Asked - 1
}

// applied is the world after a member has carried out the next entry. If a client waits there for that, it knows the answer.
func (w World) applied(member uint8) World {
	m := &w.Members[member]
	e := w.Order[m.Applied]
	action := e.Request.action(e.Number)
	answer := AnswerTo(m.State, action)
	m.State, _ = Next(m.State, action)
	m.Applied++
	for i := range w.Clients {
		if c := &w.Clients[i]; c.Stage == Placed && c.Request.Verb != ToList && c.Member == member && c.Place == m.Applied {
			c.Answer = &answer
		}
	}
	return w
}

// replied is the world after a client has been answered.
func (w World) replied(client uint8) World {
	c := w.Clients[client]
	w.Clients[client] = Call{}
	if c.Request.Verb == ToList {
		m := w.Members[c.Member]
		w.Told = AnswerTo(m.State, c.Request.action(0))
		return w.knowing(m.Applied)
	}
	w.Told = *c.Answer
	if done := c.Answer.Succeeded || c.Request.Verb == ToCompact && c.Answer.Failure == None; done {
		w.Done |= 1 << c.Number
	}
	return w.knowing(c.Place)
}

func (w World) knowing(entries uint8) World {
	w.Known = max(w.Known, entries)
	return w
}

// lost is the world after a client has given a write up. If it has no place in the order, it still may come to have one.
func (w World) lost(client uint8) World {
	c := w.Clients[client]
	if w.Led || c.Stage != Sent {
		w.Losses--
	}
	if c.Stage == Sent {
		at := slices.IndexFunc(w.Late[:], func(l Call) bool { return l.Stage == Idle })
		w.Late[at] = Call{Stage: Sent, Number: c.Number, Request: c.Request}
	}
	w.Clients[client] = Call{}
	return w
}

// watched is the world after a move of a watcher.
func (w World) watched(m Move) World {
	v := &w.Watchers[m.Watcher]
	number := int(m.Watcher)
	if m.Kind == Attach {
		v.Open, v.Member = true, m.Member
	}
	at := &w.Members[v.Member]
	switch m.Kind {
	case Attach:
		at.State, _ = Next(at.State, Open{number, scopes[v.Scope], int64(v.Position)})
	case Skip:
		at.State, _ = Next(at.State, Pass{number})
	case Break:
		w.Cuts--
		at.State, _ = Next(at.State, Stop{number})
		v.Open, v.Member = false, 0
	case Mark:
		at.State, _ = Next(at.State, Notice{number, at.State.Revision})
		v.Position = uint8(at.State.Revision)
		return w.knowing(at.Applied)
	case Tell:
		w.Told = AnswerTo(at.State, Deliver{number})
		at.State, _ = Next(at.State, Deliver{number})
		return w.told(m.Watcher).knowing(at.Applied)
	}
	return w
}

// told is the world after a watcher has heard what the last step told it.
func (w World) told(watcher uint8) World {
	v := &w.Watchers[watcher]
	if w.Told.Failure != None {
		v.Open, v.Member, v.Gone = false, 0, true
		return w
	}
	v.Position = uint8(w.Told.Revision)
	v.Told |= 1 << w.Told.Revision
	return w
}

// asksFor reports whether a watcher asks for changes of a key.
func (v Watcher) asksFor(key string) bool { return strings.HasPrefix(key, scopes[v.Scope]) }
