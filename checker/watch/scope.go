package watch

import (
	"fmt"
	"sort"
	"strings"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// Types of watch events.
const (
	added    = "ADDED"
	modified = "MODIFIED"
	deleted  = "DELETED"
	bookmark = "BOOKMARK"
)

// scopeName is what a watch asked for, wherever it begins. Watches that ask for the same share one scope.
type scopeName struct {
	layer                               trace.Layer
	resource, namespace, labels, fields string
	prefix                              string
}

// scope is the log as watches that asked for the same have to be told it.
type scope struct {
	// first is the revision at which the recording began.
	first   int64
	changes []change // after the beginning of the recording, in the order of revisions
	// places are where a version's change stands in changes.
	places map[*history.Version]int
	// versions are all that could be in view, the initial ones too; in is whether each was.
	versions []*history.Version
	in       map[*history.Version]bool
}

// change is one thing to be told.
type change struct {
	*history.Version
	kind string
}

func (c change) String() string {
	return fmt.Sprintf("%s %s at revision %d", c.kind, c.Key, c.Revision)
}

func (j *judge) scope(w *history.Watch) (*scope, error) {
	name := scopeName{w.Layer, w.Resource, w.Namespace, w.Labels, w.Fields, w.Key}
	if s, ok := j.scopes[name]; ok {
		return s, nil
	}
	selector, err := history.ParseSelector(w.Labels, w.Fields)
	if err != nil {
		return nil, err
	}
	s := &scope{first: j.h.Log.Start, places: map[*history.Version]int{}, in: map[*history.Version]bool{}}
	for _, v := range j.candidates(name) {
		s.add(v, selector.Matches(v))
	}
	j.scopes[name] = s
	return s, nil
}

// candidates are the versions, in the order of revisions, that a watch without selectors would be about.
func (j *judge) candidates(name scopeName) []*history.Version {
	var all []*history.Version
	if name.layer == trace.Store {
		for _, versions := range [][]*history.Version{j.h.Log.Initial, j.h.Log.Entries} {
			for _, v := range versions {
				if strings.HasPrefix(v.Key, name.prefix) {
					all = append(all, v)
				}
			}
		}
		return all
	}
	for _, v := range j.h.Log.All(name.resource) {
		if name.namespace == "" || v.Object.Namespace == name.namespace {
			all = append(all, v)
		}
	}
	return all
}

// add appends a version that is in view or not, and the change that it is for the watch, if any.
func (s *scope) add(v *history.Version, in bool) {
	s.versions = append(s.versions, v)
	s.in[v] = in
	was := v.Before != nil && s.in[v.Before]
	if v.Line == nil || !in && !was {
		return
	}
	kind := modified
	switch {
	case !was:
		kind = added
	case !in:
		kind = deleted
	}
	s.places[v] = len(s.changes)
	s.changes = append(s.changes, change{v, kind})
}

// after is the place of the first change after a revision.
func (s *scope) after(revision int64) int {
	return sort.Search(len(s.changes), func(i int) bool { return s.changes[i].Revision > revision })
}

// live are the versions in view at a revision.
func (s *scope) live(revision int64) map[history.ObjectName]*history.Version {
	live := map[history.ObjectName]*history.Version{}
	for _, v := range s.versions {
		switch {
		case v.Revision > revision:
			return live
		case s.in[v]:
			live[v.Object] = v
		default:
			delete(live, v.Object)
		}
	}
	return live
}
