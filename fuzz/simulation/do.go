package simulation

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"orrery/fuzz/workload"
	"orrery/impl/sim"
)

// The verbs of a script, with what follows each. What is done to the cluster ends with the script, if not before.
//
//	run N                       the first enabled step, N times; time goes on where there is none
//	settle                      the first enabled step, until there is none
//	step WORDS                  that step
//	until WORDS                 the first enabled step, until that step is enabled
//	tick                        time goes on to when something is due
//	ask CLIENT N,N,...          a client issues the request to which these choices lead
//	user WORDS                  the user issues one; see user.go
//	crash|start NAME            a process or an API server loses its memory, and begins anew
//	pause|resume NAME           it stops where it is, and goes on
//	lag|catch-up SERVER         its caches stay where they are, and go on
//	cut|mend FROM TO            what one machine sends does not arrive at the other
//	stall|release MACHINE       the disk of the member of the store on it does not answer
//	down|up MACHINE             that member crashes, and begins anew with what is on its disk
//	lose-write MACHINE          its disk loses the first write that is not acknowledged
//	break WORDS                 the caller of a request loses its connection
//	late N WORDS                likewise, and the request is on its way for N seconds
//	drop WORDS                  a late request is lost
//	repair SERVER               it looks once for addresses that no service has
//	compact N                   history is forgotten but for the last N revisions
//	lose-call|lose-answer NODE  of the next call to the node's runtime
//	runtime-down|runtime-up NODE
//	kill|collect NODE N         the N-th container that runs is killed; the record of the N-th that has ended is lost
//	reboot NODE                 its containers end, its kubelet begins anew
//	lose NODE                   they end for good, and the faults' end does not bring it back
//	skew NAME N                 its clock goes on by N where the world's does by 1000
//	leave NAME                  a candidate stops what it does, and gives its lease back
//	mark NAME                   its watches are sent bookmarks
//
// Where WORDS name a step or a request, the first words of its name will do; see [sim.World.Describe].

// errNotApplicable: what a line asks for is not possible now.
var errNotApplicable = errors.New("not possible here")

// settleBound bounds a settle.
const settleBound = 10_000

// do does what one line says, and writes it down.
func (r *run) do(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	rest, _, _ = strings.Cut(rest, " #")
	if err := r.perform(verb, strings.TrimSpace(rest)); err != nil {
		return err
	}
	r.script = append(r.script, line)
	switch verb {
	case "run", "settle", "step", "until", "tick", "ask", "user":
	default:
		r.taken[verb]++
	}
	return nil
}

func (r *run) perform(verb, rest string) error {
	w := r.world
	switch verb {
	case "run":
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 {
			return fmt.Errorf("run %q: how often?", rest)
		}
		for range n {
			r.ordinary()
		}
		return nil
	case "settle":
		for range settleBound {
			first, ok := w.First()
			if !ok {
				return nil
			}
			r.take(first)
		}
		return fmt.Errorf("no rest within %d steps", settleBound)
	case "tick":
		r.take(sim.Step{Kind: sim.Tick})
		return nil
	case "step":
		if s, ok := r.find(rest); ok {
			r.take(s)
			return nil
		}
		return errNotApplicable
	case "until":
		for range settleBound {
			if _, ok := r.find(rest); ok {
				return nil
			}
			first, ok := w.First()
			if !ok {
				return errNotApplicable
			}
			r.take(first)
		}
		return errNotApplicable
	case "ask":
		return r.ask(rest)
	case "user":
		return r.user(rest)
	case "break":
		return applied(w.Break(match(w.Open(), rest), 0))
	case "late":
		seconds, words, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(seconds)
		if err != nil || n < 0 {
			return fmt.Errorf("late %q: for how many seconds, and what?", rest)
		}
		return applied(w.Break(match(w.Open(), words), time.Duration(n)*time.Second))
	case "drop":
		return applied(w.Drop(match(w.Late(), rest)))
	case "compact":
		n, err := strconv.ParseInt(rest, 10, 64)
		if err != nil || w.Revision()-n <= 1 {
			return errNotApplicable
		}
		w.Compact(w.Revision() - n)
		return nil
	case "cut", "mend":
		from, to, ok := strings.Cut(rest, " ")
		if !ok {
			return fmt.Errorf("%s %q: from where to where?", verb, rest)
		}
		if verb == "cut" {
			w.Cut(from, to)
		} else {
			w.Mend(from, to)
		}
		return nil
	}
	return r.toOne(verb, rest)
}

// ordinary takes the first step, or lets time go on where there is none.
func (r *run) ordinary() {
	first, ok := r.world.First()
	if !ok {
		first = sim.Step{Kind: sim.Tick}
	}
	r.take(first)
}

// find is the enabled step of that name, or else the first whose name begins so.
func (r *run) find(words string) (sim.Step, bool) {
	steps := r.world.Enabled()
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = r.world.Describe(s)
	}
	i := slices.Index(names, match(names, words))
	if i < 0 {
		return sim.Step{}, false
	}
	return steps[i], true
}

// match is words if it is one of names, or else the first of them that begins with it.
func match(names []string, words string) string {
	if !slices.Contains(names, words) {
		for _, name := range names {
			if strings.HasPrefix(name, words) {
				return name
			}
		}
	}
	return words
}

func (r *run) take(s sim.Step) {
	r.steps++
	r.world.Take(s)
}

// ask has a client issue a request.
func (r *run) ask(rest string) error {
	name, choices, _ := strings.Cut(rest, " ")
	u := r.users[name]
	if u == nil {
		return fmt.Errorf("there is no client %q: there are %v", name, r.names)
	}
	var draws list
	for part := range strings.SplitSeq(choices, ",") {
		if part == "" {
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil {
			return fmt.Errorf("%q is no list of numbers", choices)
		}
		draws = append(draws, n)
	}
	u.choose = &draws
	return applied(r.world.Issue(u.process))
}

// list are choices made before. What is out of bounds is brought into them, what is missing is 0.
type list []int

// IntN is the next number.
func (l *list) IntN(n int) int {
	if len(*l) == 0 {
		return 0
	}
	v := (*l)[0]
	*l = (*l)[1:]
	return min(max(v, 0), n-1)
}

var _ workload.Choices = (*list)(nil)

func applied(ok bool) error {
	if !ok {
		return errNotApplicable
	}
	return nil
}

// toOne does something to a process, an API server, a node or a member.
func (r *run) toOne(verb, rest string) error {
	w := r.world
	name, number, _ := strings.Cut(rest, " ")
	if i := slices.IndexFunc(w.Servers, func(s *sim.Server) bool { return s.Name == name }); i >= 0 {
		s := w.Servers[i]
		switch verb {
		case "crash":
			return applied(s.Up() && then(w.CrashServer, s))
		case "start":
			return applied(!s.Up() && then(w.StartServer, s))
		case "pause":
			return applied(s.Up() && then(w.PauseServer, s))
		case "resume":
			return applied(then(w.ResumeServer, s))
		case "lag":
			return applied(then(w.Lag, s))
		case "catch-up":
			return applied(then(w.CatchUp, s))
		case "stall":
			return applied(then(w.Stall, w.Members[i]))
		case "release":
			return applied(then(w.Release, w.Members[i]))
		case "down":
			return applied(then(w.CrashMember, w.Members[i]))
		case "up":
			return applied(then(w.StartMember, w.Members[i]))
		case "repair":
			return applied(w.Repair(s))
		case "lose-write":
			return applied(w.LoseWrite(w.Members[i]))
		}
	}
	if i := slices.IndexFunc(w.Nodes, func(n *sim.Node) bool { return n.Name == name }); i >= 0 {
		n := w.Nodes[i]
		switch verb {
		case "lose-call":
			n.LoseCall()
			return nil
		case "lose-answer":
			n.LoseAnswer()
			return nil
		case "runtime-down", "runtime-up":
			n.Runtime.SetDown(verb == "runtime-down")
			return nil
		case "kill", "collect":
			at, err := strconv.Atoi(number)
			if err != nil {
				return fmt.Errorf("%s %s %q: which one?", verb, name, number)
			}
			return applied(verb == "kill" && n.Kill(at) || verb == "collect" && n.Collect(at))
		case "reboot":
			n.Reboot()
			return nil
		case "lose":
			return applied(n.Lose())
		}
	}
	if i := slices.IndexFunc(w.Processes, func(p *sim.Process) bool { return p.Name == name }); i >= 0 {
		p := w.Processes[i]
		switch verb {
		case "crash":
			return applied(p.Running() && then(w.Crash, p))
		case "start":
			return applied(!p.Running() && then(w.Start, p))
		case "pause":
			return applied(p.Running() && then(w.Pause, p))
		case "resume":
			return applied(then(w.Resume, p))
		case "leave":
			return applied(w.Leave(p))
		case "mark":
			return applied(then(w.Mark, p))
		case "skew":
			rate, err := strconv.ParseInt(number, 10, 64)
			if err != nil || rate < 500 || rate > 2000 {
				return fmt.Errorf("skew %s %q: 500 to 2000", name, number)
			}
			w.Skew(p, rate)
			return nil
		}
	}
	return fmt.Errorf("%q of %q: there is no such verb, or nothing of that name to do it to", verb, name)
}

func then[T any](do func(T), to T) bool {
	do(to)
	return true
}
