package containerd

import (
	"net/netip"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"orrery/impl/trace"
)

// Command is `orrery containerd`.
func Command() *cobra.Command {
	var c Config
	var pods string
	cmd := &cobra.Command{
		Use:           "containerd",
		Short:         "Run containerd with its CRI plugin for one worker",
		Example:       "  orrery containerd --root /var/lib/w --state /run/w --address /run/w/c.sock --tools $PWD/bin --pods 10.88.1.0/24",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			if c.Pods, err = netip.ParsePrefix(pods); err != nil {
				return err
			}
			return Serve(ctx, c)
		},
	}
	cmd.Flags().StringVar(&c.Root, "root", "", "directory of what must survive")
	cmd.Flags().StringVar(&c.State, "state", "", "directory of what need not survive a boot")
	cmd.Flags().StringVar(&c.Address, "address", "", "unix socket of the CRI")
	cmd.Flags().StringVar(&c.Tools, "tools", "", "directory of runc, containerd-shim-runc-v2, and cni/")
	cmd.Flags().StringVar(&pods, "pods", "", "range of the pods' addresses")
	for _, name := range []string{"root", "state", "address", "tools", "pods"} {
		cmd.MarkFlagRequired(name)
	}
	return cmd
}

// ObserveCommand is `orrery observe-runtime`.
func ObserveCommand() *cobra.Command {
	var address, node, path string
	cmd := &cobra.Command{
		Use:           "observe-runtime",
		Short:         "Record what really happens to the containers of one worker",
		Example:       "  orrery observe-runtime --address /run/w/c.sock --node worker-1 --trace observer.jsonl",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			sink, err := trace.Open(path, "observer@"+node)
			if err != nil {
				return err
			}
			defer sink.Close()
			o, err := NewObserver(address, node, sink, path)
			if err != nil {
				return err
			}
			return o.Run(ctx)
		},
	}
	cmd.Flags().StringVar(&address, "address", "", "containerd's unix socket")
	cmd.Flags().StringVar(&node, "node", "", "the worker's name")
	cmd.Flags().StringVar(&path, "trace", "", "file to append to")
	for _, name := range []string{"address", "node", "trace"} {
		cmd.MarkFlagRequired(name)
	}
	return cmd
}
