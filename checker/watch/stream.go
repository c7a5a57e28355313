package watch

import (
	"fmt"
	"sort"
	"strconv"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// stream is what one watch was told, laid beside the log.
type stream struct {
	*history.Watch
	*scope
	// start is the revision after which changes are due: the one asked for, or that of the initial events.
	start int64
	// initial are the initial events, where the watch asked for them; whole: a bookmark has marked their end.
	initial []*item
	whole   bool
	// items are what came after, bookmarks included, in order.
	items []*item
	// told are the places in scope.changes that were told.
	told map[int]bool
}

// item is one event.
type item struct {
	*trace.Event
	line int64
	// version is the log's entry that the event tells of; nil: there is none.
	version *history.Version
	// place is that of the version in scope.changes; -1: it is not among them.
	place int
	// dark: the event tells of what was before the recording began, or after it ended, where nothing can be said.
	dark bool
}

func (i *item) isBookmark() bool { return i.Type == bookmark }

func (i *item) String() string {
	name := i.Object.Key
	if name == "" {
		name = history.NameOf(i.Object).String()
	}
	return fmt.Sprintf("%s %s at revision %d", i.Type, name, i.Object.Revision)
}

// stream lays a watch's events beside the log.
func (j *judge) stream(w *history.Watch) (*stream, error) {
	s := &stream{Watch: w, told: map[int]bool{}}
	var err error
	if s.scope, err = j.scope(w); err != nil {
		return nil, err
	}
	if w.ResourceVersion != "" {
		if s.start, err = strconv.ParseInt(w.ResourceVersion, 10, 64); err != nil {
			return nil, fmt.Errorf("resourceVersion %q is no number", w.ResourceVersion)
		}
	}
	for _, l := range w.Events {
		switch l.Event.Type {
		case added, modified, deleted, bookmark:
			s.items = append(s.items, &item{Event: l.Event, line: l.Seq, place: -1})
		}
	}
	if w.InitialEvents || w.Layer == trace.API && s.start == 0 {
		s.splitInitial()
	}
	for _, i := range s.items {
		if !i.isBookmark() {
			j.place(s, i)
		}
	}
	return s, nil
}

// splitInitial takes the initial events off the stream. Where no bookmark marks their end they are the ADDED events at its
// beginning: should these hold some later creations too, they are the state after those as well.
func (s *stream) splitInitial() {
	end := 0
	for n, i := range s.items {
		if i.InitialEnd {
			end, s.whole = n, true
			break
		}
	}
	if !s.whole && !s.InitialEvents {
		for end < len(s.items) && s.items[end].Type == added {
			end++
		}
	}
	if !s.whole && s.InitialEvents {
		end = len(s.items) // the end was never told, and so neither was the revision
	}
	s.initial, s.items = s.items[:end], s.items[end:]
	s.start = s.initialRevision()
}

// initialRevision is that of the state which the initial events are: the one that the bookmark at their end names, or, where
// there is none, the last before what was told next at which the state was just that. Several may be, if what came was
// gone again.
func (s *stream) initialRevision() int64 {
	if s.whole {
		return s.items[0].Object.Revision
	}
	shown := map[history.ObjectName]int64{}
	revision := int64(0)
	for _, i := range s.initial {
		shown[history.NameOf(i.Object)] = i.Object.Revision
		revision = max(revision, i.Object.Revision)
	}
	live := s.live(max(revision, s.first))
	differing := map[history.ObjectName]bool{}
	compare := func(name history.ObjectName) {
		if v := live[name]; v == nil && shown[name] == 0 || v != nil && v.Revision == shown[name] {
			delete(differing, name)
		} else {
			differing[name] = true
		}
	}
	for name := range shown {
		compare(name)
	}
	for name := range live {
		compare(name)
	}
	for _, c := range s.changes[s.after(revision):] {
		if c.Revision > s.bound() {
			break
		}
		live[c.Object] = c.Version
		if c.kind == deleted {
			delete(live, c.Object)
		}
		if compare(c.Object); len(differing) == 0 {
			revision = c.Revision
		}
	}
	return revision
}

// bound is the last revision at which the initial events can be the state, seeing what was told next.
func (s *stream) bound() int64 {
	switch {
	case len(s.items) == 0:
		return history.Never
	case s.items[0].isBookmark():
		return s.items[0].Object.Revision
	}
	return s.items[0].Object.Revision - 1
}

// place finds the log's entry that an event tells of.
func (j *judge) place(s *stream, i *item) {
	revision := i.Object.Revision
	if revision <= j.h.Log.Start || revision > j.h.Log.End() {
		i.dark = true
		if revision > j.h.Log.End() {
			j.beyond = max(j.beyond, revision)
		}
		return
	}
	entries := j.h.Log.Entries
	from := sort.Search(len(entries), func(n int) bool { return entries[n].Revision >= revision })
	for _, v := range entries[from:] {
		if v.Revision > revision {
			return
		}
		if isOf(s.Layer, v, i.Object) {
			i.version = v
			if place, in := s.places[v]; in {
				i.place = place
				s.told[place] = true
			}
			return
		}
	}
}

func isOf(layer trace.Layer, v *history.Version, r trace.Ref) bool {
	if layer == trace.Store {
		return v.Key == r.Key
	}
	return v.Object == history.NameOf(r)
}
