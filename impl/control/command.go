package control

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"

	"orrery/impl/client"
	"orrery/impl/control/election"
	"orrery/impl/trace"
)

// Command is a command that runs components against an API server until SIGTERM or SIGINT, several in one process. They are made when its flags
// have been read. Of the processes that run it the one acts that holds the lease of that name.
func Command(use, short, lease string, components func() ([]Component, error)) *cobra.Command {
	var machine string
	var flags *Flags
	elect, elected := true, election.Default
	cmd := &cobra.Command{
		Use:           use,
		Short:         short,
		Example:       "  orrery " + use + " --kubeconfig admin.kubeconfig",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			if err := elected.Validate(); elect && err != nil {
				return err
			}
			all, err := components()
			if err != nil {
				return err
			}
			p, err := flags.Open(ctx, on(use, machine))
			if err != nil {
				return err
			}
			defer p.Close()
			meter := p.Registry.Loops(lease == "kube-scheduler")
			logger := log.New(cmd.ErrOrStderr(), use+": ", log.LstdFlags|log.Lmsgprefix)
			name := trace.Incarnation(on(use, machine))
			if !elect {
				serve(ctx, p, name, all, Shell{Meter: meter, Log: logger.Printf})
				return nil
			}
			identity, err := identity(machine)
			if err != nil {
				return err
			}
			elector := election.New(elected, metav1.NamespaceSystem, lease, identity)
			shell := Shell{Transport: client.Recorded(p.Transport, p.Sink, name+"."+election.Component), Log: logger.Printf}
			meter.Leads(lease, false)
			Elect(ctx, elector, shell, p.Sink, func(ctx context.Context, term int, leads func(time.Time) bool) {
				all, err := components() // anew: who leads begins without memory
				if err != nil {
					logger.Print(err)
					return
				}
				logger.Printf("leads, as %s", identity)
				meter.Leads(lease, true)
				defer meter.Leads(lease, false)
				serve(ctx, p, fmt.Sprintf("%s.term-%d", name, term), all, Shell{Leads: leads, Meter: meter, Log: logger.Printf})
				logger.Printf("does not act any more")
			})
			return nil
		},
	}
	flags = AddFlags(cmd)
	// Upstream: has none, as each machine has a name of its own there.
	cmd.Flags().StringVar(&machine, "machine", "", "name of the machine, in the lease and in traces (default: the host's, in the lease)")
	cmd.Flags().BoolVar(&elect, "leader-elect", elect, "act only while holding the lease "+lease+" in "+metav1.NamespaceSystem+", so that this may run more than once")
	cmd.Flags().DurationVar(&elected.LeaseDuration, "leader-elect-lease-duration", elected.LeaseDuration, "how long the others wait for a leader that is silent")
	cmd.Flags().DurationVar(&elected.RenewDeadline, "leader-elect-renew-deadline", elected.RenewDeadline, "how long a leader acts after its last renewal")
	cmd.Flags().DurationVar(&elected.RetryPeriod, "leader-elect-retry-period", elected.RetryPeriod, "the time between two renewals, or two looks")
	return cmd
}

// on names a process by what it runs and, where that is known, on what machine.
func on(use, machine string) string {
	if machine == "" {
		return use
	}
	return use + "-" + machine
}

// identity is of this life of this process only, as upstream's.
func identity(machine string) (_ string, err error) {
	if machine == "" {
		if machine, err = os.Hostname(); err != nil {
			return "", err
		}
	}
	return machine + "_" + string(uuid.NewUUID()), nil
}

// serve runs every component in a loop of its own until ctx ends, and then says what they still wanted.
func serve(ctx context.Context, p *Process, name string, components []Component, shell Shell) {
	var running sync.WaitGroup
	loops := make([]*Loop, len(components))
	for i, c := range components {
		id := name
		if len(components) > 1 {
			id += "." + c.Name()
		}
		loops[i] = New(Config{Component: c, ID: id, Trace: p.Sink})
		running.Go(func() {
			shell := shell
			shell.Transport = client.Recorded(p.Transport, p.Sink, id)
			Run(ctx, loops[i], shell)
		})
	}
	running.Wait()
	for _, l := range loops {
		for _, w := range l.Wants() {
			shell.Log("%s %s: still wants %s", w.Component, w.Key, w.Why)
		}
	}
}
