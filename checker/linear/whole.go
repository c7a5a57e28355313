package linear

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// wholeOperations is up to how many operations a layer of a history is small enough to be searched as a whole.
const wholeOperations = 40

// Whole judges the operations of one layer by search alone: the operations, as clients saw them, are given to porcupine
// with a model whose state is how much of the store's log has been written. It is slow and shares no reasoning with
// [Linearize]; the two must agree. It does not know what Linearize judges besides the order: UIDs, selectors, chunks,
// graceful deletion, reads that may be stale.
func Whole(ctx context.Context, h *history.History, layer trace.Layer, limits verdict.Limits) verdict.Verdict {
	m := &whole{h: h, layer: layer}
	var operations []porcupine.Operation
	add := func(op *history.Operation, call, end int64) {
		operations = append(operations, porcupine.Operation{Input: op, Call: call, Return: end})
	}
	for _, op := range h.Operations {
		if op.Layer == layer && m.models(op) {
			add(op, op.Start, op.End)
		}
	}
	for _, v := range h.Log.Entries {
		add(&history.Operation{Call: &trace.Call{Verb: observed, Expected: v.Revision}}, ever, h.Clock(v.Line))
	}
	add(nil, history.Never, history.Never) // the end: everything in the log was written
	states := 0
	model := porcupine.Model{
		Init: func() any { return []int{0} },
		Step: func(state, in, _ any) (bool, any) {
			if states++; states > limits.States || ctx.Err() != nil {
				return false, nil
			}
			var next []int
			for _, n := range state.([]int) {
				next = append(next, m.step(in.(*history.Operation), n)...)
			}
			slices.Sort(next)
			next = slices.Compact(next)
			return len(next) > 0, next
		},
		Equal: func(a, b any) bool { return slices.Equal(a.([]int), b.([]int)) },
	}
	switch ok := porcupine.CheckOperations(model, operations); {
	case ok:
		return verdict.Ok
	case states > limits.States || ctx.Err() != nil:
		return verdict.Unknown
	}
	return verdict.Illegal
}

// observed is the verb of the observer: the log holds the revision that it expects. At the API, where not all writes need
// be recorded, it also stands for the write that nobody recorded.
const observed = "observed"

type whole struct {
	h     *history.History
	layer trace.Layer
}

// models: reads that may be stale are in no order, and neither is what has no effect at one moment.
func (m *whole) models(op *history.Operation) bool {
	read := op.Verb == "get" || op.Verb == "list" || op.Verb == "count"
	if read && (op.ResourceVersion != "" || op.Continue != "" || op.Limit != 0 || op.At != 0) {
		return false
	}
	return op.Verb != "deletecollection" && op.Verb != "compact" && !op.DryRun
}

// step returns how many entries of the log may be written after op, if n were before. A nil op is the end.
func (m *whole) step(op *history.Operation, n int) []int {
	entries := m.h.Log.Entries
	if op == nil {
		if n == len(entries) {
			return []int{n}
		}
		return nil
	}
	var next []int
	if m.allows(op, n) {
		next = append(next, n)
	}
	if n < len(entries) && m.makes(op, entries[n], n) {
		next = append(next, n+1)
	}
	return next
}

func (m *whole) revision(n int) int64 {
	if n == 0 {
		return m.h.Log.Start
	}
	return m.h.Log.Entries[n-1].Revision
}

// current is the revision of what op is about; 0: absent.
func (m *whole) current(op *history.Operation, n int) int64 {
	chain := m.h.Log.Chain(op.Key)
	if m.layer == trace.API {
		chain = m.h.Log.Of(op.Object())
	}
	if v := history.At(chain, m.revision(n)); v != nil {
		return v.Revision
	}
	return 0
}

// swaps: what a write of the store requires is so when n entries are written.
func (m *whole) swaps(op *history.Operation, n int) bool {
	guard, _ := unmet(m.h.Log, op, m.revision(n))
	return guard == nil && m.current(op, n) == op.Expected
}

// makes: op, happening when n entries are written, writes entry v.
func (m *whole) makes(op *history.Operation, v *history.Version, n int) bool {
	if op.Verb == observed {
		return m.layer == trace.API && op.Expected == v.Revision
	}
	if !op.Writes() || op.Outcome() == trace.Failed {
		return false
	}
	if m.layer == trace.Store {
		answered := op.Return == nil || !op.OK() || op.Return.Succeeded && op.Return.Revision == v.Revision
		return answered && v.Key == op.Key && v.Deleted == (op.Verb == "delete") && (v.Deleted || v.Hash == op.Hash) && m.swaps(op, n)
	}
	if v.Object != op.Object() || op.OK() && op.Return.Object != nil && op.Return.Object.Revision != v.Revision {
		return false
	}
	current := m.current(op, n)
	switch op.Verb {
	case "create":
		return current == 0 && !v.Deleted
	case "delete":
		return current != 0 && v.Deleted
	}
	return current != 0 && (op.ResourceVersion == "" || op.ResourceVersion == fmt.Sprint(current))
}

// allows: op, happening when n entries are written, is answered as it was and writes nothing.
func (m *whole) allows(op *history.Operation, n int) bool {
	current, told := m.current(op, n), int64(0)
	if op.Return != nil && op.Return.Object != nil {
		told = op.Return.Object.Revision
	}
	switch {
	case op.Verb == observed:
		return op.Expected <= m.revision(n)
	case op.Outcome() == trace.Unknown:
		return true
	case op.Outcome() == trace.Failed:
		return m.layer == trace.Store || fails(op, current)
	case op.Verb == "get" && m.layer == trace.API:
		return told == current
	case op.Verb == "get":
		return told == current && op.Return.Revision == m.revision(n)
	case op.Verb == "list" || op.Verb == "count":
		return m.lists(op, n)
	case m.layer == trace.Store:
		return !op.Return.Succeeded && !m.swaps(op, n) && told == current && op.Return.Revision == m.revision(n)
	}
	return op.Verb != "create" && op.Verb != "delete" && told == current && current != 0 &&
		(op.ResourceVersion == "" || op.ResourceVersion == fmt.Sprint(current))
}

// fails: the failures that speak of the object are true of it.
func fails(op *history.Operation, current int64) bool {
	switch reason := op.Return.Reason; {
	case reason == "NotFound" && op.Verb != "create":
		return current == 0
	case reason == "AlreadyExists" && op.Verb == "create":
		return current != 0
	case reason == "Conflict" && op.ResourceVersion != "":
		return op.ResourceVersion != fmt.Sprint(current)
	}
	return true
}

// lists compares with every key there is.
func (m *whole) lists(op *history.Operation, n int) bool {
	told := map[string]int64{}
	for _, item := range op.Return.Items {
		told[item.Key+history.NameOf(item).String()] = item.Revision
	}
	count := int64(0)
	for _, key := range m.h.Log.Keys() {
		v := history.At(m.h.Log.Chain(key), m.revision(n))
		if v == nil || m.layer == trace.Store && !strings.HasPrefix(key, op.Key) ||
			m.layer == trace.API && (v.Object.Resource != op.Resource || op.Namespace != "" && op.Namespace != v.Object.Namespace) {
			continue
		}
		count++
		name := v.Object.String()
		if m.layer == trace.Store {
			name = key + history.ObjectName{}.String()
		}
		if op.Verb == "list" && told[name] != v.Revision {
			return false
		}
	}
	if op.Verb == "count" {
		return op.Return.Count == count && op.Return.Revision == m.revision(n)
	}
	fresh := op.Return.Revision == m.revision(n)
	if m.layer == trace.API {
		fresh = op.Return.Revision <= m.revision(n)
		for _, v := range m.h.Log.Entries[:n] {
			fresh = fresh && (v.Revision <= op.Return.Revision || v.Object.Resource != op.Resource || op.Namespace != "" && v.Object.Namespace != op.Namespace)
		}
	}
	return fresh && int64(len(op.Return.Items)) == count
}
