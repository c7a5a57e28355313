package script

import (
	"context"
	"fmt"
	"strings"

	"orrery/fuzz/simulation"
	"orrery/model/machine"
)

// Script is a path as the simulation can take it.
type Script struct {
	Size simulation.Size
	// Lines are the simulation's, with comments between them that say which action they are.
	Lines []string
	// Names are those that the model's objects have in the simulation, by their numbers; empty: it has none.
	Names []string
	// Missing are the actions that the lines do not take, each with the reason.
	Missing []string
}

// Text is the script as a file, which `orrery sim --script` runs.
func (s Script) Text() string {
	return fmt.Sprintf("cluster %d %d\n%s\n", s.Size.ControlPlanes, s.Size.Workers, strings.Join(s.Lines, "\n"))
}

// Commands are the lines without the comments.
func (s Script) Commands() (commands []string) {
	for _, line := range s.Lines {
		if !strings.HasPrefix(line, "#") {
			commands = append(commands, line)
		}
	}
	return commands
}

// drivenBound bounds how often something else is done so that a line becomes possible.
const drivenBound = 30

// player writes a script line by line. Whether a line is possible it finds out by making the run so far again, with that line at its end:
// a run takes some milliseconds, and a script some hundred runs.
type player struct {
	Script
	ctx context.Context
	err error // why no run can be made
	now world // after the script so far
}

// begin is a player of a cluster of that size.
func begin(ctx context.Context, size simulation.Size) *player {
	return &player{ctx: ctx, Script: Script{Size: size}}
}

// try is what is there after these lines, if they are possible now, one after the other.
func (p *player) try(lines ...string) (world, bool) {
	if p.err != nil {
		return world{}, false
	}
	run, impossible := simulation.Replay(p.ctx, p.Size, append(p.Commands(), lines...), true)
	if p.err = p.ctx.Err(); p.err != nil || impossible != nil {
		return world{}, false
	}
	var w world
	w, p.err = read(run)
	return w, p.err == nil
}

// take adds lines if they are possible now.
func (p *player) take(lines ...string) bool {
	w, ok := p.try(lines...)
	if ok {
		p.Lines, p.now = append(p.Lines, lines...), w
	}
	return ok
}

// can reports whether these lines are possible now.
func (p *player) can(lines ...string) bool {
	_, ok := p.try(lines...)
	return ok
}

// all adds a group of lines as often as it is possible.
func (p *player) all(lines ...string) {
	for range drivenBound {
		if !p.take(lines...) {
			return
		}
	}
}

// drive is until for lines that are to be possible, and adds those.
func (p *player) drive(goal []string, ways ...[]string) bool {
	return p.until(func() bool { return p.take(goal...) }, ways...)
}

// until adds lines, each time the first of these groups that is possible, until what is wanted is so. If it never is, nothing is added.
func (p *player) until(wanted func() bool, ways ...[]string) bool {
	lines, now := p.Lines, p.now
	for range drivenBound {
		if wanted() {
			return true
		}
		if !p.first(ways) {
			break
		}
	}
	p.Lines, p.now = lines, now
	return false
}

// first adds the first of these groups that is possible.
func (p *player) first(ways [][]string) bool {
	for _, way := range ways {
		if p.take(way...) {
			return true
		}
	}
	return false
}

// comment adds a line that does nothing.
func (p *player) comment(format string, args ...any) {
	p.Lines = append(p.Lines, "# "+fmt.Sprintf(format, args...))
}

// walk takes the steps of a path, each after a comment that tells its action. Of one that is not taken step says why.
func walk[S any, A fmt.Stringer](p *player, path machine.Path[S, A], step func(before S, a A, after S) (why string)) (Script, error) {
	before := path.Init
	for i, s := range path.Steps {
		p.comment("%d. %s", i+1, s.Action)
		if why := step(before, s.Action, s.State); why != "" {
			p.comment("   not taken: %s", why)
			p.Missing = append(p.Missing, fmt.Sprintf("%d. %s: %s", i+1, s.Action, why))
		}
		before = s.State
	}
	return p.Script, p.err
}

// answered are the lines of one request once it has been sent: it arrives and is carried out, and is answered.
func answered(request string) []string {
	return []string{"step arrive " + request, "until answer " + request, "step answer " + request}
}

// user asks for something, and is answered; the server's caches come to hold what it wrote.
func (p *player) user(ask string) bool {
	return p.take(append([]string{"user " + ask}, answered("user")...)...) && p.fed()
}

// feeds are a way: the server's caches come to hold what is stored. Else nobody's watch would show it.
var feeds = []string{"step feed " + server}

func (p *player) fed() bool {
	p.all(feeds...)
	return p.err == nil
}

// heard goes on with a request that has arrived until it is answered.
func (p *player) heard(request string) bool {
	return p.drive([]string{"step answer " + request}, []string{"step hear " + server}, []string{"step commit " + server})
}

// served goes on with a request that has arrived and whose sender does not wait for an answer.
func (p *player) served() bool {
	for p.first([][]string{{"step hear " + server}, {"step commit " + server}}) {
	}
	return p.fed()
}

// follows has a component that has just started list its sources and watch them.
func (p *player) follows(process string, sources ...string) bool {
	var lines []string
	for _, source := range sources {
		resource := source
		if source == "owners" { // the only one that is not named after what it shows
			resource = owners
		}
		ask, list, watch := "step ask "+process+" "+source, process+" list "+resource, process+" watch "+resource
		lines = append(lines, ask, "step arrive "+list, "step commit "+server, "step hear "+server, "step answer "+list, ask, "step arrive "+watch, "step answer "+watch)
	}
	return p.take(lines...)
}

// server is the only one of the clusters here.
const server = "control-1"
