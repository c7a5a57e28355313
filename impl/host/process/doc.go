// Package process starts the processes of a cluster, each in its machine's network namespace, and keeps them running.
package process

import "context"

// Process is one supervised process.
type Process struct{}

// Name is COMPONENT@MACHINE.
func (p *Process) Name() string { return "" }

// Pid is the process that runs now; 0: none.
func (p *Process) Pid() int { return 0 }

// Starts counts how often it was started.
func (p *Process) Starts() int { return 0 }

// Kill kills the process with SIGKILL and returns when it is gone. A supervised process is started again.
func (p *Process) Kill(ctx context.Context) error { return nil }

// Pause stops it with SIGSTOP; Resume lets it go on.
func (p *Process) Pause() error  { return nil }
func (p *Process) Resume() error { return nil }

// Stop kills the process and keeps it from being started again; Start ends that.
func (p *Process) Stop(ctx context.Context) error  { return nil }
func (p *Process) Start(ctx context.Context) error { return nil }
