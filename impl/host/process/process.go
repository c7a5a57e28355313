package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Delays before a process that died is started again: none after a steady life, then doubling from the first.
const (
	FirstDelay = 50 * time.Millisecond
	MaxDelay   = 2 * time.Second
	steadyLife = 5 * time.Second
)

// Spec says what to run.
type Spec struct {
	// Component and Machine together name the process.
	Component, Machine string
	// Namespace is the path of the network namespace to run in.
	Namespace string
	Path      string
	Args      []string
	// Env is added to the environment of this process.
	Env []string
	// Log is the file to which output is appended.
	Log string
	// OnParentDeath is the signal sent when this process dies; SIGKILL by default.
	OnParentDeath syscall.Signal
	// Tell is told of every start and exit; it must not call the Process. May be nil.
	Tell func(Life)
}

// Life is the start or exit of a process.
type Life struct {
	Component, Machine string
	Started            bool // otherwise it exited
	// Why is, of an exit, how it ended; of a start other than the first, that it is one again.
	Why string
}

// Process is one process, perhaps supervised. All methods may be called by several goroutines at once.
type Process struct {
	spec Spec

	mu         sync.Mutex
	cmd        *exec.Cmd // nil: none runs
	exited     chan struct{}
	wanted     bool
	supervised bool
	starts     int
	delay      time.Duration
	again      *time.Timer
}

// New is a process that is not running yet.
func New(spec Spec) *Process {
	if spec.OnParentDeath == 0 {
		spec.OnParentDeath = syscall.SIGKILL
	}
	if spec.Tell == nil {
		spec.Tell = func(Life) {}
	}
	gone := make(chan struct{})
	close(gone)
	return &Process{spec: spec, exited: gone}
}

// Component and Machine tell which process it is.
func (p *Process) Component() string { return p.spec.Component }

// Machine is the name of the machine on which it runs.
func (p *Process) Machine() string { return p.spec.Machine }

// Name is COMPONENT@MACHINE.
func (p *Process) Name() string { return p.spec.Component + "@" + p.spec.Machine }

// Pid is the process that runs now; 0: none.
func (p *Process) Pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pid()
}

func (p *Process) pid() int {
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Starts counts how often it was started.
func (p *Process) Starts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.starts
}

// Exited is closed when the process that runs now has ended.
func (p *Process) Exited() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exited
}

// Start starts the process unless it runs.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = true
	if p.cmd != nil {
		return nil
	}
	return p.start()
}

// SetArgs changes the arguments of the starts to come.
func (p *Process) SetArgs(args ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spec.Args = args
}

// Args are the arguments of the starts to come.
func (p *Process) Args() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.spec.Args)
}

// Supervise has the process started again whenever it dies, from now on.
func (p *Process) Supervise() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.supervised = true
	if p.wanted && p.cmd == nil {
		p.restartLater()
	}
}

func (p *Process) start() error {
	log, err := os.OpenFile(p.spec.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name(), err)
	}
	defer log.Close()
	cmd := exec.Command(p.spec.Path, p.spec.Args...)
	cmd.Env = append(os.Environ(), p.spec.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	// A group of its own, so that a Ctrl-C at the terminal reaches only who started it all.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: p.spec.OnParentDeath}
	if err := startIn(p.spec.Namespace, cmd); err != nil {
		return fmt.Errorf("%s: start: %w", p.Name(), err)
	}
	life := Life{Component: p.spec.Component, Machine: p.spec.Machine, Started: true}
	if p.starts++; p.starts > 1 {
		life.Why = "started again"
	}
	p.cmd, p.exited = cmd, make(chan struct{})
	p.spec.Tell(life)
	go p.wait(cmd, time.Now())
	return nil
}

// wait collects the process when it ends, and has it started again if that is wanted.
func (p *Process) wait(cmd *exec.Cmd, started time.Time) {
	cmd.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd = nil
	close(p.exited)
	p.spec.Tell(Life{Component: p.spec.Component, Machine: p.spec.Machine, Why: cmd.ProcessState.String()})
	if time.Since(started) >= steadyLife {
		p.delay = 0
	}
	if p.wanted && p.supervised {
		p.restartLater()
	}
}

func (p *Process) restartLater() {
	if p.again != nil {
		p.again.Stop()
	}
	p.again = time.AfterFunc(p.delay, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.wanted || p.cmd != nil {
			return
		}
		if err := p.start(); err != nil {
			p.spec.Tell(Life{Component: p.spec.Component, Machine: p.spec.Machine, Why: err.Error()})
			p.restartLater()
		}
	})
	p.delay = min(max(FirstDelay, 2*p.delay), MaxDelay)
}

// Kill kills the process with SIGKILL and returns when it is gone. A supervised process is started again.
func (p *Process) Kill(ctx context.Context) error { return p.end(ctx, syscall.SIGKILL) }

func (p *Process) end(ctx context.Context, signal syscall.Signal) error {
	p.mu.Lock()
	exited := p.exited
	err := p.signal(signal)
	p.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-exited:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: did not end after %v: %w", p.Name(), signal, ctx.Err())
	}
}

// signal must be called with mu held.
func (p *Process) signal(s syscall.Signal) error {
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %v: %w", p.Name(), s, err)
	}
	return nil
}

// Pause stops the process with SIGSTOP until Resume.
func (p *Process) Pause() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signal(syscall.SIGSTOP)
}

// Resume lets a paused process go on; one that is not paused does not notice.
func (p *Process) Resume() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signal(syscall.SIGCONT)
}

// Stop kills the process and keeps it from being started again until Start.
func (p *Process) Stop(ctx context.Context) error {
	p.unwant()
	return p.end(ctx, syscall.SIGKILL)
}

// Terminate asks the process to end, by SIGTERM, and keeps it from being started again. When ctx ends it is killed.
func (p *Process) Terminate(ctx context.Context) error {
	p.unwant()
	if err := p.Resume(); err != nil {
		return err
	}
	if err := p.end(ctx, syscall.SIGTERM); err == nil {
		return nil
	}
	killed, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTimeout)
	defer cancel()
	return p.end(killed, syscall.SIGKILL)
}

// killTimeout bounds how long a process may take to go after SIGKILL: longer, and it hangs in the kernel.
const killTimeout = 10 * time.Second

func (p *Process) unwant() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = false
	if p.again != nil {
		p.again.Stop()
	}
}

// lastBytes is how much of a log is searched for its last line.
const lastBytes = 4096

// LastLine is the last line that the process wrote, for the message that says why it did not start.
func (p *Process) LastLine() string {
	f, err := os.Open(p.spec.Log)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > lastBytes {
		f.Seek(-lastBytes, io.SeekEnd)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return ""
	}
	data = bytes.TrimSpace(data)
	return string(data[bytes.LastIndexByte(data, '\n')+1:])
}
