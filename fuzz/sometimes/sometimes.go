package sometimes

import (
	"net/http"
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/impl/trace"
)

var states = []struct {
	name     string
	required bool
	holds    func(*history.History) bool
}{
	{"a container of a pod ran", true, func(h *history.History) bool {
		return anyLine(h.Containers, func(l *trace.Line) bool { return l.Container.State == "started" && l.Container.Container != "" })
	}},
	{"a write was refused as a conflict", true, refused("update", "Conflict")},
	{"a deletion was refused by its precondition", true, refused("delete", "Conflict")},
	{"a creation met an object that existed", true, refused("create", "AlreadyExists")},
	{"a name was given to another UID", true, recreated},
	{"an object was held by a finalizer while being deleted", false, func(h *history.History) bool {
		return anyVersion(h, "configmaps", func(v *history.Version) bool {
			return !v.Deleted && strings.Contains(string(v.JSON), `"deletionTimestamp"`) && strings.Contains(string(v.JSON), `"finalizers"`)
		})
	}},
	{"an operation ended with an outcome nobody knows", false, func(h *history.History) bool {
		return anyOperation(h, func(o *history.Operation) bool { return o.Layer == trace.API && o.Outcome() == trace.Unknown })
	}},
	{"a pod was adopted", false, adopted},
	{"a watch was resumed", true, func(h *history.History) bool {
		for _, w := range h.Watches {
			if w.Layer == trace.API && w.ResourceVersion != "" && w.ResourceVersion != "0" {
				return true
			}
		}
		return false
	}},
	{"a pod that was bound was refused another node", false, func(h *history.History) bool {
		return anyOperation(h, func(o *history.Operation) bool {
			return o.Subresource == "binding" && o.Outcome() == trace.Failed && strings.HasPrefix(o.Client, "client-")
		})
	}},
	{"a list came in chunks", true, func(h *history.History) bool {
		return anyOperation(h, func(o *history.Operation) bool {
			return o.Layer == trace.API && o.Verb == "list" && o.OK() && o.Return.Continue != ""
		})
	}},
	{"a pod was to be deleted for one that matters more", false, func(h *history.History) bool {
		return anyLine(h.Steps, func(l *trace.Line) bool {
			return l.Step.Component == "default-scheduler" && slices.ContainsFunc(l.Step.Plan, func(e trace.Effect) bool { return e.Verb == "delete" })
		})
	}},
	{"a namespace that was gone with all its contents was created again", false, createdAgain("namespaces")},
	{"a service account that was deleted was created again", false, createdAgain("serviceaccounts")},
	{"a watcher was told that its past is gone", false, func(h *history.History) bool {
		for _, w := range h.Watches {
			if w.Layer == trace.API && anyLine(w.Events, func(l *trace.Line) bool { return l.Event.Code == http.StatusGone }) {
				return true
			}
		}
		return false
	}},
	{"a watch cache was summed up", true, func(h *history.History) bool { return len(h.Digests) > 0 }},
}

// Names are those of all states that both worlds have.
func Names() []string {
	var names []string
	for _, s := range states {
		names = append(names, s.name)
	}
	return names
}

// Required are the names of those that every real run must reach.
func Required() []string {
	var names []string
	for _, s := range states {
		if s.required {
			names = append(names, s.name)
		}
	}
	return append(names, answered, closed, settled)
}

// Reached are the names of the states that a run reached.
func Reached(h *history.History) []string {
	var names []string
	for _, s := range states {
		if s.holds(h) {
			names = append(names, s.name)
		}
	}
	return append(names, wire(h)...)
}

func refused(verb, reason string) func(*history.History) bool {
	return func(h *history.History) bool {
		return anyOperation(h, func(o *history.Operation) bool {
			return o.Layer == trace.API && o.Verb == verb && o.Outcome() == trace.Failed && o.Return.Reason == reason
		})
	}
}

func recreated(h *history.History) bool {
	return anyVersion(h, "configmaps", func(v *history.Version) bool { return v.Before != nil && v.Before.UID != v.UID })
}

// createdAgain: an object was deleted, and another of its name created.
func createdAgain(resource string) func(*history.History) bool {
	return func(h *history.History) bool {
		return anyVersion(h, resource, func(v *history.Version) bool { return !v.Deleted && v.Before != nil && v.Before.UID != v.UID })
	}
}

// adopted: a pod without a controller got one.
func adopted(h *history.History) bool {
	controlled := func(v *history.Version) bool { return strings.Contains(string(v.JSON), `"controller":true`) }
	return anyVersion(h, "pods", func(v *history.Version) bool {
		return !v.Deleted && v.Before != nil && !v.Before.Deleted && controlled(v) && !controlled(v.Before)
	})
}

func anyLine(lines []*trace.Line, holds func(*trace.Line) bool) bool {
	for _, l := range lines {
		if holds(l) {
			return true
		}
	}
	return false
}

func anyVersion(h *history.History, resource string, holds func(*history.Version) bool) bool {
	for _, v := range h.Log.All(resource) {
		if holds(v) {
			return true
		}
	}
	return false
}

func anyOperation(h *history.History, holds func(*history.Operation) bool) bool {
	for _, o := range h.Operations {
		if holds(o) {
			return true
		}
	}
	return false
}
