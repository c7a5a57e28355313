package linear

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

const (
	// fuzzSeeds is how many inputs the target begins with, of so many bytes; rapid takes eight for each choice.
	fuzzSeeds = 60
	seedBytes = 6 << 10
)

// FuzzLinear judges histories whose verdict is known by how they were made. Goal: what a correct store did is Ok, one line
// of it changed so that a guarantee must be broken is Illegal, and the search of the whole history says the same. Method:
// the bytes of a fuzz input draw the history, and which line is changed how.
func FuzzLinear(f *testing.F) {
	for seed := range uint64(fuzzSeeds) {
		f.Add(seedInput(seed))
	}
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		if wrong := misjudged(t, Linearize, breaches); wrong != "" {
			t.Fatal(wrong)
		}
	}))
}

func seedInput(seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 4))
	data := make([]byte, seedBytes)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

// breach changes one line so that the history is illegal. It returns false where there is no such line.
type breach struct {
	name   string
	change func(t *rapid.T, lines []trace.Line) ([]trace.Line, bool)
}

var breaches = []breach{
	{"an acknowledged write is not in the log", func(t *rapid.T, lines []trace.Line) ([]trace.Line, bool) {
		// The last one may be missing because the log ends there.
		last := int64(0)
		for _, l := range lines {
			if l.Revision != nil {
				last = l.Revision.Revision
			}
		}
		at, ok := pick(t, lines, func(l trace.Line) bool {
			return l.Revision != nil && l.Revision.Revision < last && acknowledged(lines, l.Revision.Revision)
		})
		if !ok {
			return lines, false
		}
		return slices.Delete(lines, at, at+1), true
	}},
	{"a write expected what never was", func(t *rapid.T, lines []trace.Line) ([]trace.Line, bool) {
		return change(t, lines, wrote, func(call *trace.Call, _ *trace.Return) {
			if call.Layer == trace.API {
				call.Verb, call.ResourceVersion = "update", "1000"
			} else {
				call.Expected = 1000
			}
		})
	}},
	{"a write was acknowledged at another's revision", func(t *rapid.T, lines []trace.Line) ([]trace.Line, bool) {
		return change(t, lines, func(call *trace.Call, r *trace.Return) bool { return wrote(call, r) && other(lines, r) != 0 },
			func(call *trace.Call, r *trace.Return) {
				if call.Layer == trace.API {
					r.Object.Revision = other(lines, r)
				} else {
					r.Revision = other(lines, r)
				}
			})
	}},
	{"a read returned another key's version", func(t *rapid.T, lines []trace.Line) ([]trace.Line, bool) {
		return change(t, lines, func(call *trace.Call, r *trace.Return) bool {
			return call.Verb == "get" && r.Object != nil && other(lines, r) != 0
		}, func(_ *trace.Call, r *trace.Return) { r.Object.Revision = other(lines, r) })
	}},
	{"a list leaves out an item", func(t *rapid.T, lines []trace.Line) ([]trace.Line, bool) {
		return change(t, lines, func(_ *trace.Call, r *trace.Return) bool { return len(r.Items) > 0 },
			func(_ *trace.Call, r *trace.Return) {
				at := rapid.IntRange(0, len(r.Items)-1).Draw(t, "item")
				r.Items = slices.Delete(slices.Clone(r.Items), at, at+1)
			})
	}},
	{"a list is of before what was over when it began", func(t *rapid.T, lines []trace.Line) ([]trace.Line, bool) {
		return change(t, lines, func(call *trace.Call, r *trace.Return) bool { return call.Verb == "list" && over(lines, call) },
			func(_ *trace.Call, r *trace.Return) { r.Revision, r.Items = 1, nil })
	}},
}

// wrote: the call is a write that was acknowledged with a revision.
func wrote(call *trace.Call, r *trace.Return) bool {
	if call.Layer == trace.API {
		return r.Object != nil && (call.Verb == "create" || call.Verb == "update")
	}
	return r.Succeeded
}

// acknowledged: a client was told of the revision as that of its write.
func acknowledged(lines []trace.Line, revision int64) bool {
	return slices.ContainsFunc(lines, func(l trace.Line) bool {
		if l.Return == nil {
			return false
		}
		call := callOf(lines, l.Return)
		return wrote(call, l.Return) && toldOf(call, l.Return) == revision
	})
}

// toldOf is the revision that a write was acknowledged with.
func toldOf(call *trace.Call, r *trace.Return) int64 {
	if call.Layer == trace.API {
		return r.Object.Revision
	}
	return r.Revision
}

// other is a revision of another key than the answer is about; 0: there is none.
func other(lines []trace.Line, r *trace.Return) int64 {
	call := callOf(lines, r)
	for _, l := range lines {
		if l.Revision != nil && l.Revision.Key != call.Key && l.Revision.Name != call.Name {
			return l.Revision.Revision
		}
	}
	return 0
}

// over: something was observed to be written before the call, in time and not only in order.
func over(lines []trace.Line, call *trace.Call) bool {
	at := slices.IndexFunc(lines, func(l trace.Line) bool { return l.Call == call })
	return slices.ContainsFunc(lines[:at], func(l trace.Line) bool { return l.Revision != nil && l.Time < lines[at].Time })
}

func callOf(lines []trace.Line, r *trace.Return) *trace.Call {
	at := slices.IndexFunc(lines, func(l trace.Line) bool { return l.Call != nil && l.Call.ID == r.ID })
	return lines[at].Call
}

// pick draws one of the lines that fit.
func pick(t *rapid.T, lines []trace.Line, fits func(trace.Line) bool) (int, bool) {
	var at []int
	for i, l := range lines {
		if fits(l) {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return 0, false
	}
	return rapid.SampledFrom(at).Draw(t, "line"), true
}

// change draws an operation that was answered and fits, and changes it.
func change(t *rapid.T, lines []trace.Line, fits func(*trace.Call, *trace.Return) bool, to func(*trace.Call, *trace.Return)) ([]trace.Line, bool) {
	at, ok := pick(t, lines, func(l trace.Line) bool {
		return l.Return != nil && l.Return.Outcome == trace.OK && fits(callOf(lines, l.Return), l.Return)
	})
	if ok {
		to(callOf(lines, lines[at].Return), lines[at].Return)
	}
	return lines, ok
}

// judgment is [Linearize], or a wrong one.
type judgment func(context.Context, *history.History, verdict.Limits) (verdict.Result, Witness)

// misjudged draws a history, legal or with one of the breaches, and says whether it is judged wrongly by judge, or by the
// search.
func misjudged(t *rapid.T, judge judgment, of []breach) string {
	layer := rapid.SampledFrom([]trace.Layer{trace.Store, trace.API}).Draw(t, "layer")
	lines := legal(t, layer)
	want, made := verdict.Ok, "a legal history"
	if len(of) > 0 && rapid.Bool().Draw(t, "illegal") {
		b := rapid.SampledFrom(of).Draw(t, "breach")
		changed, ok := b.change(t, lines)
		if !ok {
			return ""
		}
		lines, want, made = changed, verdict.Illegal, b.name
	}
	h := history.New(trace.Header{Mode: trace.Real, Revision: 1}, lines)
	if h.Log.End() == 1 && want == verdict.Ok {
		return ""
	}
	result, _ := judge(context.Background(), h, verdict.DefaultLimits)
	if got := result.Verdict(); got != want {
		return "Linearize says " + got.String() + " of " + made + "\n" + dump(h)
	}
	if got := Whole(context.Background(), h, layer, verdict.DefaultLimits); got != want {
		return "Whole says " + got.String() + " of " + made + "\n" + dump(h)
	}
	return ""
}

// Goal: the target is seen to fail. Method: a judge that lets a breach pass, and one that finds fault with all, must be
// found by each kind of history.
func TestFuzzTargetFindsWrongJudges(t *testing.T) {
	blind := func(context.Context, *history.History, verdict.Limits) (verdict.Result, Witness) {
		return verdict.Result{}, nil
	}
	strict := func(context.Context, *history.History, verdict.Limits) (verdict.Result, Witness) {
		return verdict.Result{Findings: []verdict.Finding{{Guarantee: ErrOrder}}}, nil
	}
	requireFound(t, strict, nil)
	for _, b := range breaches {
		t.Run(b.name, func(t *testing.T) { requireFound(t, blind, []breach{b}) })
	}
}

// requireFound draws until a judge is found wrong: not every history has a line that a breach can change.
func requireFound(t *testing.T, judge judgment, of []breach) {
	found := false
	for tries := 0; !found && tries < 20; tries++ {
		rapid.Check(t, func(t *rapid.T) { found = found || misjudged(t, judge, of) != "" })
	}
	require.True(t, found, "the wrong judge was not found")
}
