package machine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// ring is a machine for the tests: processes that want, get and give back one lock, by messages that may be lost.
type ring struct {
	at   [3]byte // 0 idle, 1 wants, 2 has
	lost byte    // how many requests were lost
	safe bool    // no more are
}

type move struct {
	kind string
	who  int
}

func ringOf(processes int, greedy bool) *Machine[ring, move] {
	holder := func(s ring) int { return slices.Index(s.at[:], 2) }
	return &Machine[ring, move]{
		Name: "ring",
		Init: []ring{{}},
		Enabled: func(s ring, actions []move) []move {
			for i := range processes {
				switch {
				case s.at[i] == 0:
					actions = append(actions, move{"want", i})
				case s.at[i] == 1 && (greedy || holder(s) < 0):
					actions = append(actions, move{"get", i})
					if !s.safe {
						actions = append(actions, move{"lose", i})
					}
				case s.at[i] == 2:
					actions = append(actions, move{"give", i})
				}
			}
			if !s.safe {
				actions = append(actions, move{kind: "heal"})
			}
			return actions
		},
		Next: func(s ring, a move) (ring, bool) {
			switch a.kind {
			case "want":
				s.at[a.who] = 1
			case "get":
				s.at[a.who] = 2
			case "give":
				s.at[a.who] = 0
			case "lose":
				s.at[a.who] = 0
				s.lost++
			case "heal":
				s.safe = true
			}
			return s, true
		},
		Encode: func(b []byte, s ring) []byte {
			b = append(append(b, s.at[:]...), s.lost)
			if s.safe {
				b = append(b, 1)
			}
			return b
		},
		Within: func(s ring) bool { return s.lost <= 2 },
		Always: []Property[ring]{{"at most one has the lock", func(s ring) bool {
			return len(strings.Trim(string(s.at[:]), "\x00\x01")) <= 1 && strings.Count(string(s.at[:]), "\x02") <= 1
		}}},
		Sometimes: []Property[ring]{
			{"two want it", func(s ring) bool { return strings.Count(string(s.at[:]), "\x01") == 2 }},
			{"five want it", func(ring) bool { return false }},
		},
		Action: func(a move) string { return fmt.Sprint(a.kind, " ", a.who) },
		Changes: func(before, after ring) (lines []string) {
			for i := range before.at {
				if before.at[i] != after.at[i] {
					lines = append(lines, fmt.Sprintf("process %d: %d, was %d", i, after.at[i], before.at[i]))
				}
			}
			return lines
		},
	}
}

// Goal: everything is visited once, and it does not matter by how many workers, nor how states are told apart.
func TestExploreVisitsEverything(t *testing.T) {
	m := ringOf(3, false)
	var first Report
	for i, o := range []Options{{Workers: 1}, {Workers: 2}, {Workers: 5}, {Workers: 3, Exact: true}} {
		out := Explore(m, o)
		if out.Violation != nil || !out.Complete {
			t.Fatalf("%+v: %+v", o, out)
		}
		out.Bytes = 0
		if i == 0 {
			first = out.Report
		}
		if fmt.Sprint(out.Report) != fmt.Sprint(first) {
			t.Errorf("%+v:\n got %+v\nwant %+v", o, out.Report, first)
		}
	}
	// 8 states in which nobody has the lock and 12 in which one has it, each after 0, 1 and 2 losses, safe or not; and outside, after the
	// third loss, those 7 in which somebody is idle and nobody has it.
	if first.States != 127 || first.Outside != 7 {
		t.Errorf("%d states, %d outside", first.States, first.Outside)
	}
	if first.Reached[0].Depth != 2 || first.Reached[1].Depth != -1 {
		t.Errorf("reached %+v", first.Reached)
	}
}

// Goal: bounds are kept, and what is bounded is not called complete.
func TestBounds(t *testing.T) {
	m := ringOf(3, false)
	if out := Explore(m, Options{Depth: 2}); out.Complete || out.Depth != 2 {
		t.Errorf("%+v", out.Report)
	}
	if out := Explore(m, Options{States: 30}); out.Complete || out.States < 30 || out.States > 120 {
		t.Errorf("%+v", out.Report)
	}
}

// Goal: what breaks is shown by a shortest path, in words.
func TestViolationsAreShownShort(t *testing.T) {
	m := ringOf(3, true)
	for _, workers := range []int{1, 3} {
		out := Explore(m, Options{Workers: workers})
		if out.Violation == nil {
			t.Fatal("two have the lock, and nobody minds")
		}
		got := out.Violation.Path.Words(m)
		want := `  1. want 0
       process 0: 1, was 0
  2. want 1
       process 1: 1, was 0
  3. get 0
       process 0: 2, was 1
  4. get 1
       process 1: 2, was 1
`
		if steps := len(out.Violation.Path.Steps); steps != 4 || out.Violation.Property != "at most one has the lock" {
			t.Errorf("%d steps to %q", steps, out.Violation.Property)
		}
		if workers == 1 && len(got) != len(want) {
			t.Errorf("got\n%swant, but for the names,\n%s", got, want)
		}
	}
	m = ringOf(2, false)
	m.AlwaysStep = []StepProperty[ring, move]{{"nothing is lost", func(before ring, _ move, after ring) bool { return before.lost == after.lost }}}
	out := Explore(m, Options{Workers: 2})
	if out.Violation == nil || out.Violation.Property != "nothing is lost" || len(out.Violation.Path.Steps) != 2 || out.Violation.Path.Steps[1].Action.kind != "lose" {
		t.Errorf("%+v", out.Violation)
	}
}

// Goal: of states that differ in names only one is visited, and what is found is the same. Method: processes are sorted; the path that
// is shown consists of steps that follow each other all the same.
func TestSymmetry(t *testing.T) {
	for _, greedy := range []bool{false, true} {
		m := ringOf(3, greedy)
		whole := Explore(m, Options{})
		m.Canonical = func(s ring) ring {
			slices.Sort(s.at[:])
			return s
		}
		less := Explore(m, Options{Workers: 2})
		if less.States >= whole.States || (less.Violation == nil) != (whole.Violation == nil) {
			t.Fatalf("greedy %v: %+v and %+v", greedy, less.Report, whole.Report)
		}
		if all := Explore(m, Options{NoSymmetry: true}); all.States != whole.States {
			t.Errorf("%d states without symmetry, want %d", all.States, whole.States)
		}
		if !greedy {
			continue
		}
		s := less.Violation.Path.Init
		for _, step := range less.Violation.Path.Steps {
			next, _ := m.Next(s, step.Action)
			if next != step.State {
				t.Errorf("%v leads from %v to %v, and the path says %v", step.Action, s, next, step.State)
			}
			s = next
		}
		if len(less.Violation.Path.Steps) != len(whole.Violation.Path.Steps) {
			t.Errorf("%d steps, want %d", len(less.Violation.Path.Steps), len(whole.Violation.Path.Steps))
		}
	}
}

// Goal: local actions are taken alone, but not round and round. Method: a clock that ticks in a circle is local to all but itself; what
// else happens must be found.
func TestReduction(t *testing.T) {
	type state struct{ clock, value byte }
	m := &Machine[state, string]{
		Name: "clock", Init: []state{{}},
		Enabled: func(s state, a []string) []string { return append(a, "tick", "count") },
		Next: func(s state, a string) (state, bool) {
			if a == "tick" {
				s.clock = (s.clock + 1) % 4
				return s, true
			}
			s.value++
			return s, true
		},
		Encode: func(b []byte, s state) []byte { return append(b, s.clock, s.value) },
		Within: func(s state) bool { return s.value < 5 },
		Local:  func(_ state, a string) bool { return a == "tick" },
		Always: []Property[state]{{"less than three", func(s state) bool { return s.value < 3 }}},
		Action: func(a string) string { return a },
	}
	if out := Explore(m, Options{}); out.Violation == nil {
		t.Error("the clock ticks for ever, and nobody counts")
	}
	m.Always = nil
	reduced, whole := Explore(m, Options{}), Explore(m, Options{NoReduction: true})
	if reduced.Steps >= whole.Steps || !reduced.Complete {
		t.Errorf("%d steps, and %d without reduction", reduced.Steps, whole.Steps)
	}
}

// Goal: what need never happen is found, and nothing else. Method: without fairness nobody need get the lock; with it for each
// process's own actions, one may still be passed over for ever, as it is not all the time that it could; somebody gets it, though.
func TestEventually(t *testing.T) {
	somebody := Property[ring]{"somebody has it, for good", func(s ring) bool { return slices.Contains(s.at[:], 2) }}
	m := ringOf(2, false)
	m.Eventually = []Property[ring]{somebody}
	out := Explore(m, Options{Workers: 2})
	if out.Violation == nil || out.Violation.Path.Cycle != 0 || len(out.Violation.Path.Steps) != 0 {
		t.Fatalf("nothing need happen: %+v", out.Violation)
	}
	m.Classes = []string{"heals", "0 moves", "1 moves"}
	m.Fair = func(a move) int {
		switch a.kind {
		case "heal":
			return 0
		case "lose":
			return -1
		}
		return 1 + a.who
	}
	out = Explore(m, Options{})
	if out.Violation == nil {
		t.Fatal("they give it back, so nobody has it for good")
	}
	if p := out.Violation.Path; p.Cycle < 0 || p.Cycle >= len(p.Steps) {
		t.Errorf("no cycle: %+v", p)
	}
	healed := Property[ring]{"no message is lost any more", func(s ring) bool { return s.safe }}
	m.Eventually = []Property[ring]{healed}
	if out := Explore(m, Options{}); out.Violation != nil {
		t.Errorf("healing is fair, and is put off for ever:\n%s", out.Violation.Path.Words(m))
	}
	m.Fair = func(a move) int {
		if a.kind == "heal" || a.kind == "lose" {
			return -1
		}
		return 1 + a.who
	}
	if out := Explore(m, Options{}); out.Violation == nil {
		t.Error("healing is not fair, and happens all the same")
	}
}

// Goal: a cycle that is shown is one: it ends where it begins, and is fair.
func TestCycles(t *testing.T) {
	m := ringOf(2, false)
	m.Classes = []string{"heals", "0 moves", "1 moves"}
	m.Fair = func(a move) int {
		if a.kind == "heal" {
			return 0
		}
		return 1 + a.who
	}
	m.Eventually = []Property[ring]{{"0 does not want it", func(s ring) bool { return s.at[0] != 1 }}}
	v := Explore(m, Options{}).Violation
	if v == nil {
		t.Fatal("it wants it again and again")
	}
	at := v.Path.Init
	if v.Path.Cycle > 0 {
		at = v.Path.Steps[v.Path.Cycle-1].State
	}
	if end := v.Path.Steps[len(v.Path.Steps)-1].State; end != at {
		t.Errorf("the cycle begins at %v and ends at %v", at, end)
	}
	taken := map[int]bool{}
	for _, s := range v.Path.Steps[v.Path.Cycle:] {
		taken[m.Fair(s.Action)] = true
	}
	if !taken[1] && !taken[2] || !strings.Contains(v.Path.Words(m), "and then, again and again:") {
		t.Errorf("%v\n%s", taken, v.Path.Words(m))
	}
}

func TestDot(t *testing.T) {
	m := ringOf(1, false)
	var text strings.Builder
	if err := Explore(m, Options{Keep: true}).Dot(&text, func(s ring) string { return fmt.Sprint(s.at[0]) }); err != nil {
		t.Fatal(err)
	}
	if got := text.String(); !strings.HasPrefix(got, "digraph \"ring\" {") || !strings.Contains(got, "0 -> ") || !strings.Contains(got, `label="want 0"`) {
		t.Error(got)
	}
	if Explore(m, Options{}).Dot(&text, nil) == nil {
		t.Error("a graph that was not kept is drawn")
	}
}

// Goal: what is local is judged by the properties, and so nothing is reduced where something tempting is claimed. Method: a property that
// cannot be told while a clock ticks alone.
func TestTemptingIsNotReduced(t *testing.T) {
	type state struct{ clock, value byte }
	m := &Machine[state, string]{
		Name: "clock", Init: []state{{}},
		Enabled: func(s state, a []string) []string {
			if s.clock == 0 {
				a = append(a, "tick")
			}
			return append(a, "count")
		},
		Next: func(s state, a string) (state, bool) {
			if a == "tick" {
				s.clock = 1
			} else {
				s.value = 1
			}
			return s, true
		},
		Encode: func(b []byte, s state) []byte { return append(b, s.clock, s.value) },
		Local:  func(_ state, a string) bool { return a == "tick" },
		Always: []Property[state]{{"who counts has ticked", func(s state) bool { return s.value == 0 || s.clock == 1 }}},
		Action: func(a string) string { return a },
	}
	if out := Explore(m, Options{}); out.Violation != nil {
		t.Error("ticking is local, and somebody counts first")
	}
	m.Tempting = m.Always
	if out := Explore(m, Options{}); out.Violation == nil {
		t.Error("what is tempting is believed")
	}
}

// Goal: where a path may begin in several states, it is told in which it does.
func TestPathsBeginSomewhere(t *testing.T) {
	m := ringOf(2, true)
	m.Init = []ring{{lost: 1}, {at: [3]byte{1, 2}}}
	want := `  0. it begins
       process 0: 1, was 0
       process 1: 2, was 0
  1. get 0
       process 0: 2, was 1
`
	if got := Explore(m, Options{}).Violation.Path.Words(m); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Goal: a machine that begins in more states than are told apart is refused, and not explored in part.
func TestTooManyBeginnings(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it is explored")
		}
	}()
	m := ringOf(1, false)
	m.Init = make([]ring, 1<<16)
	Explore(m, Options{})
}
