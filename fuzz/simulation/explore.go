package simulation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"orrery/impl/api"
	"orrery/impl/control/election"
	"orrery/impl/sim"
)

// whole is what the parts of a draw add up to.
const whole = 1 << 16

// swarm is what a run is like. It is drawn itself: of runs that are all alike, the thousandth shows nothing that the first did
// not (Groce and others, Swarm Testing, ISSTA 2012).
type swarm struct {
	// steps is how long the safety phase is.
	steps int
	// Of each draw of whole, so much goes to a fault, to a client, to the clock, and to a step that is not the first.
	fault, ask, tick, disorder int
	kinds                      []kind
	// users are the clients that issue requests.
	users []string
	// most is how many faults may be under way at once, and length how long one lasts at most, in seconds.
	most, length int
}

func drawSwarm(choose Choices, users []string, standby bool) swarm {
	s := swarm{
		steps:    []int{600, 200, 1500}[choose.IntN(3)],
		fault:    []int{200, 0, 800, 2000}[choose.IntN(4)],
		ask:      []int{2000, 600, 6000}[choose.IntN(3)],
		tick:     []int{500, 50, 3000}[choose.IntN(3)],
		disorder: []int{3000, 0, 20000, 40000}[choose.IntN(4)],
		most:     1 + choose.IntN(3),
		length:   []int{10, 2, 40}[choose.IntN(3)],
	}
	for _, k := range allKinds {
		if choose.IntN(2) == 0 {
			s.kinds = append(s.kinds, k)
		}
	}
	if standby {
		s.kinds = append(s.kinds, leave, leave, leave, leave, outlast, outlast)
	}
	for _, name := range users {
		if choose.IntN(4) < 3 {
			s.users = append(s.users, name)
		}
	}
	return s
}

// explorer chooses what is done next.
type explorer struct {
	*run
	choose Choices
	swarm  swarm
	faults []fault
	ambush api.Verb // what is lain in wait for; empty: nothing
	idle   int      // ordinary steps that are not written down yet
}

// fault is one that is under way: how it ends, and when.
type fault struct {
	end   []string
	until time.Time
}

// explore lets everything happen in the order that is chosen, for so many times the steps that a run has.
func explore(r *run, choose Choices, times int) {
	e := &explorer{run: r, choose: choose, swarm: drawSwarm(choose, r.names, r.standby)}
	defer e.flush()
	s := e.swarm
	for e.steps+e.idle < times*s.steps {
		e.over()
		if e.ambush != "" {
			e.strike()
		}
		draw := choose.IntN(whole)
		first, any := r.world.First()
		switch {
		case draw >= whole-s.fault:
			e.interfere()
			e.steps++ // so that a run that only interferes ends
		case draw >= whole-s.fault-s.ask || !any:
			if !e.issue() {
				e.ordinary(first, any)
			}
		case draw >= whole-s.fault-s.ask-s.tick:
			e.say("tick")
		case draw >= whole-s.fault-s.ask-s.tick-s.disorder:
			e.disorder(r.world.Enabled())
		default:
			e.ordinary(first, any)
		}
	}
}

// say does one line of the script; one that does not apply has no effect, and is not written down.
func (e *explorer) say(line string) bool {
	e.flush()
	return e.do(line) == nil
}

// disorder takes a step that is chosen, or the first that a script would find under its name.
func (e *explorer) disorder(steps []sim.Step) {
	chosen := e.choose.IntN(len(steps))
	words := e.world.Describe(steps[chosen])
	for i := range chosen {
		if steps[i].Kind == steps[chosen].Kind && e.world.Describe(steps[i]) == words {
			chosen = i
			break
		}
	}
	e.flush()
	e.script = append(e.script, "step "+words)
	e.take(steps[chosen])
}

// ordinary takes the first step, or lets time go on where there is none, and remembers that it did.
func (e *explorer) ordinary(first sim.Step, any bool) {
	if !any {
		first = sim.Step{Kind: sim.Tick}
	}
	e.idle++
	e.take(first)
	e.steps-- // counted as idle until it is written down
}

// flush writes the ordinary steps down that were taken.
func (e *explorer) flush() {
	if e.idle > 0 {
		e.script = append(e.script, fmt.Sprintf("run %d", e.idle))
		e.steps += e.idle
		e.idle = 0
	}
}

// issue has a client that is ready issue a request; false: none is.
func (e *explorer) issue() bool {
	var ready []string
	for _, name := range e.swarm.users {
		if e.world.Ready(e.users[name].process) {
			ready = append(ready, name)
		}
	}
	if len(ready) == 0 {
		return false
	}
	name := ready[e.choose.IntN(len(ready))]
	e.flush()
	u, made := e.users[name], &recorder{choose: e.choose}
	u.choose = made
	if e.world.Issue(u.process) {
		open := e.world.Open()
		e.script = append(e.script, fmt.Sprintf("ask %s %s # %s", name, strings.Join(made.numbers, ","), open[len(open)-1]))
	}
	return true
}

// recorder remembers the choices that it hands on.
type recorder struct {
	choose  Choices
	numbers []string
}

// IntN chooses.
func (r *recorder) IntN(n int) int {
	v := r.choose.IntN(n)
	r.numbers = append(r.numbers, strconv.Itoa(v))
	return v
}

// interfere begins a fault of a kind that the swarm has, or ends one.
func (e *explorer) interfere() {
	if len(e.swarm.kinds) == 0 {
		return
	}
	if len(e.faults) >= e.swarm.most {
		e.finish(0)
		return
	}
	k := e.swarm.kinds[e.choose.IntN(len(e.swarm.kinds))]
	begin, end := k(e)
	any := false
	for _, line := range begin {
		any = e.say(line) || any
	}
	if any && len(end) > 0 {
		e.begin(end, e.swarm.length)
	}
}

// begin has a fault under way, for as long as is chosen: so many seconds at most.
func (e *explorer) begin(end []string, most int) {
	length := time.Duration(1+e.choose.IntN(most)) * time.Second
	e.faults = append(e.faults, fault{end, e.world.Now().Add(length)})
}

// over ends the faults whose time is up.
func (e *explorer) over() {
	for i := 0; i < len(e.faults); {
		if e.faults[i].until.After(e.world.Now()) {
			i++
			continue
		}
		e.finish(i)
	}
}

func (e *explorer) finish(i int) {
	for _, line := range e.faults[i].end {
		e.say(line)
	}
	e.faults = append(e.faults[:i], e.faults[i+1:]...)
}

// kind is a kind of fault: the lines that begin it and those that end it.
type kind func(e *explorer) (begin, end []string)

var allKinds = []kind{
	toProcess("crash", "start"), toProcess("crash", "start"), toProcess("pause", "resume"),
	toServer("crash", "start"), toServer("lag", "catch-up"), toServer("lag", "catch-up"), toServer("stall", "release"), toServer("down", "up"), toServer("lose-write", ""), toServer("repair", ""),
	toNode("lose-call", ""), toNode("lose-answer", ""), toNode("runtime-down", "runtime-up"), toNode("reboot", ""), loseWorker,
	toContainer("kill"), toContainer("kill"), toContainer("collect"), toContainer("collect"),
	cutWorker, cutMember, breakRequest, blindly, blindly, delayRequest, delayRequest, dropRequest, reincarnate, reincarnate, reincarnate, compact, skew, mark, rush, rush, perish, perish, again, again, retire,
}

func pick[T any](e *explorer, list []T) T { return list[e.choose.IntN(len(list))] }

// components are the processes that are no clients.
func (e *explorer) components() (names []string) {
	for _, p := range e.world.Processes {
		if e.users[p.Name] == nil && p.Name != "runner" && p.Name != "user" {
			names = append(names, p.Name)
		}
	}
	return names
}

func toProcess(begin, end string) kind {
	return func(e *explorer) ([]string, []string) { return lines(pick(e, e.components()), begin, end) }
}

func toServer(begin, end string) kind {
	return func(e *explorer) ([]string, []string) { return lines(pick(e, e.world.Servers).Name, begin, end) }
}

func toNode(begin, end string) kind {
	return func(e *explorer) ([]string, []string) { return lines(pick(e, e.world.Nodes).Name, begin, end) }
}

// toContainer is about one of the first few containers of a node.
func toContainer(verb string) kind {
	return func(e *explorer) ([]string, []string) {
		return []string{fmt.Sprintf("%s %s %d", verb, pick(e, e.world.Nodes).Name, e.choose.IntN(3))}, nil
	}
}

func lines(name, begin, end string) ([]string, []string) {
	if end == "" {
		return []string{begin + " " + name}, nil
	}
	return []string{begin + " " + name}, []string{end + " " + name}
}

// loseWorker loses one worker of the run for good, and then perhaps its Node is deleted, as by who has seen that it is lost.
func loseWorker(e *explorer) (begin, end []string) {
	if e.taken["lose"] > 0 || len(e.world.Nodes) < 2 {
		return nil, nil
	}
	name := pick(e, e.world.Nodes).Name
	if e.choose.IntN(2) == 0 {
		end = []string{"user delete node " + name}
	}
	return []string{"lose " + name}, end
}

func cutWorker(e *explorer) ([]string, []string) { return e.cut(pick(e, e.world.Nodes).Name) }

func cutMember(e *explorer) ([]string, []string) { return e.cut(pick(e, e.world.Members).Machine) }

// cut cuts a machine off from the control planes: both ways, or what it sends, or what it is sent.
func (e *explorer) cut(machine string) (begin, end []string) {
	way := e.choose.IntN(3)
	for _, m := range e.world.Members {
		if m.Machine == machine {
			continue
		}
		out, in := machine+" "+m.Machine, m.Machine+" "+machine
		if way != 1 {
			begin, end = append(begin, "cut "+out), append(end, "mend "+out)
		}
		if way != 2 {
			begin, end = append(begin, "cut "+in), append(end, "mend "+in)
		}
	}
	return begin, end
}

func breakRequest(e *explorer) ([]string, []string) {
	if open := e.world.Open(); len(open) > 0 {
		return []string{"break " + pick(e, open)}, nil
	}
	return nil, nil
}

// delayRequest is about what components write: it is their requests that must not be done to another object.
func delayRequest(e *explorer) ([]string, []string) {
	if open := e.writes(); len(open) > 0 {
		return []string{fmt.Sprintf("late %d %s", []int{5, 1, 20}[e.choose.IntN(3)], pick(e, open))}, nil
	}
	return nil, nil
}

// writes are the requests that components wait for, but those that only read, and heartbeats.
func (e *explorer) writes() []string {
	return slices.DeleteFunc(e.world.Open(), func(request string) bool {
		process, rest, _ := strings.Cut(request, " ")
		return e.users[process] != nil || strings.HasPrefix(rest, "list") || strings.HasPrefix(rest, "watch") || strings.Contains(rest, "leases")
	})
}

// blindly has a component lose the answer to a write while every cache lags, so that only a live read can tell what became of it.
func blindly(e *explorer) (begin, end []string) {
	open := e.writes()
	if len(open) == 0 {
		return nil, nil
	}
	for _, s := range e.world.Servers {
		begin, end = append(begin, "lag "+s.Name), append(end, "catch-up "+s.Name)
	}
	return append(begin, "break "+pick(e, open)), end
}

// reincarnate has the explorer lie in wait for what a component asks of a pod; see strike.
func reincarnate(e *explorer) (begin, end []string) {
	if e.ambush == "" {
		e.ambush = []api.Verb{api.Delete, api.Delete, api.Delete, api.Create, api.Update}[e.choose.IntN(5)]
	}
	return nil, nil
}

// strike delays the request that the explorer lies in wait for, until there is another pod of that name.
func (e *explorer) strike() {
	request, name, ok := e.world.Sent(e.ambush, "pods")
	if !ok || len(e.faults) >= e.swarm.most {
		return
	}
	e.ambush = ""
	e.say("late 20 " + request)
	e.say("user delete pod " + name)
	e.begin([]string{"user create pod " + name + " run"}, 10)
}

func dropRequest(e *explorer) ([]string, []string) {
	if late := e.world.Late(); len(late) > 0 {
		return []string{"drop " + pick(e, late)}, nil
	}
	return nil, nil
}

// compact forgets all but the last few revisions.
func compact(e *explorer) ([]string, []string) {
	return []string{fmt.Sprintf("compact %d", e.choose.IntN(20))}, nil
}

func skew(e *explorer) ([]string, []string) {
	return []string{fmt.Sprintf("skew %s %d", pick(e, e.components()), []int{1001, 1010, 1050}[e.choose.IntN(3)])}, nil
}

// rush has two pods that matter more than others come at once, as far as the scheduler can see, and perhaps go later.
func rush(e *explorer) (begin, end []string) {
	create, soon := "user create pod %s whole run", "run 15"
	if e.choose.IntN(2) == 0 {
		end = []string{"user delete pod vip-a", soon, "user delete pod vip-b"}
	}
	return []string{"pause scheduler", fmt.Sprintf(create, "vip-a"), soon, fmt.Sprintf(create, "vip-b"), soon, "resume scheduler"}, end
}

// again has an owner or a service be deleted, and later another of its name be created.
func again(e *explorer) (begin, end []string) {
	created := pick(e, []string{"rc web 2", "rs api 1", "svc web", "svc api"})
	words := strings.Fields(created)
	policy := pick(e, []string{"background", "foreground", "orphan"})
	return []string{fmt.Sprintf("user delete %s %s %s", words[0], words[1], policy)}, []string{"user create " + created}
}

// perish has a component crash with a write on its way, which is lost.
func perish(e *explorer) (begin, end []string) {
	open := e.writes()
	if deletes := slices.DeleteFunc(slices.Clone(open), func(request string) bool { return !strings.Contains(request, " delete ") }); len(deletes) > 0 {
		open = deletes // they are seldom
	}
	if len(open) == 0 {
		return nil, nil
	}
	request := pick(e, open)
	process, _, _ := strings.Cut(request, " ")
	return []string{"crash " + process, "drop " + request}, []string{"start " + process}
}

// retire has a service that somebody holds be deleted, an API server look at whose the addresses are meanwhile, and the service go later.
func retire(e *explorer) (begin, end []string) {
	const soon = "run 15"
	return []string{"user create svc held", soon, "user finalize svc held example.com/held", soon, "user delete svc held", soon, "repair " + pick(e, e.world.Servers).Name},
		[]string{"user unfinalize svc held"}
}

// leave has a candidate end as it should, most often one who leads, and begin anew later, when there is something to be done.
func leave(e *explorer) ([]string, []string) {
	name := pick(e, e.components())
	if leaders := e.world.Leaders(); len(leaders) > 0 && e.choose.IntN(4) > 0 {
		name = pick(e, leaders).Name
	}
	work := fmt.Sprintf("user create pod late-%d run", e.choose.IntN(4))
	return []string{"leave " + name}, []string{"crash " + name, "start " + name, "run 25", work, "run 10"}
}

// standstill is how many steps may pass while a leader stands still: what goes on for ever takes no time.
const standstill = 5000

// outlast has one who leads stand still for as long as a lease is held by who does not renew it, and somewhat more.
func outlast(e *explorer) (begin, end []string) {
	leaders := e.world.Leaders()
	if len(leaders) == 0 {
		return nil, nil
	}
	name := pick(e, leaders).Name
	e.say("pause " + name)
	until := e.world.Now().Add(election.Default.LeaseDuration + 3*time.Second)
	for range standstill {
		if !e.world.Now().Before(until) {
			break
		}
		first, any := e.world.First()
		e.ordinary(first, any)
	}
	e.say("resume " + name)
	return nil, nil
}

func mark(e *explorer) ([]string, []string) {
	return []string{"mark " + pick(e, e.components())}, nil
}
