package kubelet

import (
	"fmt"

	"orrery/model/machine"
)

// Machine is the machine of the package comment, within a domain.
type Machine = machine.Machine[State, Action]

// New returns the machine within a domain.
func New(d Domain) *Machine { return build(d, View.Decide) }

// build is New for a kubelet that decides so.
func build(d Domain, decide func(View) Plan) *Machine {
	return &Machine{
		Name:    "kubelet",
		Init:    []State{Begin(d)},
		Enabled: func(s State, actions []Action) []Action { return enabled(d, decide, s, actions) },
		Next:    func(s State, a Action) (State, bool) { return after(decide, s, a), true },
		Encode:  func(b []byte, s State) []byte { return s.Encode(b) },
		Within:  within,
		Classes: Classes, Fair: Fair,
		Always: []machine.Property[State]{OneAttempt, OnePod, EndedRests, GoneRests},
		AlwaysStep: []machine.StepProperty[State, Action]{Justified, ListsFirst, EndStays, CountsUp, NoWaitAfterRun, Rests, OnceEach, InitFirst,
			TornRests, ToldFirst, WantedRuns, GoneLast, SamePod, Undisturbed},
		Sometimes:  sometimes,
		Eventually: []machine.Property[State]{Runs, Goes},
		Tempting:   tempting,
		Action:     Action.String,
		Changes:    Changes,
	}
}

// attempts is more than a container needs here: only a kubelet that is wrong starts one for no reason.
const attempts = 4

// within: the world ends where a container was tried too many times.
func within(s State) bool {
	for _, n := range s.Names {
		if n.some(func(uid, role int) bool { return n.Runtime[uid].Records[role].Attempt >= attempts }) {
			return false
		}
	}
	return true
}

// Changes are what a step changed, in words.
func Changes(before, after State) (lines []string) {
	for i := range after.Names {
		b, a := &before.Names[i], &after.Names[i]
		say := func(changed bool, format string, args ...any) {
			if changed {
				lines = append(lines, fmt.Sprintf("pod %c: ", 'a'+i)+fmt.Sprintf(format, args...))
			}
		}
		say(b.Pod != a.Pod, "API: %v", a.Pod)
		say(b.Seen != a.Seen && after.Up, "the kubelet's cache: %v", a.Seen)
		for uid := range UIDs {
			say(b.Runtime[uid] != a.Runtime[uid], "runtime, UID %d: %v", uid+1, a.Runtime[uid])
			say(b.Look[uid] != a.Look[uid] && after.Up, "the kubelet's look, UID %d: %v", uid+1, a.Look[uid])
		}
		say(b.Call != a.Call && a.Call != Call{}, "call: %v", a.Call)
		say(b.LateCall != a.LateCall && a.LateCall != Call{}, "late call: %v", a.LateCall)
		say(b.Write != a.Write && a.Write != Write{}, "write: %v", a.Write)
		say(b.LateWrite != a.LateWrite && a.LateWrite != Write{}, "late write: %v", a.LateWrite)
	}
	return lines
}

func (p Pod) String() string {
	if p.UID == 0 {
		return "none"
	}
	leaving := ""
	if p.Leaving {
		leaving = ", being deleted"
	}
	return fmt.Sprintf("UID %d, %v%s, init container %v, main container %v", p.UID, p.Phase, leaving, p.Status[Init], p.Status[Main])
}

func (s Status) String() string {
	if s.Stage == None {
		return "waiting"
	}
	return fmt.Sprintf("%v after %d restarts", s.Stage, s.Restarts)
}

func (l Life) String() string {
	if l == (Life{}) {
		return "nothing"
	}
	ready := map[bool]string{true: "ready", false: "dead"}[l.Sandbox.Ready]
	return fmt.Sprintf("sandbox %d is %s, init container %v, main container %v", l.Sandbox.Number, ready, l.Records[Init], l.Records[Main])
}

func (r Record) String() string {
	text := r.Stage.String()
	if r.Stage != None {
		text += fmt.Sprintf(" (attempt %d, sandbox %d)", r.Attempt, r.Sandbox)
	}
	if r.Beside {
		text += " beside an older attempt"
	}
	return text
}

func (w Write) String() string {
	if w.Next.UID == 0 {
		return fmt.Sprintf("remove UID %d", w.Base.UID)
	}
	return w.Next.String()
}
