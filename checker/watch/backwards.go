package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// cacheName is one client's copy of one resource.
type cacheName struct {
	client, resource, namespace, labels, fields string
}

// shown is one moment at which a client was shown a state, or asked to be shown what comes after one.
type shown struct {
	line     int64
	revision int64
	what     string
}

// backwards: a client that keeps a copy, by a list and watches from where it is, is never shown an older state than before,
// and never asks for one. Only clients that watch keep a copy; a list with resourceVersion 0 takes what it gets.
func (j *judge) backwards() {
	caches := map[cacheName][]shown{}
	for _, w := range j.h.Watches {
		if w.Layer == trace.API {
			name := cacheName{w.Client, w.Resource, w.Namespace, w.Labels, w.Fields}
			caches[name] = append(caches[name], ofWatch(w)...)
		}
	}
	for _, o := range j.h.Operations {
		name := cacheName{o.Client, o.Resource, o.Namespace, o.Labels, o.Fields}
		if caches[name] != nil && isRelist(o) {
			what := fmt.Sprintf("a list of %s (resourceVersion %q)", o.Resource, o.ResourceVersion)
			caches[name] = append(caches[name], shown{o.ReturnLine, o.Return.Revision, what})
		}
	}
	for name, moments := range caches { // findings are sorted by line in the end
		slices.SortStableFunc(moments, func(a, b shown) int { return cmp.Compare(a.line, b.line) })
		var latest shown
		for _, m := range moments {
			if m.revision < latest.revision {
				j.broken(ErrBackwards, m.line, "", "%s was at revision %d of %s (line %d), and then at revision %d by %s", name.client,
					latest.revision, name.resource, latest.line, m.revision, m.what)
			}
			if m.revision >= latest.revision {
				latest = m
			}
		}
	}
}

func isRelist(o *history.Operation) bool {
	return o.Layer == trace.API && o.Verb == "list" && o.OK() && o.ResourceVersion != "0" && o.Continue == ""
}

// ofWatch are the moments of a watch: its opening, and its events. Among initial events only the bookmark that ends them
// says what state they are.
func ofWatch(w *history.Watch) []shown {
	var moments []shown
	start, _ := strconv.ParseInt(w.ResourceVersion, 10, 64)
	if start > 0 && !w.InitialEvents {
		moments = append(moments, shown{w.Line.Seq, start, "opening a watch"})
	}
	inState := w.InitialEvents || start == 0
	for _, l := range w.Events {
		e := l.Event
		if e.Type == bookmark || e.Type == modified || e.Type == deleted {
			inState = false
		}
		if e.Object.Revision > 0 && !inState {
			moments = append(moments, shown{l.Seq, e.Object.Revision, "a watch event"})
		}
	}
	// A client with a copy is one that watches, even if nothing came.
	return append(moments, shown{line: 0})
}
