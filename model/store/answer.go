package store

// Failure is why an action was refused.
type Failure string

// The failures. What was refused was not done. A store alone is always there: Unavailable is the world's, which may have no leader.
const (
	None        Failure = ""
	Compacted   Failure = "compacted"
	Future      Failure = "future"
	Unavailable Failure = "unavailable"
)

// Answer is what the issuer of an action is told.
type Answer struct {
	Failure   Failure
	Revision  int64 // of the store when it answered; of a delivery, its own
	Succeeded bool  // of a Put or Delete: the key's revision was the expected one
	Held      []Change
	Guards    []int64 // of a Put that did not succeed: the revision of each guard's key; 0: absent
	Count     int64   // how many keys a List or Count met, whatever the limit
	Change    *Change // what a Deliver tells
	Replaced  *Change // and what that replaced or deleted
}

// AnswerTo is what the issuer of an enabled action is told when it is taken in s.
//
// Held is what was read; after a Put or Delete that did not compare, what was there instead; after a Delete that did,
// what it removed.
func AnswerTo(s State, action Action) Answer {
	next, _ := Next(s, action)
	answer := Answer{Revision: next.Revision}
	switch a := action.(type) {
	case Put:
		now, exists := s.At(a.Key, s.Revision)
		if answer.Succeeded = revisionOf(now, exists) == a.Expected && s.hold(a.Guards); !answer.Succeeded {
			answer.Held = only(now, exists)
			answer.Guards = s.guarded(a.Guards)
		}
	case Delete:
		now, exists := s.At(a.Key, s.Revision)
		answer.Succeeded = revisionOf(now, exists) == a.Expected
		answer.Held = only(now, exists)
	case Get:
		if answer.Failure = s.readable(a.Revision); answer.Failure == None {
			answer.Held = only(s.At(a.Key, s.resolve(a.Revision)))
		}
	case List:
		if answer.Failure = s.readable(a.Revision); answer.Failure == None {
			answer.list(s.Keys(a.Prefix, s.resolve(a.Revision)), a)
		}
	case Count:
		answer.Count = int64(len(s.Keys(a.Prefix, s.Revision)))
	case Compact:
		answer.Failure = s.compactable(a.Revision)
	case Deliver:
		return s.delivery(a)
	case Notice:
		answer.Revision = a.Revision
	}
	if answer.Failure != None {
		return Answer{Failure: answer.Failure}
	}
	return answer
}

func (a *Answer) list(all []Change, l List) {
	for _, c := range all {
		if c.Key < l.From {
			continue
		}
		if a.Count++; l.Limit == 0 || a.Count <= l.Limit {
			a.Held = append(a.Held, c)
		}
	}
}

func (s State) delivery(a Deliver) Answer {
	w, _ := s.Watch(a.Number)
	if s.passed(w) {
		return Answer{Failure: Compacted}
	}
	c, _ := s.waiting(w)
	answer := Answer{Revision: c.Revision, Change: &c}
	if replaced, exists := s.replaced(c); exists {
		answer.Replaced = &replaced
	}
	return answer
}

// guarded are the revisions of the guards' keys.
func (s State) guarded(guards []Guard) (revisions []int64) {
	for _, g := range guards {
		revisions = append(revisions, revisionOf(s.At(g.Key, s.Revision)))
	}
	return revisions
}

// hold: every guard's key is at the revision that the guard requires.
func (s State) hold(guards []Guard) bool {
	for i, revision := range s.guarded(guards) {
		if revision != guards[i].Expected {
			return false
		}
	}
	return true
}

func (s State) readable(revision int64) Failure {
	switch {
	case revision > s.Revision:
		return Future
	case revision > 0 && revision < s.Compacted:
		return Compacted
	}
	return None
}

func (s State) compactable(revision int64) Failure {
	switch {
	case revision <= s.Compacted:
		return Compacted
	case revision > s.Revision:
		return Future
	}
	return None
}

func (s State) resolve(revision int64) int64 {
	if revision == 0 {
		return s.Revision
	}
	return revision
}

func revisionOf(c Change, exists bool) int64 {
	if !exists {
		return 0
	}
	return c.Revision
}

func only(c Change, exists bool) []Change {
	if !exists {
		return nil
	}
	return []Change{c}
}
