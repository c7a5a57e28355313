package actions

import (
	"strings"

	"orrery/checker/history"
	"orrery/impl/trace"
	"orrery/model/store"
)

var storeTable = table{
	model: "store",
	rows: []row{
		// The actions of the store alone.
		{store.Put{}, "Put", "a server is answered that its put was carried out, or that it did not compare", carriedOut("put")},
		{store.Delete{}, "Delete", "likewise its delete", carriedOut("delete")},
		{store.Get{}, "Get", "a server is answered a get", carriedOut("get")},
		{store.List{}, "List", "a server is answered a list", carriedOut("list")},
		{store.Count{}, "Count", "a server is answered a count", carriedOut("count")},
		{store.Compact{}, "Compact", "the observer of the log tells of it, or a server is answered", or(compacted, carriedOut("compact"))},
		{store.Open{}, "Open", "a server opens a watch", opened},
		{store.Deliver{}, "Deliver", "a change reaches the watch of a server; or it ends as what it needs is compacted", delivered},
		{store.Notice{}, "Notice", "a bookmark reaches it", noticed},
		{store.Pass{}, "Pass", "", nil},
		{store.Stop{}, "Stop", "its watch ends, for another reason than compaction", stopped},
		// The moves of its world.
		{store.Ask, "Ask", "a server's request is answered, where it was asked", toStore.asked},
		{store.Commit, "Commit", "a put or delete that is answered is in the log", committed},
		{store.Confirm, "Confirm", "a read of the present is answered", toConfirm.heard},
		{store.Apply, "Apply", "the observer of the log tells of an entry: its member has carried that out", applied},
		{store.Reply, "Reply", "a server is answered", toStore.heard},
		{store.Refuse, "Refuse", "a server is told that its request was not done, as the store is unavailable", toStore.refused},
		{store.Lose, "Lose", "a server gives a put or delete up", toChange.given},
		{store.Land, "Land", "an entry is in the log that only a put or delete can have made that was given up before", landedLate},
		{store.Drop, "Drop", "no entry is in the log that a put or delete can have made that was given up", droppedLate},
		{store.Attach, "Attach", "as Open", opened},
		{store.Tell, "Tell", "as Deliver", delivered},
		{store.Mark, "Mark", "as Notice", noticed},
		{store.Skip, "Skip", "", nil},
		{store.Break, "Break", "as Stop", stopped},
		{store.Depose, "Depose", "a server is refused, and was answered before", elections(true)},
		{store.Elect, "Elect", "a server is answered, and was refused before", elections(false)},
		{store.Heal, "Heal", "the phase heal begins", healed},
	},
	exceptions: []exception{
		{"Open", Real, watchesUnrecorded},
		{"Deliver", Real, watchesUnrecorded},
		{"Notice", Real, watchesUnrecorded},
		{"Pass", Unseen, passedSilently},
		{"Stop", Real, watchesUnrecorded},
		{"Attach", Real, watchesUnrecorded},
		{"Tell", Real, watchesUnrecorded},
		{"Mark", Real, watchesUnrecorded},
		{"Skip", Unseen, passedSilently},
		{"Break", Real, watchesUnrecorded},
	},
}

const (
	watchesUnrecorded = "simulated servers watch the store without recording it (impl/sim, Server.watch); real ones do, by store.Recorded"
	passedSilently    = "etcd tells nobody when it moves a watch past changes that it does not ask for; and servers ask for all"
)

// operations are those on the store for which of is true.
type operations func(op *history.Operation) bool

var (
	toStore   operations = func(*history.Operation) bool { return true }
	toChange  operations = func(op *history.Operation) bool { return op.Verb == "put" || op.Verb == "delete" }
	toConfirm operations = func(op *history.Operation) bool {
		return (op.Verb == "get" || op.Verb == "list" || op.Verb == "count") && op.At == 0
	}
)

// carriedOut finds the operations with that verb that the store has carried out.
func carriedOut(verb string) finder {
	return operations(func(op *history.Operation) bool { return op.Verb == verb }).heard
}

// each calls f for every operation.
func (of operations) each(r *run, f func(op *history.Operation)) {
	for _, op := range r.Operations {
		if op.Layer == trace.Store && of(op) {
			f(op)
		}
	}
}

func (of operations) asked(r *run, at func(int64)) {
	of.each(r, func(op *history.Operation) {
		if op.OK() {
			at(op.CallLine)
		}
	})
}

func (of operations) heard(r *run, at func(int64)) {
	of.each(r, func(op *history.Operation) {
		if op.OK() {
			at(op.ReturnLine)
		}
	})
}

func (of operations) refused(r *run, at func(int64)) {
	of.each(r, func(op *history.Operation) {
		if unavailable(op) {
			at(op.ReturnLine)
		}
	})
}

func (of operations) given(r *run, at func(int64)) {
	of.each(r, func(op *history.Operation) {
		if op.Return != nil && op.Outcome() == trace.Unknown {
			at(op.ReturnLine)
		}
	})
}

// unavailable: the request was not done, as there is no leader.
func unavailable(op *history.Operation) bool {
	return op.Outcome() == trace.Failed && strings.Contains(op.Return.Reason, "unavailable")
}

// elections finds the first refusals of each server after answers, or the first answers after refusals.
func elections(deposed bool) finder {
	return func(r *run, at func(int64)) {
		led := map[string]bool{}
		for i := range r.Lines {
			ret := r.Lines[i].Return
			if ret == nil || r.operations[ret.ID] == nil || r.operations[ret.ID].Layer != trace.Store {
				continue
			}
			op := r.operations[ret.ID]
			was, known := led[op.Process]
			switch {
			case unavailable(op):
				led[op.Process] = false
			case op.OK():
				led[op.Process] = true
			}
			if known && was == deposed && led[op.Process] != was {
				at(op.ReturnLine)
			}
		}
	}
}

func committed(r *run, at func(int64)) {
	for _, v := range r.Log.Entries {
		if makers := r.makers(v); len(makers) == 1 && makers[0].OK() {
			at(v.Line.Seq)
		}
	}
}

func applied(r *run, at func(int64)) {
	for _, v := range r.Log.Entries {
		at(v.Line.Seq)
	}
}

// landedLate: of makers that were not answered any may have made the entry.
func landedLate(r *run, at func(int64)) {
entries:
	for _, v := range r.Log.Entries {
		makers := r.makers(v)
		for _, op := range makers {
			if l, ok := r.lost(op); !ok || !r.late(l, v) {
				continue entries
			}
		}
		if len(makers) > 0 {
			at(v.Line.Seq)
		}
	}
}

func droppedLate(r *run, at func(int64)) {
	suspected := map[*history.Operation]bool{}
	for _, v := range r.Log.Entries {
		for _, op := range r.makers(v) {
			suspected[op] = true
		}
	}
	toChange.each(r, func(op *history.Operation) {
		if l, ok := r.lost(op); ok && !suspected[op] {
			at(l.line)
		}
	})
}

func compacted(r *run, at func(int64)) {
	for _, l := range r.Compacts {
		at(l.Seq)
	}
}

func opened(r *run, at func(int64)) {
	for _, w := range r.Watches {
		if w.Layer == trace.Store {
			at(w.Line.Seq)
		}
	}
}

// events finds the events of watches of a layer for which holds is true.
func events(layer trace.Layer, holds func(e *trace.Event) bool) finder {
	return func(r *run, at func(int64)) {
		for _, w := range r.Watches {
			for _, l := range w.Events {
				if w.Layer == layer && holds(l.Event) {
					at(l.Seq)
				}
			}
		}
	}
}

var (
	delivered = events(trace.Store, func(e *trace.Event) bool { return tells(e) || passed(e) })
	noticed   = events(trace.Store, func(e *trace.Event) bool { return e.Type == "BOOKMARK" })
)

func stopped(r *run, at func(int64)) {
	for _, w := range r.Watches {
		n := len(w.Events)
		if w.Layer == trace.Store && n > 0 && w.Events[n-1].Event.Type == "END" && (n == 1 || !passed(w.Events[n-2].Event)) {
			at(w.Events[n-1].Seq)
		}
	}
}

// passed: compaction has passed the watch.
func passed(e *trace.Event) bool { return e.Type == "ERROR" && strings.Contains(e.Reason, "compacted") }

// tells: the event is about a change.
func tells(e *trace.Event) bool {
	return e.Type == "ADDED" || e.Type == "MODIFIED" || e.Type == "DELETED"
}
