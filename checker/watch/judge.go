package watch

import (
	"orrery/checker/history"
	"orrery/impl/trace"
)

// events visits what was told after the initial events, without the bookmarks and without what is in the dark.
func (s *stream) events(visit func(*item)) {
	for _, i := range s.items {
		if !i.isBookmark() && !i.dark {
			visit(i)
		}
	}
}

// filter: what is told was asked for.
func filter(j *judge, s *stream) {
	s.events(func(i *item) {
		if i.version == nil || i.place >= 0 {
			return
		}
		j.broken(ErrFilter, i.line, "", "%s was told %s, which it did not ask for (%s)", s.ID, i, asked(s.Watch))
	})
}

// ordered: revisions do not fall.
func ordered(j *judge, s *stream) {
	var last *item
	for _, i := range s.items {
		if i.isBookmark() {
			continue
		}
		if last != nil && i.Object.Revision < last.Object.Revision {
			j.broken(ErrOrdered, i.line, "", "%s was told %s after %s (line %d)", s.ID, i, last, last.line)
		}
		last = i
	}
}

// unique: no object is told twice at one revision.
func unique(j *judge, s *stream) {
	type version struct {
		object   history.ObjectName
		key      string
		revision int64
	}
	first := map[version]*item{}
	for _, i := range s.items {
		if i.isBookmark() {
			continue
		}
		v := version{history.NameOf(i.Object), i.Object.Key, i.Object.Revision}
		if before := first[v]; before != nil {
			j.broken(ErrUnique, i.line, "", "%s was told %s, which it had been told before (line %d)", s.ID, i, before.line)
			continue
		}
		first[v] = i
	}
}

// gaps: resumable, reliable and atomic. It walks along the log beside the stream, and charges each change passed over,
// and told nowhere, to one of the three.
func gaps(j *judge, s *stream) {
	next := s.after(max(s.start, s.first))
	begun := false // something was told before next
	for _, i := range s.items {
		if i.isBookmark() {
			// It answers itself for what it covers.
			next = max(next, s.after(i.Object.Revision))
			begun = true
			continue
		}
		for ; next <= i.place; next++ {
			if s.told[next] {
				begun = true
			} else {
				j.charge(s, i, next, begun)
			}
		}
	}
	j.torn(s, next)
}

// charge names the guarantee that is broken by a change missing before i.
func (j *judge) charge(s *stream, i *item, missing int, begun bool) {
	c := s.changes[missing]
	toldWith := func(place int) bool {
		return place >= 0 && place < len(s.changes) && s.changes[place].Revision == c.Revision && s.told[place]
	}
	switch {
	case toldWith(missing-1) || toldWith(missing+1):
		j.broken(ErrAtomic, i.line, c.String(), "%s was told other changes of revision %d, and %s without this one", s.ID, c.Revision, i)
	case !begun:
		j.broken(ErrResumable, i.line, c.String(), "%s began after revision %d and was first told %s", s.ID, s.start, i)
	default:
		j.broken(ErrReliable, i.line, c.String(), "%s was told %s, and not what was before it", s.ID, i)
	}
}

// torn: a stream must not end within a revision. One that was never ended says nothing: its recorder may have been killed
// between two lines.
func (j *judge) torn(s *stream, next int) {
	if n := len(s.Events); n == 0 || s.Events[n-1].Event.Type != "END" {
		return
	}
	if next == 0 || next >= len(s.changes) || s.told[next] || !s.told[next-1] || s.changes[next].Revision != s.changes[next-1].Revision {
		return
	}
	c := s.changes[next]
	j.broken(ErrAtomic, s.lastLine(), c.String(), "%s ended within revision %d", s.ID, c.Revision)
}

// bookmarkable: what a bookmark covers was told before it, and nothing of it comes after.
func bookmarkable(j *judge, s *stream) {
	seen := map[int]bool{}
	next := s.after(max(s.start, s.first))
	var last *item
	for _, i := range s.items {
		if !i.isBookmark() {
			if last != nil && i.Object.Revision <= last.Object.Revision {
				j.broken(ErrBookmarkable, i.line, "", "%s was told %s after a bookmark of revision %d (line %d)", s.ID, i, last.Object.Revision, last.line)
			}
			seen[i.place] = true
			continue
		}
		for end := s.after(i.Object.Revision); next < end; next++ {
			if !seen[next] && !s.told[next] {
				j.broken(ErrBookmarkable, i.line, s.changes[next].String(), "%s was told a bookmark of revision %d, and not what it covers", s.ID, i.Object.Revision)
			}
		}
		if last == nil || i.Object.Revision > last.Object.Revision {
			last = i
		}
	}
}

// content: what is told is what the store held.
func content(j *judge, s *stream) {
	s.events(func(i *item) {
		v := i.version
		switch {
		case v == nil:
			j.broken(ErrContent, i.line, "", "%s was told %s, and there is no such version in the log", s.ID, i)
		case i.Object.UID != "" && v.UID != "" && i.Object.UID != v.UID:
			j.broken(ErrContent, i.line, "", "%s was told %s with the UID %s, which was %s", s.ID, i, i.Object.UID, v.UID)
		case i.Object.Hash != "" && v.Hash != "" && i.Object.Hash != v.Hash:
			j.broken(ErrContent, i.line, "", "%s was told %s with a content of hash %s, which was %s", s.ID, i, i.Object.Hash, v.Hash)
		case s.Layer == trace.Store:
			previous(j, s, i)
		}
	})
}

// previous judges the version that a store's watch says was replaced.
func previous(j *judge, s *stream, i *item) {
	before := i.version.Before
	if before == nil && i.version.Previous != 0 {
		return // the log does not know it either
	}
	existed := before != nil && !before.Deleted
	switch told := i.Previous; {
	case told == nil && existed:
		j.broken(ErrContent, i.line, "", "%s was told %s without what it replaced, which was of revision %d", s.ID, i, before.Revision)
	case told != nil && !existed:
		j.broken(ErrContent, i.line, "", "%s was told that %s replaced revision %d, and there was nothing", s.ID, i, told.Revision)
	case told != nil && (told.Revision != before.Revision || told.Hash != before.Hash):
		j.broken(ErrContent, i.line, "", "%s was told that %s replaced revision %d (%s), which was %d (%s)", s.ID, i, told.Revision, told.Hash, before.Revision, before.Hash)
	}
}

// isCreate: the type of an event says whether its object came into view, went out of view, or neither.
func isCreate(j *judge, s *stream) {
	s.events(func(i *item) {
		if i.place >= 0 && s.changes[i.place].kind != i.Type {
			j.broken(ErrIsCreate, i.line, s.changes[i.place].String(), "%s was told %s", s.ID, i)
		}
	})
}

// initial: the initial events are the state at one revision.
func initial(j *judge, s *stream) {
	if s.start < s.first || s.InitialEvents && !s.whole {
		return // a state that the log does not know, or not all of it yet
	}
	live := s.live(s.start)
	for _, i := range s.initial {
		v := live[history.NameOf(i.Object)]
		if i.Type != added || v == nil || v.Revision != i.Object.Revision {
			j.broken(ErrInitial, i.line, "", "%s was told %s among the initial events of revision %d, when that was not so", s.ID, i, s.start)
			continue
		}
		delete(live, v.Object)
	}
	asksForState := s.InitialEvents || s.Layer == trace.API && (s.ResourceVersion == "" || s.ResourceVersion == "0")
	if !asksForState || len(s.initial)+len(s.items) == 0 {
		return // not asked, or broken off before anything came
	}
	for _, v := range s.versions { // in the order of the log
		if live[v.Object] == v {
			j.broken(ErrInitial, s.endOfInitial(), change{v, added}.String(), "%s was not told of %s among the initial events of revision %d", s.ID, v.Object, s.start)
		}
	}
}

func (s *stream) endOfInitial() int64 {
	if len(s.items) > 0 {
		return s.items[0].line
	}
	return s.lastLine()
}

func (s *stream) lastLine() int64 {
	if n := len(s.Events); n > 0 {
		return s.Events[n-1].Seq
	}
	return s.Line.Seq
}

func asked(w *history.Watch) string {
	if w.Layer == trace.Store {
		return "keys under " + w.Key
	}
	text := w.Resource
	for _, part := range []string{w.Namespace, w.Labels, w.Fields} {
		if part != "" {
			text += " " + part
		}
	}
	return text
}
