package sim

import (
	"context"
	"time"

	"orrery/impl/api"
	"orrery/impl/apiserver/request"
	"orrery/impl/trace"
)

// CrashServer ends an API server; StartServer begins its next life.
func (w *World) CrashServer(s *Server) {
	if s.up {
		s.crash()
		w.life(s.Name, s.Machine, "exit", "crashed")
	}
}

// StartServer begins a life of an API server that is not running.
func (w *World) StartServer(s *Server) {
	if !s.up {
		w.life(s.Name, s.Machine, "start", "")
		s.start()
	}
}

// PauseServer and ResumeServer stop an API server where it is.
func (w *World) PauseServer(s *Server) { s.paused = true }

// ResumeServer lets it go on.
func (w *World) ResumeServer(s *Server) { s.paused = false }

// Lag keeps the caches of an API server where they are; CatchUp ends that.
func (w *World) Lag(s *Server) { s.lags = true }

// CatchUp lets the caches of an API server move again.
func (w *World) CatchUp(s *Server) { s.lags = false }

// Crash ends a process.
func (w *World) Crash(p *Process) {
	if p.up {
		p.crash()
		w.life(p.Name, p.Machine, "exit", "crashed")
	}
}

// Start begins a life of a process that is not running, unless its machine is lost.
func (w *World) Start(p *Process) {
	if !p.up && !p.lost {
		w.life(p.Name, p.Machine, "start", "")
		p.start()
	}
}

// Pause stops a process where it is; Resume lets it go on.
func (w *World) Pause(p *Process) { p.paused = true }

// Resume lets a paused process go on.
func (w *World) Resume(p *Process) { p.paused = false }

// Running reports whether a process is up and not paused.
func (p *Process) Running() bool { return p.running() }

// Up reports whether an API server is up, paused or not.
func (s *Server) Up() bool { return s.up }

// Skew sets how fast a process's clock goes from now on, in thousandths of the world's. What it shows never goes back, and does not leap.
func (w *World) Skew(p *Process, rate int64) { p.shown, p.turned, p.rate = p.now(), w.now, rate }

// Ahead sets a process's clock, which nobody may have looked at yet.
func (w *World) Ahead(p *Process, by time.Duration) { p.shown = p.shown.Add(by) }

func (w *World) life(name, machine, state, why string) {
	w.Emit(trace.Line{Life: &trace.Life{Name: name, Machine: machine, State: state, Why: why}})
}

// Cut keeps what is sent from one machine to another from arriving; Mend ends that. Connections hang meanwhile.
func (w *World) Cut(from, to string) {
	if _, cut := w.cuts[[2]string{from, to}]; !cut {
		w.cuts[[2]string{from, to}] = w.now
	}
}

// Mend ends a cut.
func (w *World) Mend(from, to string) { delete(w.cuts, [2]string{from, to}) }

// hears reports whether what one machine sends arrives at another.
func (w *World) hears(from, to string) bool {
	if len(w.cuts) == 0 {
		return true
	}
	_, cut := w.cuts[[2]string{from, to}]
	return !cut
}

// deaf is since when what one machine sends does not arrive at another.
func (w *World) deaf(from, to string) (since time.Time, cut bool) {
	if len(w.cuts) == 0 {
		return since, false
	}
	since, cut = w.cuts[[2]string{from, to}]
	return since, cut
}

// Stall keeps a member's disk from answering; Release ends that.
func (w *World) Stall(m *Member) { m.stalled = true }

// Release ends a stall.
func (w *World) Release(m *Member) { m.stalled = false }

// CrashMember ends a member of the store. What it was asked for gets no answer; a write that was on its way may still take effect by
// way of the others.
func (w *World) CrashMember(m *Member) {
	if m.down {
		return
	}
	m.down = true
	w.life("etcd@"+m.Machine, m.Machine, "exit", "crashed")
	for _, op := range w.ops {
		if op.server.Machine == m.Machine && !op.told {
			op.cut = true
		}
	}
}

// StartMember begins a member's next life, with what its disk has: everything that was acknowledged.
func (w *World) StartMember(m *Member) {
	if m.down {
		m.down = false
		w.life("etcd@"+m.Machine, m.Machine, "start", "")
	}
}

// LoseWrite has a member's disk lose the first write that it has not synced, and so not acknowledged; false: there is none.
func (w *World) LoseWrite(m *Member) bool {
	for _, op := range w.ops {
		if write := op.op.Kind == request.Put || op.op.Kind == request.Delete; write && op.server.Machine == m.Machine && !op.done && !op.lost {
			op.lost = true
			if op.told {
				w.forget(op)
			}
			return true
		}
	}
	return false
}

// Compact makes the store forget all history before a revision.
func (w *World) Compact(revision int64) {
	if w.Store.Compact(context.Background(), revision) == nil {
		w.emit("store", trace.Line{Compact: &trace.Compact{Revision: revision}})
	}
}

// Open are the requests that have been sent and whose callers have not heard of them, in words.
func (w *World) Open() (requests []string) {
	for _, c := range w.calls {
		if !c.told && c.from.running() {
			requests = append(requests, c.words())
		}
	}
	return requests
}

// Sent is the first request of that verb for an object of that resource, or a part of one, that a component has sent and that has not
// arrived: in words, and the object's name.
func (w *World) Sent(verb api.Verb, resource string) (request, name string, ok bool) {
	for _, c := range w.calls {
		if c.req.Verb != verb || c.req.Resource.Name != resource || c.req.Name == "" || c.told || c.state != sent || !c.from.running() {
			continue
		}
		if _, user := c.from.program.(*userProgram); !user {
			return c.words(), c.req.Name, true
		}
	}
	return "", "", false
}

// Break makes the caller of the first such request lose its connection: it does not learn what becomes of it. A request that has
// not arrived by then arrives when it has been on its way for so long.
func (w *World) Break(request string, late time.Duration) bool {
	for _, c := range w.calls {
		if !c.told && c.from.running() && c.words() == request {
			c.held = w.now.Add(late)
			c.giveUp(errReset)
			return true
		}
	}
	return false
}

// Late are the requests that are on their way and whose callers have given them up, in words.
func (w *World) Late() (requests []string) {
	for _, c := range w.calls {
		if c.told && c.state == sent {
			requests = append(requests, c.words())
		}
	}
	return requests
}

// Drop loses the first such request.
func (w *World) Drop(request string) bool {
	for _, c := range w.calls {
		if c.told && c.state == sent && c.words() == request {
			w.calls = remove(w.calls, c)
			return true
		}
	}
	return false
}

// Heal ends everything that is being done to the cluster.
func (w *World) Heal() {
	clear(w.cuts)
	for _, m := range w.Members {
		m.stalled = false
		w.StartMember(m)
	}
	for _, s := range w.Servers {
		s.paused, s.lags = false, false
		w.StartServer(s)
	}
	for _, n := range w.Nodes {
		n.lose = 0
		n.Runtime.SetDown(false)
	}
	for _, p := range w.Processes {
		p.paused = false
		if c, ok := p.program.(*candidate); ok && c.left {
			w.Crash(p)
		}
		w.Start(p)
	}
}

// Mark sends a bookmark to every watch of a process that is due one.
func (w *World) Mark(p *Process) {
	if m, ok := p.program.(interface{ mark() }); ok && p.running() {
		m.mark()
	}
}

// LoseCall loses the next call of a kubelet to its runtime; LoseAnswer the answer to it.
func (n *Node) LoseCall() { n.lose = 1 }

// LoseAnswer has the next call to the runtime made and its answer lost.
func (n *Node) LoseAnswer() { n.lose = 2 }

// Kill kills the process of the i-th of the containers that run, as the kernel does where memory runs out; false: there is none.
func (n *Node) Kill(i int) bool {
	if i < 0 || i >= len(n.running) {
		return false
	}
	n.Runtime.Kill(n.running[i])
	return true
}

// Collect removes the record of the i-th of the containers that have ended and that the API shows so, as somebody else may;
// false: there is none.
func (n *Node) Collect(i int) bool {
	for _, e := range n.ended {
		if !n.shown(e) {
			continue
		}
		if i--; i < 0 {
			n.Runtime.Collect(e.id)
			return true
		}
	}
	return false
}

// Lose ends everything on a worker for good: not even Heal brings it back. False: it is lost already.
func (n *Node) Lose() bool {
	if n.Kubelet.lost {
		return false
	}
	n.world.Crash(n.Kubelet)
	n.Runtime.Reboot()
	n.Kubelet.lost = true
	if n.Proxy != nil {
		n.world.Crash(n.Proxy)
		n.Proxy.lost = true
	}
	return true
}

// Reboot ends everything on a worker: its containers, the rules in its kernel, and what its kubelet and its proxy knew.
func (n *Node) Reboot() {
	w := n.world
	w.Crash(n.Kubelet)
	n.Runtime.Reboot()
	if n.Proxy != nil {
		w.Crash(n.Proxy)
		n.Kernel.Tamper()
		w.Start(n.Proxy)
	}
	w.Start(n.Kubelet)
}
