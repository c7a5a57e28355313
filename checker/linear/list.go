package linear

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"orrery/checker/history"
)

// apiList: the items are the state at the list's resourceVersion, which is one that was asked for.
func (j *judge) apiList(op *history.Operation) {
	revision := op.Return.Revision
	if revision == 0 {
		j.find(ErrSnapshot, op, "names no resourceVersion")
		return
	}
	stale, ok := j.listVersion(op)
	if op.Return.Continue != "" {
		j.pages[op.Return.Continue] = op
	}
	if !ok || !j.known(revision) || !j.listed(op) {
		return
	}
	f := j.fact(op)
	f.spans = []span{{from: j.state(revision), to: j.last()}}
	f.guarantee, f.text = ErrFresh, fmt.Sprintf("listed the state at resourceVersion %d", revision)
	if stale {
		f.start = ever
		return
	}
	// Later revisions of other resources change nothing in what was returned.
	if prefix, ok := j.log.Prefix(op.Resource, op.Namespace); ok {
		f.spans[0].to = j.before(j.log.NextChange(prefix, revision))
	}
}

// listVersion holds the list's resourceVersion against the one asked for.
//
// Upstream: the table of resourceVersion and resourceVersionMatch in KEP-2340.
func (j *judge) listVersion(op *history.Operation) (stale, ok bool) {
	if op.Continue != "" {
		// A token that names no page of this trace may have been given before it.
		if page := j.pages[op.Continue]; page != nil && page.Return.Revision != op.Return.Revision {
			j.find(ErrSnapshot, op, "is at resourceVersion %d and continues a list at %d", op.Return.Revision, page.Return.Revision)
			return true, false
		}
		return true, true
	}
	if op.ResourceVersion == "" {
		return false, true
	}
	asked, err := strconv.ParseInt(op.ResourceVersion, 10, 64)
	switch {
	case err != nil:
		j.find(ErrNotOlder, op, "was answered although %q is no resourceVersion", op.ResourceVersion)
	case op.Match == "Exact" && op.Return.Revision != asked:
		j.find(ErrNotOlder, op, "asked for exactly %d and got resourceVersion %d", asked, op.Return.Revision)
	case op.Return.Revision < asked:
		j.find(ErrNotOlder, op, "asked for nothing older than %d and got resourceVersion %d", asked, op.Return.Revision)
	default:
		return true, true
	}
	return true, false
}

// listed compares the items with the store's state.
func (j *judge) listed(op *history.Operation) bool {
	revision := op.Return.Revision
	selector, err := history.ParseSelector(op.Labels, op.Fields)
	if err != nil {
		j.find(ErrSnapshot, op, "was answered although it asks for nonsense: %v", err)
		return false
	}
	seen := make(map[history.ObjectName]bool, len(op.Return.Items))
	for _, item := range op.Return.Items {
		name := history.NameOf(item)
		v := history.At(j.log.Of(name), revision)
		switch {
		case seen[name]:
			j.find(ErrSnapshot, op, "holds %s twice", name)
			return false
		case name.Resource != op.Resource || op.Namespace != "" && name.Namespace != op.Namespace:
			j.find(ErrSnapshot, op, "holds %s, which it did not ask for", name)
			return false
		case v == nil:
			j.find(ErrSnapshot, op, "holds %s, which was not there at resourceVersion %d", name, revision)
			return false
		case v.Revision != item.Revision || item.UID != "" && v.UID != item.UID:
			j.find(ErrSnapshot, op, "holds %s at %d; at resourceVersion %d it was at %d", name, item.Revision, revision, v.Revision)
			return false
		case !j.matches(op, selector, v):
			j.find(ErrSnapshot, op, "holds %s, which its selector does not match", name)
			return false
		}
		seen[name] = true
	}
	return j.complete(op, selector, seen)
}

// complete: nothing that was there is left out. Only where something is, or may be, are the keys looked at.
func (j *judge) complete(op *history.Operation, selector history.Selector, seen map[history.ObjectName]bool) bool {
	revision := op.Return.Revision
	prefix, ok := j.log.Prefix(op.Resource, op.Namespace)
	if !ok {
		return true
	}
	whole := op.Continue == "" && op.Return.Continue == ""
	if whole && selector.All() && j.log.Count(prefix, revision) == len(seen) {
		return true
	}
	low, high := j.page(op, prefix)
	for _, v := range j.log.Live(prefix, revision) {
		if v.Key > low && (high == "" || v.Key <= high) && !seen[v.Object] && v.Object.Resource == op.Resource && j.matches(op, selector, v) {
			j.find(ErrSnapshot, op, "left out %s, which was there at resourceVersion %d", v.Object, revision)
			return false
		}
	}
	return true
}

// matches remembers what a selector said of a version: components ask for the same lists again and again.
func (j *judge) matches(op *history.Operation, selector history.Selector, v *history.Version) bool {
	if selector.All() {
		return true
	}
	question := selection{op.Labels, op.Fields, v}
	answer, ok := j.selected[question]
	if !ok {
		answer = selector.Matches(v)
		j.selected[question] = answer
	}
	return answer
}

type selection struct {
	labels, fields string
	version        *history.Version
}

// page is the range of keys that a list is about: all but the first after low, up to high; "" is no bound. A page begins
// where the one before ended and ends with its last item, if more is to come.
func (j *judge) page(op *history.Operation, prefix string) (low, high string) {
	if op.Continue != "" {
		before := j.pages[op.Continue]
		switch {
		case before != nil && len(before.Return.Items) > 0:
			low = j.lastKey(before)
		case len(op.Return.Items) > 0:
			low = j.keys(op)[0] // the page before is not in the trace
		}
	}
	if op.Return.Continue != "" {
		high = j.lastKey(op)
		if high == "" {
			high = prefix // an empty page with more to come
		}
	}
	return low, high
}

func (j *judge) lastKey(op *history.Operation) string {
	keys := j.keys(op)
	if len(keys) == 0 {
		return ""
	}
	return keys[len(keys)-1]
}

// keys are the items' keys, sorted.
func (j *judge) keys(op *history.Operation) []string {
	var keys []string
	for _, item := range op.Return.Items {
		if chain := j.log.Of(history.NameOf(item)); len(chain) > 0 {
			keys = append(keys, chain[0].Key)
		}
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}
