package sim

import (
	"time"

	"orrery/impl/api"
	"orrery/impl/control"
)

// User is one sequential client: it issues a request, hears how it ended, and issues the next.
type User struct {
	// Next is its next request; false: it wants nothing any more.
	Next func() (api.Request, bool)
	// Heard is told how the request ended.
	Heard func(req api.Request, response api.Response, err error)
	// Pause is the time between an answer and the next request.
	Pause time.Duration
	// Roams: each request goes to the next API server.
	Roams bool
}

// AddUser adds a client on a machine of its own.
func (w *World) AddUser(name string, user User) *Process {
	return w.add(name, name, func(p *Process) program { return &userProgram{p: p, user: user, after: w.now} })
}

type userProgram struct {
	p     *Process
	user  User
	busy  bool
	over  bool
	after time.Time
}

func (u *userProgram) enabled(steps []Step, _ int32) []Step { return steps }

func (u *userProgram) take(Kind, int) {}

// Ready reports whether a user would issue a request by itself now: it has heard the end of the last one, and paused.
func (w *World) Ready(p *Process) bool {
	u, ok := p.program.(*userProgram)
	return ok && p.running() && !u.busy && !u.over && !u.after.After(w.now)
}

// Issue makes a user issue its next request; false: it waits for the end of the last one, or wants nothing.
func (w *World) Issue(p *Process) bool {
	u, ok := p.program.(*userProgram)
	if !ok || !p.running() || u.busy || u.over {
		return false
	}
	req, ok := u.user.Next()
	if !ok {
		u.over = true
		return false
	}
	if u.user.Roams {
		p.server = (p.server + 1) % len(w.Servers)
	}
	u.busy = true
	p.do("", req, func(response api.Response, err error) {
		u.busy, u.after = false, w.now.Add(u.user.Pause)
		u.user.Heard(req, response, err)
	})
	return true
}

func (u *userProgram) words(Kind, int) string { return "" }

func (u *userProgram) due() (time.Time, bool) {
	return u.after, !u.busy && !u.over && u.after.After(u.p.world.now)
}

func (u *userProgram) wants() []control.Want { return nil }

func (u *userProgram) end() {}
