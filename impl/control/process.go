package control

import (
	"context"

	"github.com/spf13/cobra"

	"orrery/impl/client"
	"orrery/impl/metrics"
	"orrery/impl/trace"
)

// Flags are those of every command that runs loops.
type Flags struct {
	kubeconfig, trace string
	metrics           *string
}

// AddFlags adds them.
func AddFlags(cmd *cobra.Command) *Flags {
	f := &Flags{metrics: metrics.Flag(cmd.Flags())}
	cmd.Flags().StringVar(&f.kubeconfig, "kubeconfig", "", "file that names the API servers, in turn alternatives, and who we are")
	cmd.Flags().StringVar(&f.trace, "trace", "", "file to which what happens is appended")
	if err := cmd.MarkFlagRequired("kubeconfig"); err != nil {
		panic(err)
	}
	return f
}

// Process is what the loops of one process share.
type Process struct {
	Transport *client.HTTP
	Sink      trace.Sink
	// Registry is nil where no metrics are asked for.
	Registry *metrics.Registry

	closes []func()
}

// Open opens what the flags name, for a process that has a name in traces. Metrics are served until ctx ends.
func (f *Flags) Open(ctx context.Context, name string) (_ *Process, err error) {
	p := &Process{Sink: trace.Discard}
	defer func() {
		if err != nil {
			p.Close()
		}
	}()
	if p.Transport, err = client.FromKubeconfig(f.kubeconfig); err != nil {
		return nil, err
	}
	p.closes = append(p.closes, p.Transport.Close)
	registry, unserve, err := metrics.Start(ctx, *f.metrics)
	if err != nil {
		return nil, err
	}
	p.Registry, p.closes = registry, append(p.closes, unserve)
	p.Transport.Measure(registry.Requests())
	if f.trace == "" {
		return p, nil
	}
	file, err := trace.Open(f.trace, name)
	if err != nil {
		return nil, err
	}
	// What has not reached the file when the process ends is as if it had been killed.
	p.Sink, p.closes = file, append(p.closes, func() { _ = file.Close() })
	return p, nil
}

// Close closes it all, the last first.
func (p *Process) Close() {
	for ; len(p.closes) > 0; p.closes = p.closes[:len(p.closes)-1] {
		p.closes[len(p.closes)-1]()
	}
}
