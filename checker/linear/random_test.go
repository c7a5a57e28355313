package linear

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// Goal: the near-linear checker and the search must say the same of every small history, legal or not, and of a legal one
// both must say Ok.
//
// Method: a store of a few keys is driven by a few clients whose calls, effects and returns rapid interleaves, so that
// the history is legal by construction; then one answer, or one moment, may be falsified.

// world is a correct store and what was recorded of it.
type world struct {
	t        *rapid.T
	layer    trace.Layer
	lines    []trace.Line
	now      int64
	revision int64
	keys     map[string]trace.Revision
	clients  []*client
	calls    int
}

// client has at most one operation open.
type client struct {
	name   string
	call   *trace.Call
	answer *trace.Return // once it took effect
}

func (w *world) emit(l trace.Line) {
	// Some lines share a moment: those are concurrent.
	w.now += int64(rapid.IntRange(0, 2).Draw(w.t, "pause"))
	l.Time, l.Process = w.now, "p"
	w.lines = append(w.lines, l)
}

// step moves one client on: it calls, or its operation takes effect, or it learns the answer, or is left in doubt.
func (w *world) step(c *client) {
	switch {
	case c.call == nil:
		w.calls++
		c.call = w.draw(c)
		w.emit(trace.Line{Call: c.call})
	case c.answer == nil && rapid.IntRange(0, 9).Draw(w.t, "lost") == 0:
		w.emit(trace.Line{Return: &trace.Return{ID: c.call.ID, Outcome: trace.Unknown}})
		if rapid.Bool().Draw(w.t, "lands") {
			// It lands late: under the client's old name, while the client goes on under a new one.
			w.clients = append(w.clients, &client{name: c.name + "'", call: c.call, answer: nil})
		}
		c.call, c.name = nil, c.name+"+"
	case c.answer == nil:
		c.answer = w.effect(c.call)
	default:
		if c.name[len(c.name)-1] != '\'' {
			w.emit(trace.Line{Return: c.answer})
		}
		c.call, c.answer = nil, nil
	}
}

func (w *world) draw(c *client) *trace.Call {
	key := rapid.SampledFrom([]string{"/r/a", "/r/b"}).Draw(w.t, "key")
	call := &trace.Call{ID: fmt.Sprint(w.calls), Client: c.name, Layer: w.layer}
	seen := w.keys[key].Revision
	if rapid.IntRange(0, 3).Draw(w.t, "guess") == 0 {
		seen = int64(rapid.IntRange(0, 6).Draw(w.t, "expected"))
	}
	if w.layer == trace.Store {
		call.Verb = rapid.SampledFrom([]string{"get", "list", "count", "put", "put", "put", "delete"}).Draw(w.t, "verb")
		call.Key, call.Expected, call.Hash = key, seen, fmt.Sprint("h", rapid.IntRange(0, 1).Draw(w.t, "value"))
		if call.Verb == "list" || call.Verb == "count" {
			call.Key = "/r/"
		}
		return call
	}
	call.Verb = rapid.SampledFrom([]string{"get", "list", "create", "update", "delete"}).Draw(w.t, "verb")
	call.Resource = "r"
	if call.Verb != "list" {
		call.Name = key[3:]
	}
	if call.Verb == "update" && rapid.Bool().Draw(w.t, "expects") {
		call.ResourceVersion = fmt.Sprint(max(1, seen))
	}
	return call
}

func (w *world) put(key, hash string, deleted bool) {
	old := w.keys[key]
	w.revision++
	r := trace.Revision{Revision: w.revision, Key: key, Deleted: deleted, Previous: old.Revision, Hash: hash, Resource: "r", Name: key[3:], UID: old.UID}
	if old.Revision == 0 {
		r.UID = fmt.Sprint("uid", w.revision)
	}
	r.Object, _ = json.Marshal(map[string]any{"metadata": map[string]string{"uid": r.UID}})
	if deleted {
		r.Hash, r.Object = "", nil
		delete(w.keys, key)
	} else {
		w.keys[key] = r
	}
	w.emit(trace.Line{Revision: &r})
}

func (w *world) effect(c *trace.Call) *trace.Return {
	if w.layer == trace.API {
		return w.apiEffect(c)
	}
	r := &trace.Return{ID: c.ID, Outcome: trace.OK}
	current := w.keys[c.Key]
	switch c.Verb {
	case "put", "delete":
		// As in etcd, to delete what is not there succeeds without a revision; API servers do not ask for it.
		r.Succeeded = current.Revision == c.Expected && (c.Verb == "put" || c.Expected != 0)
		if r.Succeeded {
			w.put(c.Key, c.Hash, c.Verb == "delete")
			r.Revision = w.revision
			return r
		}
		if current.Revision == c.Expected {
			return &trace.Return{ID: c.ID, Outcome: trace.Failed, Reason: "not asked"}
		}
	case "list", "count":
		r.Count = int64(len(w.keys))
		for _, key := range slices.Sorted(maps.Keys(w.keys)) {
			if c.Verb == "list" {
				r.Items = append(r.Items, trace.Ref{Key: key, Revision: w.keys[key].Revision})
			}
		}
	}
	if current.Revision != 0 {
		r.Object = &trace.Ref{Key: c.Key, Revision: current.Revision}
	}
	r.Revision = w.revision
	return r
}

func (w *world) apiEffect(c *trace.Call) *trace.Return {
	key := "/r/" + c.Name
	current := w.keys[key]
	fail := func(reason string) *trace.Return {
		return &trace.Return{ID: c.ID, Outcome: trace.Failed, Reason: reason}
	}
	r := &trace.Return{ID: c.ID, Outcome: trace.OK}
	switch {
	case c.Verb == "list":
		r.Revision = w.revision
		for _, key := range slices.Sorted(maps.Keys(w.keys)) {
			r.Items = append(r.Items, trace.Ref{Resource: "r", Name: key[3:], Revision: w.keys[key].Revision})
		}
		return r
	case c.Verb == "create" && current.Revision != 0:
		return fail("AlreadyExists")
	case c.Verb != "create" && current.Revision == 0:
		return fail("NotFound")
	case c.ResourceVersion != "" && c.ResourceVersion != fmt.Sprint(current.Revision):
		return fail("Conflict")
	case c.Verb == "delete":
		w.put(key, "", true)
		return r
	case c.Verb != "get":
		w.put(key, fmt.Sprint("h", w.revision), false)
	}
	r.Object = &trace.Ref{Resource: "r", Name: c.Name, Revision: w.keys[key].Revision}
	return r
}

// legal draws a legal history.
func legal(t *rapid.T, layer trace.Layer) []trace.Line {
	w := &world{t: t, layer: layer, revision: 1, keys: map[string]trace.Revision{}}
	for i := range rapid.IntRange(1, 4).Draw(t, "clients") {
		w.clients = append(w.clients, &client{name: string(rune('a' + i))})
	}
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		w.step(rapid.SampledFrom(w.clients).Draw(t, "client"))
	}
	return w.lines
}

// falsify changes one thing, which may or may not make the history illegal.
func falsify(t *rapid.T, lines []trace.Line) []trace.Line {
	at := rapid.IntRange(0, len(lines)-1).Draw(t, "at")
	l := lines[at]
	by := int64(rapid.SampledFrom([]int{-2, -1, 1, 2}).Draw(t, "by"))
	switch r := l.Return; {
	case l.Call != nil:
		// Called later than it was, but not after its return.
		for i := at + 1; i < len(lines) && (lines[i].Return == nil || lines[i].Return.ID != l.Call.ID); i++ {
			lines[i-1], lines[i] = lines[i], lines[i-1]
			lines[i-1].Time, lines[i].Time = lines[i].Time, lines[i-1].Time
			lines[i-1].Time, lines[i].Time = min(lines[i-1].Time, lines[i].Time), max(lines[i-1].Time, lines[i].Time)
		}
	case r == nil:
	case r.Outcome == trace.Unknown, r.Outcome == trace.Failed:
		reasons := []string{"Unavailable", "NotFound", "AlreadyExists"}
		call := slices.IndexFunc(lines, func(l trace.Line) bool { return l.Call != nil && l.Call.ID == r.ID })
		if lines[call].Call.ResourceVersion != "" {
			reasons = append(reasons, "Conflict") // without a precondition, only Linearize judges it
		}
		r.Outcome, r.Reason = trace.Failed, rapid.SampledFrom(reasons).Draw(t, "reason")
	case len(r.Items) > 0 && rapid.Bool().Draw(t, "item"):
		r.Items = r.Items[1:]
	case r.Object != nil && rapid.Bool().Draw(t, "object"):
		r.Object.Revision = max(1, r.Object.Revision+by)
	case r.Count > 0:
		r.Count += by
	default:
		r.Revision = max(1, r.Revision+by)
	}
	return lines
}

func agreeOn(t *rapid.T, layer trace.Layer, wrong bool) {
	lines := legal(t, layer)
	if wrong && len(lines) > 0 {
		lines = falsify(t, lines)
	}
	h := history.New(trace.Header{Mode: trace.Real, Revision: 1}, lines)
	result, _ := Linearize(context.Background(), h, verdict.DefaultLimits)
	whole := Whole(context.Background(), h, layer, verdict.DefaultLimits)
	if h.Log.End() == 1 {
		return
	}
	if !wrong {
		require.Empty(t, result.Findings, dump(h))
		require.Empty(t, result.Unknown, dump(h))
		require.Equal(t, verdict.Ok, whole, dump(h))
		return
	}
	if len(result.Unknown) > 0 {
		return // an answer beyond the end of the log
	}
	if whole != result.Verdict() {
		t.Fatalf("Whole says %v, Linearize %v\n%v", whole, result, dump(h))
	}
}

func dump(h *history.History) string {
	text := ""
	for _, l := range h.Lines {
		line, _ := json.Marshal(l)
		text += string(line) + "\n"
	}
	return text
}

func TestLegalStoreHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { agreeOn(t, trace.Store, false) })
}

func TestLegalAPIHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { agreeOn(t, trace.API, false) })
}

func TestFalsifiedStoreHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { agreeOn(t, trace.Store, true) })
}

func TestFalsifiedAPIHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { agreeOn(t, trace.API, true) })
}
