package actions

import (
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/impl/trace"
	"orrery/model/api"
)

var apiTable = table{
	model: "api",
	rows: []row{
		{api.Ask, "Ask", "a request to write is answered by a server", byWriters.asked},
		{api.Finish, "Finish", "likewise a kubelet's delete of a pod, by UID and without grace", byStopped.asked},
		{api.Load, "Load", "while a request to write an object is open, and nobody gets it, a server gets it from the store", loaded},
		{api.Swap, "Swap", "while a request to write an object is open, a put or delete of its key is answered by the store", swapped},
		{api.Land, "Land", "a version comes about that only requests can have made that were given up before, or puts of a server that has crashed", or(toWrite.landed, landedLate)},
		{api.Drop, "Drop", "no version comes about that a request can have made that was given up", toWrite.dropped},
		{api.Hear, "Hear", "a request to write is answered", toWrite.heard},
		{api.Lose, "Lose", "a request to write ends without an answer", toWrite.given},
		{api.List, "List", "a list is answered by a server", toList.asked},
		{api.Count, "Count", "while a list without a resourceVersion is open, the store counts for its server", counted},
		{api.Serve, "Serve", "such a list shows more than its server can have had when the store had counted, and the store was not listed", served},
		{api.TimeOut, "TimeOut", "after the store has counted for such a list, it is listed; or what is asked for at a resourceVersion is refused as too new", timedOut},
		{api.LoadList, "LoadList", "while a list is open, the store is listed for its server", listedFromStore},
		{api.HearList, "HearList", "a list is answered", toList.heard},
		{api.LoseList, "LoseList", "a list ends without an answer", toList.given},
		{api.Relist, "Relist", "a component's watch begins where its list ended", relisted},
		{api.Resume, "Resume", "a component watches again, and has not listed", resumed},
		{api.Tell, "Tell", "a watch tells of a change", told},
		{api.Mark, "Mark", "a watch tells a bookmark", marked},
		{api.End, "End", "a watch that had told something ends with 410", expired},
		{api.Cut, "Cut", "a watch ends without an error", cut},
		{api.Feed, "Feed", "a watch tells of a change: its server's cache has seen it", told},
		{api.Replace, "Replace", "a server lists the whole store a second time in one life", replaced},
		{api.Compact, "Compact", "as of the store", or(compacted, carriedOut("compact"))},
		{api.Crash, "Crash", "a server's process exits", lives(isServer, "exit")},
		{api.Start, "Start", "a server's process starts", lives(isServer, "start")},
		{api.Heal, "Heal", "the phase heal begins", healed},
	},
	exceptions: []exception{
		{"Serve", Rare, "a list must wait for a cache that is behind, and more be written meanwhile"},
		{"Cut", Rare, "a watch must be silent for long, and its server live on"},
		{"End", Nowhere, "a window keeps more changes of a resource than a run makes, and no cache is replaced: see Replace"},
		{"Replace", Nowhere, "a simulated store hands every change to the servers' watches at once, so that compaction passes none (impl/sim, Server.watch); " +
			"real clusters compact every five minutes, and a run takes two"},
	},
}

// The requests to the API, by what they are to the model.
var (
	toWrite requests = func(_ *run, op *history.Operation) bool { return op.Writes() }
	toList  requests = func(_ *run, op *history.Operation) bool { return op.Verb == "list" }

	byStopped requests = func(_ *run, op *history.Operation) bool {
		return op.Verb == "delete" && op.Resource == "pods" && op.UID != "" && op.Grace != nil && *op.Grace == 0 && isKubelet(op.Process)
	}
	byWriters requests = func(r *run, op *history.Operation) bool { return toWrite(r, op) && !byStopped(r, op) }
)

// isKubelet: a kubelet writes under the name of its node.
func isKubelet(process string) bool { return strings.HasPrefix(process, "kubelet-") }

// within finds the operations on the store with one of those verbs that were answered while a request to change the object was open.
func within(holds func(r *run, s, op *history.Operation) bool, verbs ...string) finder {
	return func(r *run, at func(int64)) {
		for _, op := range r.Operations {
			if op.Layer != trace.API || !op.Writes() {
				continue
			}
			for _, s := range r.stored[r.key(op)] {
				if slices.Contains(verbs, s.Verb) && s.OK() && op.Start <= s.Start && s.End <= op.End && holds(r, s, op) {
					at(s.ReturnLine)
				}
			}
		}
	}
}

var (
	swapped = within(func(*run, *history.Operation, *history.Operation) bool { return true }, "put", "delete")
	loaded  = within(func(r *run, s, op *history.Operation) bool {
		return !slices.ContainsFunc(r.gets[op.Object()], func(get *history.Operation) bool { return get.Start <= s.End && s.Start <= get.End })
	}, "get")
)

// key is that of an operation's object in the store, learnt from what the log shows; empty: it shows none of that resource.
func (r *run) key(op *history.Operation) string {
	o := op.Object()
	prefix, ok := r.Log.Prefix(o.Resource, o.Namespace)
	if !ok {
		return ""
	}
	return prefix + o.Name
}

// isServer: the process is an API server.
func isServer(r *run, l *trace.Life) bool {
	return l.Name == "apiserver" || slices.Contains(r.Header.Topology.ControlPlanes, l.Name)
}

// lives finds the starts or exits of some processes.
func lives(of func(r *run, l *trace.Life) bool, state string) finder {
	return func(r *run, at func(int64)) {
		for _, l := range r.Lives {
			if l.Life.State == state && of(r, l.Life) {
				at(l.Seq)
			}
		}
	}
}

func healed(r *run, at func(int64)) {
	if p, ok := r.Phase(trace.Heal); ok {
		at(p.From)
	}
}
