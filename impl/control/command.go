package control

import (
	"context"
	"log"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"orrery/impl/client"
	"orrery/impl/trace"
)

// Command is a command that runs components against an API server until SIGTERM or SIGINT, several in one process. They are made when its flags
// have been read.
func Command(use, short string, components func() ([]Component, error)) *cobra.Command {
	var kubeconfig, traceFile string
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
			all, err := components()
			if err != nil {
				return err
			}
			transport, err := client.FromKubeconfig(kubeconfig)
			if err != nil {
				return err
			}
			defer transport.Close()
			sink := trace.Discard
			if traceFile != "" {
				file, err := trace.Open(traceFile, use)
				if err != nil {
					return err
				}
				defer file.Close()
				sink = file
			}
			logger := log.New(cmd.ErrOrStderr(), use+": ", log.LstdFlags|log.Lmsgprefix)
			serve(ctx, transport, sink, trace.Incarnation(use), all, logger.Printf)
			return nil
		},
	}
	cmd.Flags().StringVar(&kubeconfig, "kubeconfig", "", "file that names the API servers, in turn alternatives, and who we are")
	cmd.Flags().StringVar(&traceFile, "trace", "", "file to which what happens is appended")
	if err := cmd.MarkFlagRequired("kubeconfig"); err != nil {
		panic(err)
	}
	return cmd
}

// serve runs every component in a loop of its own until ctx ends, and then says what they still wanted.
func serve(ctx context.Context, transport client.Transport, sink trace.Sink, name string, components []Component, logf func(string, ...any)) {
	var running sync.WaitGroup
	loops := make([]*Loop, len(components))
	for i, c := range components {
		id := name
		if len(components) > 1 {
			id += "." + c.Name()
		}
		loops[i] = New(Config{Component: c, ID: id, Trace: sink})
		running.Go(func() {
			Run(ctx, loops[i], Shell{Transport: client.Recorded(transport, sink, id), Log: logf})
		})
	}
	running.Wait()
	for _, l := range loops {
		for _, w := range l.Wants() {
			logf("%s %s: still wants %s", w.Component, w.Key, w.Why)
		}
	}
}
