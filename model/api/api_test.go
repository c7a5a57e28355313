package api

import (
	_ "embed"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// Goal: everything that is claimed holds in all small worlds, and all that is interesting is reached. Method: they are explored whole, each
// for a part of what can be asked. The number of states is pinned, so that no change of the model goes unnoticed.
func TestExplore(t *testing.T) {
	reached := map[string]bool{}
	for _, c := range []struct {
		domain Domain
		states int
	}{
		// Two writers at once, one of whom may give up, and an object with a finalizer and a grace period.
		{Domain{Names: 1, Servers: 1, Writers: 2, Objects: 1, Window: 2, Period: 1, Finalizers: true, Changes: 2, Losses: 1}, 21938},
		// One after the other, with a longer history; a writer may be shown one server's cache, and ask the other.
		{Domain{Names: 1, Servers: 1, Writers: 1, Objects: 1, Window: 2, Period: 2, Finalizers: true, Statuses: true, Changes: 3}, 49009},
		{Domain{Names: 1, Servers: 2, Writers: 1, Objects: 1, Window: 2, Changes: 3}, 4405},
		{Domain{Names: 1, Servers: 1, Writers: 1, Objects: 1, Window: 2, Statuses: true, Changes: 4}, 4980},
		// Crashes of servers with a write on its way.
		{Domain{Names: 1, Servers: 1, Writers: 2, Objects: 1, Window: 2, Changes: 2, Crashes: 1}, 3497},
		// Lists.
		{Domain{Names: 2, Servers: 1, Writers: 1, Objects: 2, Window: 1, Changes: 1, Reads: 2, Compactions: 1, Losses: 1}, 35764},
		{Domain{Names: 2, Servers: 2, Writers: 1, Objects: 2, Window: 1, Changes: 1, Reads: 2}, 38119},
		// A watcher that selects, goes from server to server, and is overtaken by the window and by compaction.
		{Domain{Names: 1, Servers: 2, Writers: 1, Objects: 1, Window: 1, Labels: true, Watcher: true, Changes: 2, Losses: 1}, 34552},
		{Domain{Names: 1, Servers: 2, Writers: 1, Objects: 1, Window: 1, Watcher: true, Changes: 2, Compactions: 1}, 29210},
		{Domain{Names: 1, Servers: 1, Writers: 1, Objects: 1, Window: 2, Watcher: true, Changes: 2, Crashes: 1, Compactions: 1}, 10038},
	} {
		m := New(c.domain)
		out := machine.Explore(m, machine.Options{Workers: 2})
		if out.Violation != nil {
			t.Fatalf("%+v: not always: %s\n%s", c.domain, out.Violation.Property, out.Violation.Path.Words(m))
		}
		if !out.Complete || out.States != c.states {
			t.Errorf("%+v: %d states, want %d, complete: %v", c.domain, out.States, c.states, out.Complete)
		}
		for _, r := range out.Reached {
			reached[r.Name] = reached[r.Name] || r.Depth >= 0
		}
	}
	for _, p := range sometimes {
		if !reached[p.Name] {
			t.Errorf("never: %s", p.Name)
		}
	}
}

// Goal: the answers, which are what a client sees. Method: one life of one object, with everything that is refused on the way.
func TestPredict(t *testing.T) {
	var stored Object
	revision := uint16(0)
	for i, c := range []struct {
		request Request
		code    int
		reason  Reason
		shown   Object
	}{
		{Request{Verb: Get}, 404, NotFound, Object{}},
		{Request{Verb: Update, Spec: 1}, 404, NotFound, Object{}},
		{Request{Verb: Create, Version: 1}, 400, BadRequest, Object{}},
		{Request{Verb: Create, Spec: 1, Finalizers: 1, Period: 30}, 201, OK, Object{UID: 1, Version: 1, Generation: 1, Spec: 1, Finalizers: 1, Period: 30}},
		{Request{Verb: Create, Spec: 1}, 409, AlreadyExists, Object{}},
		{Request{Verb: Update, Spec: 2, Finalizers: 1, Version: 2}, 409, Conflict, Object{}},
		{Request{Verb: Update, Spec: 2, Finalizers: 1, UID: 2}, 409, Conflict, Object{}},
		{Request{Verb: Update, Spec: 2, Finalizers: 1, Version: 1}, 200, OK, Object{UID: 1, Version: 2, Generation: 2, Spec: 2, Finalizers: 1, Period: 30}},
		{Request{Verb: Update, Spec: 2, Finalizers: 1}, 200, OK, Object{UID: 1, Version: 2, Generation: 2, Spec: 2, Finalizers: 1, Period: 30}},
		{Request{Verb: UpdateStatus, Spec: 9, Observed: 2, Finalizers: 1}, 200, OK,
			Object{UID: 1, Version: 3, Generation: 2, Observed: 2, Spec: 2, Finalizers: 1, Period: 30}},
		{Request{Verb: Delete, UID: 2}, 409, Conflict, Object{}},
		{Request{Verb: Delete, UID: 1}, 200, OK,
			Object{UID: 1, Version: 4, Generation: 3, Observed: 2, Spec: 2, Finalizers: 1, Period: 30, Deleting: true, Grace: 30}},
		{Request{Verb: Update, Spec: 2, Finalizers: 3}, 422, Invalid, Object{}},
		{Request{Verb: Delete, Graced: true, Grace: 60}, 200, OK,
			Object{UID: 1, Version: 4, Generation: 3, Observed: 2, Spec: 2, Finalizers: 1, Period: 30, Deleting: true, Grace: 30}},
		{Request{Verb: Delete, Graced: true, Grace: -5}, 200, OK,
			Object{UID: 1, Version: 5, Generation: 3, Observed: 2, Spec: 2, Finalizers: 1, Period: 30, Deleting: true, Grace: 1}},
		{Request{Verb: Delete, Graced: true}, 200, OK,
			Object{UID: 1, Version: 6, Generation: 3, Observed: 2, Spec: 2, Finalizers: 1, Period: 30, Deleting: true}},
		{Request{Verb: UpdateStatus, Observed: 3}, 200, OK, Object{UID: 1, Version: 7, Generation: 3, Observed: 3, Spec: 2, Period: 30, Deleting: true}},
		{Request{Verb: Delete}, 404, NotFound, Object{}},
	} {
		after, a := Predict(stored, c.request, Stamp{UID: 1, Revision: revision + 1})
		if a.Reason != c.reason || a.Reason.Code(c.request.Verb) != c.code || a.Object != c.shown {
			t.Errorf("%d: %v: got %v %v, want %d %v %v", i, c.request, a.Reason, a.Object, c.code, c.reason, c.shown)
		}
		if after != stored {
			revision++
		}
		stored = after
	}
}

// Goal: what is tempting to believe is wrong. Method: each such claim is made, and must break.
func TestTempting(t *testing.T) {
	for _, claim := range tempting {
		breaks := false
		for _, d := range []Domain{races, readers, {Names: 1, Servers: 1, Writers: 1, Objects: 1, Window: 2, Changes: 1, Losses: 1}} {
			m := New(d)
			m.Always, m.AlwaysStep, m.Eventually = []machine.Property[State]{claim}, nil, nil
			breaks = breaks || machine.Explore(m, machine.Options{Workers: 2}).Violation != nil
		}
		if !breaks {
			t.Errorf("it is true: %s", claim.Name)
		}
	}
}

//go:embed testdata/kills.txt
var kills string

// The worlds in which mutants show.
var (
	deletions = Domain{Names: 1, Servers: 1, Writers: 1, Objects: 1, Window: 2, Period: 2, Finalizers: true, Statuses: true, Changes: 2}
	races     = Domain{Names: 1, Servers: 1, Writers: 2, Objects: 1, Window: 2, Changes: 2}
	finalized = Domain{Names: 1, Servers: 1, Writers: 2, Objects: 1, Window: 2, Finalizers: true, Changes: 2}
	names     = Domain{Names: 1, Servers: 1, Writers: 1, Objects: 1, Window: 2, Statuses: true, Changes: 4}
	pages     = Domain{Names: 2, Servers: 1, Writers: 1, Objects: 2, Window: 1, Changes: 1, Reads: 2}
	readers   = Domain{Names: 1, Servers: 2, Writers: 1, Objects: 1, Window: 1, Changes: 1, Reads: 2}
	watchers  = Domain{Names: 1, Servers: 1, Writers: 1, Objects: 1, Window: 1, Labels: true, Watcher: true, Changes: 2}
	servers   = Domain{Names: 1, Servers: 2, Writers: 1, Objects: 1, Window: 1, Watcher: true, Changes: 2, Compactions: 1}
	compacted = Domain{Names: 1, Servers: 1, Writers: 1, Objects: 1, Window: 2, Watcher: true, Changes: 2, Compactions: 1, Losses: 1}
)

// next is a way to take a step.
type next func(Domain, State, Action) State

// wrong is the machine of a world that takes its steps in another way.
func wrong(d Domain, step next) []*Machine {
	m := New(d)
	m.Next = func(s State, a Action) (State, bool) { return step(d, s, a), true }
	return []*Machine{m}
}

// listing is the machine of a world that lists the actions in another way.
func listing(d Domain, list func(State, []Action) []Action) []*Machine {
	m := New(d)
	m.Enabled = func(s State, _ []Action) []Action { return list(s, Enabled(d, s, nil)) }
	return []*Machine{m}
}

// without is the machine of a world in which something never happens.
func without(d Domain, kind Kind) []*Machine {
	return listing(d, func(_ State, all []Action) (kept []Action) {
		for _, a := range all {
			if a.Kind != kind {
				kept = append(kept, a)
			}
		}
		return kept
	})
}

// deaf is a server that does not hear a part of what writers ask for.
func deaf(strip func(*Request)) next {
	return func(d Domain, s State, a Action) State {
		heard, asked := s, a
		strip(&heard.Calls[a.Call].Request)
		strip(&asked.Request)
		s2 := after(d, heard, asked)
		if c := &s2.Calls[a.Call]; a.Kind == Ask {
			c.Request = a.Request
		} else if c.Stage != Idle {
			c.Request = s.Calls[a.Call].Request
		}
		return s2
	}
}

// blind is a server whose writes of one verb do not look whether the object is still the one decided on.
func blind(verb Verb) next {
	return func(d Domain, s State, a Action) State {
		c := s.Calls[a.Call]
		if a.Kind != Swap || c.Request.Verb != verb || c.On == s.stored(c.Request.Name).Version {
			return after(d, s, a)
		}
		s = s.committed(c.Request, c.On)
		s.Calls[a.Call] = c.answered(Answer{OK, s.stored(c.Request.Name)})
		return s
	}
}

// writes is a server that stores something else than was decided.
func writes(spoil func(q Request, old Object, now *Object)) next {
	return func(d Domain, s State, a Action) State {
		next := after(d, s, a)
		if q, old, _, ok := wrote(s, a, next); ok {
			spoil(q, old, &next.Log[next.Revision].Object)
		}
		return next
	}
}

// tells is a watch that tells something else than it should.
func tells(spoil func(e *Event, before, after Object)) next {
	return func(d Domain, s State, a Action) State {
		next := after(d, s, a)
		if a.Kind != Tell {
			return next
		}
		r := next.Watch.Sent
		c := s.Log[r]
		before := s.at(int(c.Name), r-1)
		e := eventOf(c.Name, before, c.Object, r)
		next.Watch = s.Watch
		next.Watch.Sent = r
		if spoil(&e, before, c.Object); e.Type != NoEvent {
			next.Watch = next.Watch.told(e, r)
		}
		return next
	}
}

// mutants have one thing wrong each.
func mutants() []mutant.Mutant[State, Action] {
	return []mutant.Mutant[State, Action]{
		{Name: "a cached refusal is believed", Machines: wrong(names, func(d Domain, s State, a Action) State {
			old := s.Servers[a.Server].Objects[a.Request.Name]
			next := after(d, s, a)
			if dec := Decide(old, a.Request, 0); a.Kind == Ask && a.Request.Verb != Create && old.UID != 0 && dec.Write == Nothing {
				next.Calls[a.Call] = next.Calls[a.Call].answered(Answer{dec.Reason, dec.Object})
			}
			return next
		})},
		{Name: "an update does not compare (A09)", Machines: wrong(races, blind(Update))},
		{Name: "a delete does not compare (A06, A07)", Machines: wrong(finalized, blind(Delete))},
		{Name: "a create does not compare", Machines: wrong(races, blind(Create))},
		{Name: "the version that a client names is not compared", Machines: wrong(races, deaf(func(q *Request) { q.Version = 0 }))},
		{Name: "the UID that a client names is not compared (A10)", Machines: wrong(names, deaf(func(q *Request) { q.UID = 0 }))},
		{Name: "a new object has an old UID", Machines: wrong(names, writes(func(q Request, _ Object, now *Object) {
			if q.Verb == Create {
				now.UID = 1
			}
		}))},
		{Name: "a version is not that of its write", Machines: wrong(races, writes(func(_ Request, old Object, now *Object) { now.Version = old.Version }))},
		{Name: "the status brings the spec along", Machines: wrong(deletions, writes(func(q Request, _ Object, now *Object) {
			if q.Verb == UpdateStatus {
				now.Spec = 2
			}
		}))},
		{Name: "a deletion does not raise the generation", Machines: wrong(deletions, writes(func(q Request, old Object, now *Object) {
			if q.Verb == Delete && now.UID != 0 {
				now.Generation = old.Generation
			}
		}))},
		{Name: "an update takes a deletion back", Machines: wrong(deletions, writes(func(q Request, _ Object, now *Object) {
			if q.Verb == Update {
				now.Deleting, now.Grace = false, 0
			}
		}))},
		{Name: "a second deletion adds a finalizer", Machines: wrong(deletions, writes(func(q Request, old Object, now *Object) {
			if q.Verb == Delete && old.Deleting && now.UID != 0 {
				now.Finalizers |= 2
			}
		}))},
		{Name: "a deletion removes at once", Machines: wrong(deletions, writes(func(q Request, _ Object, now *Object) {
			if q.Verb == Delete {
				*now = Object{}
			}
		}))},
		{Name: "a removal is written first, and then forgotten (A19)", Machines: wrong(deletions, writes(func(q Request, old Object, now *Object) {
			if now.UID == 0 {
				version := old.Version + 1
				*now = Decide(old, q, 0).Object
				now.Version = version
			}
		}))},
		{Name: "a cache misses deletions (A04)", Machines: wrong(watchers, func(d Domain, s State, a Action) State {
			next := after(d, s, a)
			if v := next.Servers[a.Server].Revision; a.Kind == Feed && s.Log[v].Object.UID == 0 {
				next.Servers[a.Server] = s.Servers[a.Server]
				next.Servers[a.Server].Revision = v
			}
			return next
		})},
		{Name: "a window claims a change that it has forgotten (A02)", Machines: wrong(watchers, func(d Domain, s State, a Action) State {
			next := after(d, s, a)
			if v := &next.Servers[a.Server]; a.Kind == Feed && v.Floor > s.Servers[a.Server].Floor {
				v.Floor--
			}
			return next
		})},
		{Name: "a new list of a cache keeps the watches", Machines: wrong(compacted, func(d Domain, s State, a Action) State {
			next := after(d, s, a)
			if a.Kind == Replace {
				next.Servers[a.Server].Floor, next.Servers[a.Server].Window = s.Servers[a.Server].Floor, s.Servers[a.Server].Window
			}
			return next
		})},
		{Name: "a consistent list does not ask how far the store is", Machines: wrong(readers, func(d Domain, s State, a Action) State {
			if a.Kind != Count {
				return after(d, s, a)
			}
			s.Reader.Read = s.waiting(s.Reader.Read)
			return s
		})},
		{Name: "a list does not wait for the cache (A01)", Machines: wrong(readers, func(d Domain, s State, a Action) State {
			next := after(d, s, a)
			if r := &next.Reader.Read; a.Kind == List && r.Stage == Waiting {
				v := s.Servers[a.Server]
				*r = r.page(v.Objects, v.Revision)
			}
			return next
		})},
		{Name: "a token has no revision (A11)", Machines: wrong(pages, func(d Domain, s State, a Action) State {
			next := after(d, s, a)
			if r := &next.Reader.Read; a.Kind == List && a.From == Exact {
				v := s.Servers[a.Server]
				*r = r.page(v.Objects, v.Revision)
			}
			return next
		})},
		{Name: "a page does not say that there is more", Machines: wrong(pages, func(d Domain, s State, a Action) State {
			next := after(d, s, a)
			next.Reader.Read.More = false
			return next
		})},
		{Name: "a page that the window does not hold is refused", Machines: wrong(pages, func(d Domain, s State, a Action) State {
			next := after(d, s, a)
			if r := &next.Reader.Read; r.From == Exact && r.Stage == Reading {
				*r = r.refused(Expired)
			}
			return next
		})},
		{Name: "a watch looks at the object after the change only", Machines: wrong(watchers, tells(func(e *Event, before, after Object) {
			if e.Type == Added && before.UID != 0 {
				e.Type = Modified
			}
			if e.Type == Deleted && after.UID != 0 {
				*e = Event{}
			}
		}))},
		{Name: "a deletion is told with the last version", Machines: wrong(watchers, tells(func(e *Event, before, _ Object) {
			if e.Type == Deleted {
				e.Object.Version = before.Version
			}
		}))},
		{Name: "a bookmark overtakes changes (E04)", Machines: listing(watchers, func(s State, all []Action) []Action {
			if w := s.Watch; w.Open && s.Servers[w.Server].next(w.Sent) > 0 {
				all = append(all, Action{Kind: Mark})
			}
			return all
		})},
		{Name: "a watcher lists anything (C01)", Machines: listing(servers, func(s State, all []Action) []Action {
			for k, v := range s.Servers {
				if !s.Watch.Listed && v.Up && v.Revision < s.Watch.Told {
					all = append(all, Action{Kind: Relist, Server: uint8(k)})
				}
			}
			return all
		})},
		{Name: "a watch cannot be taken up again", Machines: wrong(compacted, func(d Domain, s State, a Action) State {
			next := after(d, s, a)
			if a.Kind == Resume {
				next.Watch = next.Watch.ended()
			}
			return next
		})},
		{Name: "a watcher that has lost its place does not list", Machines: without(compacted, Relist)},
		{Name: "a cache that has lost its place does not list", Machines: without(compacted, Replace)},
		{Name: "a refused suggestion is not looked up", Machines: without(names, Load)},
		{Name: "nobody stops what is being deleted", Machines: without(deletions, Finish)},
	}
}

// Goal: no property is vacuous. Method: machines with one thing wrong each, and which property notices.
func TestKills(t *testing.T) {
	got, alive, harmless := mutant.Kills(New(watchers), mutants(), machine.Options{Workers: 2})
	if len(alive) > 0 || len(harmless) > 0 {
		t.Errorf("no mutant breaks %q; these break nothing: %q", alive, harmless)
	}
	if got != kills {
		t.Errorf("testdata/kills.txt says otherwise; got\n%s", got)
	}
}
