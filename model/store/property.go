package store

import (
	"slices"
	"strings"
)

// Property is a sentence about one state.
type Property struct {
	Name  string
	Holds func(State) bool
}

// Always are true in every state that can be reached.
var Always = []Property{
	// Row 4.
	{"every revision after the first has one change", func(s State) bool {
		for i, c := range s.Log {
			if c.Revision != int64(i)+2 {
				return false
			}
		}
		return s.Revision == int64(len(s.Log))+1
	}},
	// Row 1: each write sees what the one before it left.
	{"every change continues its key: it creates what was absent, or replaces or deletes what was there", func(s State) bool {
		for _, c := range s.Log {
			before, existed := s.replaced(c)
			if !continues(before, existed, c) {
				return false
			}
		}
		return true
	}},
	{"history is compacted no further than it goes", func(s State) bool { return s.Compacted <= s.Revision }},
	// Row 5.
	{"a watch has been told each change it asked for, up to its position, once and in order", func(s State) bool {
		return !slices.ContainsFunc(s.Watches, func(w Watch) bool { return !slices.Equal(w.Told, s.askedFor(w)) })
	}},
	{"a watch is not ahead of the store, unless it began in the future", func(s State) bool {
		return !slices.ContainsFunc(s.Watches, func(w Watch) bool { return w.Position > max(s.Revision, w.After) })
	}},
}

// Sometimes are each true in a state that can be reached: without them the properties above would say little.
var Sometimes = []Property{
	{"a key is created again after its deletion", func(s State) bool {
		return slices.ContainsFunc(s.Log, func(c Change) bool {
			_, existed := s.replaced(c)
			return !existed && slices.ContainsFunc(s.Log, func(d Change) bool { return d.Key == c.Key && d.Revision < c.Revision })
		})
	}},
	{"compaction has passed a watch", func(s State) bool { return slices.ContainsFunc(s.Watches, s.passed) }},
	{"compaction has passed a watch that waits exactly at it", func(s State) bool {
		return slices.ContainsFunc(s.Watches, func(w Watch) bool { return s.passed(w) && w.Position+1 == s.Compacted })
	}},
	{"a watch at the compaction goes on", func(s State) bool {
		return slices.ContainsFunc(s.Watches, func(w Watch) bool {
			_, waits := s.waiting(w)
			return waits && !s.passed(w) && w.Position < s.Compacted
		})
	}},
	{"a watch waits for the future", func(s State) bool {
		return slices.ContainsFunc(s.Watches, func(w Watch) bool { return w.Position > s.Revision })
	}},
}

func continues(before Change, existed bool, c Change) bool {
	switch {
	case c.Deleted:
		return existed && c.Created == 0 && c.Version == 0
	case existed:
		return c.Created == before.Created && c.Version == before.Version+1
	}
	return c.Created == c.Revision && c.Version == 1
}

// askedFor are the revisions that a watch has to have been told at its position.
func (s State) askedFor(w Watch) []int64 {
	var revisions []int64
	for _, c := range s.Log {
		if c.Revision > w.After && c.Revision <= w.Position && strings.HasPrefix(c.Key, w.Prefix) {
			revisions = append(revisions, c.Revision)
		}
	}
	return revisions
}
