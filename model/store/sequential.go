package store

import (
	"fmt"
	"slices"
	"strings"
)

// State is the store as it is alone, at one moment, with the watches that are open. It is a value: no function modifies one it is given.
type State struct {
	Revision  int64
	Compacted int64    // reads below it are refused
	Log       []Change // of revisions 2, 3, ... up to Revision
	Watches   []Watch  // in the order of their numbers
}

// Change is one entry of the log: a version of a key, or its deletion.
type Change struct {
	Revision int64
	Key      string
	Value    string
	Deleted  bool
	Created  int64 // the revision that created this incarnation of the key; of a deletion 0
	Version  int64 // counts the incarnation's versions from 1; of a deletion 0
}

// Watch is one open watch.
type Watch struct {
	Number int
	Prefix string
	After  int64 // it asked for what comes after this revision
	// Position: everything up to it that the watch asks for has been told.
	Position int64
}

// Init is a fresh etcd: at revision 1, with nothing compacted, not even at revision 0.
func Init() []State { return []State{{Revision: 1, Compacted: -1}} }

// Next is the state that an action leads to; false: the action is not enabled.
func Next(s State, action Action) (State, bool) {
	switch a := action.(type) {
	case Get, List, Count:
		return s, true
	case Put:
		now, exists := s.At(a.Key, s.Revision)
		if revisionOf(now, exists) != a.Expected || !s.hold(a.Guards) {
			return s, true
		}
		next := Change{Revision: s.Revision + 1, Key: a.Key, Value: a.Value, Created: s.Revision + 1, Version: 1}
		if exists {
			next.Created, next.Version = now.Created, now.Version+1
		}
		return s.plus(next), true
	case Delete:
		now, exists := s.At(a.Key, s.Revision)
		if !exists || now.Revision != a.Expected {
			return s, true
		}
		return s.plus(Change{Revision: s.Revision + 1, Key: a.Key, Deleted: true}), true
	case Compact:
		if a.Revision > s.Compacted && a.Revision <= s.Revision {
			s.Compacted = a.Revision
		}
		return s, true
	}
	return nextOfWatch(s, action)
}

func nextOfWatch(s State, action Action) (State, bool) {
	switch a := action.(type) {
	case Open:
		if _, used := s.Watch(a.Number); used {
			return s, false
		}
		return s.with(Watch{Number: a.Number, Prefix: a.Prefix, After: a.After, Position: a.After}), true
	case Deliver:
		w, open := s.Watch(a.Number)
		c, waits := s.waiting(w)
		switch {
		case open && s.passed(w):
			return s.without(a.Number), true
		case !open || !waits:
			return s, false
		}
		w.Position = c.Revision
		return s.with(w), true
	case Notice:
		w, open := s.Watch(a.Number)
		c, waits := s.waiting(w)
		if !open || a.Revision < w.Position || a.Revision <= w.After || a.Revision > s.Revision || (waits && c.Revision <= a.Revision) {
			return s, false
		}
		w.Position = a.Revision
		return s.with(w), true
	case Pass:
		w, open := s.Watch(a.Number)
		to := s.Revision
		if c, waits := s.waiting(w); waits {
			to = c.Revision - 1
		}
		if !open || to <= w.Position || s.passed(w) {
			return s, false
		}
		w.Position = to
		return s.with(w), true
	case Stop:
		_, open := s.Watch(a.Number)
		return s.without(a.Number), open
	}
	panic(fmt.Sprintf("model/store: no such action: %#v", action))
}

// At returns the version of key at a revision, and whether there was one.
func (s State) At(key string, revision int64) (Change, bool) {
	for _, c := range slices.Backward(s.Log) {
		if c.Key == key && c.Revision <= revision {
			return c, !c.Deleted
		}
	}
	return Change{}, false
}

// Keys returns the versions of all keys under prefix at a revision, in the order of the keys.
func (s State) Keys(prefix string, revision int64) []Change {
	var names []string
	for _, c := range s.Log {
		if strings.HasPrefix(c.Key, prefix) {
			names = append(names, c.Key)
		}
	}
	slices.Sort(names)
	var held []Change
	for _, name := range slices.Compact(names) {
		if c, exists := s.At(name, revision); exists {
			held = append(held, c)
		}
	}
	return held
}

// Watch returns the open watch with that number.
func (s State) Watch(number int) (Watch, bool) {
	for _, w := range s.Watches {
		if w.Number == number {
			return w, true
		}
	}
	return Watch{}, false
}

// waiting returns the first change after the watch's position that it asks for.
func (s State) waiting(w Watch) (Change, bool) {
	for _, c := range s.Log {
		if c.Revision > w.Position && strings.HasPrefix(c.Key, w.Prefix) {
			return c, true
		}
	}
	return Change{}, false
}

// replaced returns the version that a change of the log replaced or deleted, and whether there was one.
func (s State) replaced(c Change) (Change, bool) { return s.At(c.Key, c.Revision-1) }

// passed reports whether compaction keeps the watch from being told what it waits for: history is gone from under it, or
// the next change could be told only without what it replaced.
func (s State) passed(w Watch) bool {
	if w.Position+1 < s.Compacted {
		return true
	}
	c, waits := s.waiting(w)
	_, replaces := s.replaced(c)
	return waits && replaces && c.Revision <= s.Compacted
}

// with returns the state after w has been replaced by, or added as, next.
func (s State) with(next Watch) State {
	s = s.without(next.Number)
	at, _ := slices.BinarySearchFunc(s.Watches, next.Number, func(w Watch, n int) int { return w.Number - n })
	s.Watches = slices.Insert(s.Watches, at, next)
	return s
}

func (s State) without(number int) State {
	s.Watches = slices.DeleteFunc(slices.Clone(s.Watches), func(w Watch) bool { return w.Number == number })
	return s
}

// plus returns the state after one more change.
func (s State) plus(c Change) State {
	s.Revision = c.Revision
	s.Log = append(slices.Clip(s.Log), c)
	return s
}
