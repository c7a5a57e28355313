package fake

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"orrery/impl/kubelet/runtime"
)

// Machine is a runtime whose processes are programs and whose time is given. It implements [runtime.Runtime]. Its methods
// may be called from several goroutines; a simulation calls them from one.
type Machine struct {
	mu         sync.Mutex
	now        time.Time
	next       int // the last number given as an ID or address
	down       bool
	sandboxes  map[string]*sandbox
	containers map[string]*container
	images     map[string]bool

	// Fault, if set, is asked at every call: an error before is returned instead of the call, an error after it in place of
	// the answer. It says how a call is lost.
	Fault func(call string) (before, after error)
	// Observe, if set, is told every change of a container, in order: the ground truth that a test judges by.
	Observe func(Change)
	// Command, if set, is what Exec does in a running container.
	Command func(container runtime.Container, command []string) (runtime.ExecResult, error)
}

// Change is one change of a container or, with an empty Container, of a sandbox.
type Change struct {
	At                   time.Time
	UID, Namespace, Name string
	Container            string
	Attempt              uint32
	ID                   string
	State                string // created, started, exited, removed
	ExitCode             int32
	// Told is when it was first told to stop; zero: it was not.
	Told time.Time
}

type sandbox struct {
	runtime.Sandbox
	uid, namespace, name string
}

type container struct {
	runtime.Container
	program Program
	sandbox *sandbox
	ends    time.Time // when its program ends by itself; zero: never
	kill    time.Time // when it is killed; zero: it was not asked to stop
	term    time.Time // when it ends after TERM; zero: it was not asked or does not listen
	told    time.Time // when it was first asked to stop; zero: it was not asked
}

// New makes an empty machine on which those images are present.
func New(now time.Time, images ...string) *Machine {
	m := &Machine{now: now, sandboxes: map[string]*sandbox{}, containers: map[string]*container{}, images: map[string]bool{}}
	for _, image := range images {
		m.images[image] = true
	}
	return m
}

// Advance moves the machine's clock and lets processes end. A clock never goes back.
func (m *Machine) Advance(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		c, at, code := m.soonest()
		if c == nil || at.After(now) {
			break
		}
		m.now = at
		m.exit(c, code)
	}
	if now.After(m.now) {
		m.now = now
	}
}

// Due is when the next process ends; false: none will by itself.
func (m *Machine) Due() (time.Time, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, at, _ := m.soonest()
	return at, c != nil
}

// SetDown makes every call fail, or ends that; processes go on.
func (m *Machine) SetDown(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

// Reboot ends every process and sandbox, as the machine's loss of power does; the records stay.
func (m *Machine) Reboot() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.ordered() {
		if c.MayRun() {
			m.exit(c, codeUnknown)
		}
	}
	for _, s := range m.sandboxes {
		s.die()
	}
}

// Kill kills the process of a container or of a sandbox from outside, as the kernel does where memory runs out. The
// containers of a sandbox that dies go on.
func (m *Machine) Kill(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.containers[id]; c != nil && c.MayRun() {
		m.exit(c, codeKill)
	}
	if s := m.sandboxes[id]; s != nil {
		s.die()
	}
}

// Lose makes the runtime unable to tell about a container, which it goes on running.
func (m *Machine) Lose(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.containers[id]; c != nil && c.State == runtime.Running {
		c.State = runtime.Unknown
	}
}

// Collect forgets an exited container, as if someone else had removed it.
func (m *Machine) Collect(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.containers[id]; c != nil && c.State == runtime.Exited {
		m.forget(c)
	}
}

// soonest finds the next end of a process.
func (m *Machine) soonest() (found *container, at time.Time, code int32) {
	consider := func(c *container, t time.Time, exit int32) {
		if !t.IsZero() && (found == nil || t.Before(at)) {
			found, at, code = c, t, exit
		}
	}
	for _, c := range m.ordered() {
		if c.MayRun() {
			consider(c, c.ends, c.program.Code)
			consider(c, c.term, c.program.TermCode)
			consider(c, c.kill, codeKill)
		}
	}
	return found, at, code
}

// ordered are the containers in the order of creation: no decision follows the order of a map.
func (m *Machine) ordered() []*container {
	all := make([]*container, 0, len(m.containers))
	for _, c := range m.containers {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *container) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), strings.Compare(a.ID, b.ID))
	})
	return all
}

// die takes the address away with the network.
func (s *sandbox) die() { s.Ready, s.IPs = false, nil }

func (m *Machine) exit(c *container, code int32) {
	c.State, c.ExitCode, c.Finished, c.Reason = runtime.Exited, code, m.now, "Error"
	switch code {
	case 0:
		c.Reason = "Completed"
	case codeUnknown:
		c.Reason = "Unknown"
	}
	m.tell(c, "exited")
}

func (m *Machine) forget(c *container) {
	delete(m.containers, c.ID)
	m.tell(c, "removed")
}

func (m *Machine) tell(c *container, state string) {
	if m.Observe != nil {
		m.Observe(Change{At: m.now, UID: c.sandbox.uid, Namespace: c.sandbox.namespace, Name: c.sandbox.name,
			Container: c.Name, Attempt: c.Attempt, ID: c.ID, State: state, ExitCode: c.ExitCode, Told: c.told})
	}
}

func (m *Machine) id(kind string) string {
	m.next++
	return kind + "-" + strconv.Itoa(m.next)
}

// enter begins a call: the caller holds the lock until the function returned is called with the answer.
func (m *Machine) enter(call string) (leave func(error) error, err error) {
	m.mu.Lock()
	var before, after error
	if m.Fault != nil {
		before, after = m.Fault(call)
	}
	if m.down {
		before = fmt.Errorf("%s: %w", call, runtime.ErrUnavailable)
	}
	if before != nil {
		m.mu.Unlock()
		return nil, before
	}
	return func(err error) error {
		m.mu.Unlock()
		return cmp.Or(err, after)
	}, nil
}
