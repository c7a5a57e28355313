package proxy

import (
	"context"
	"fmt"
	"log"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/vishvananda/netns"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"orrery/impl/client"
	"orrery/impl/control"
	"orrery/impl/metrics"
	"orrery/impl/proxy/rules/nft"
	"orrery/impl/trace"
)

// examine is how often the kernel is looked at (--sync-period).
const examine = 30 * time.Second

// Command is `orrery proxy`.
func Command() *cobra.Command {
	var node, kubeconfig, traceFile string
	var address *string
	cmd := &cobra.Command{
		Use:           "proxy",
		Short:         "Send what is for services to their endpoints, on one node",
		Example:       "  orrery proxy --node worker-1 --kubeconfig node.kubeconfig",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if problems := validation.IsDNS1123Subdomain(node); len(problems) > 0 {
				return fmt.Errorf("--node %q: %s", node, problems[0])
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			transport, err := client.FromKubeconfig(kubeconfig)
			if err != nil {
				return err
			}
			defer transport.Close()
			registry, unserve, err := metrics.Start(ctx, *address)
			if err != nil {
				return err
			}
			defer unserve()
			transport.Measure(registry.Requests())
			sink := trace.Discard
			if traceFile != "" {
				file, err := trace.Open(traceFile, "proxy-"+node)
				if err != nil {
					return err
				}
				defer func() { _ = file.Close() }()
				sink = file
			}
			return serve(ctx, node, transport, sink, registry.Loops(false), log.New(cmd.ErrOrStderr(), "proxy: ", log.LstdFlags|log.Lmsgprefix).Printf)
		},
	}
	address = metrics.Flag(cmd.Flags())
	cmd.Flags().StringVar(&node, "node", "", "name of the Node")
	cmd.Flags().StringVar(&kubeconfig, "kubeconfig", "", "file that names the API servers, in turn alternatives, and who we are")
	cmd.Flags().StringVar(&traceFile, "trace", "", "file to which what happens is appended")
	for _, name := range []string{"node", "kubeconfig"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return cmd
}

// serve is the proxy as a process, in the network namespace in which it was started: it runs until ctx ends. The rules stay.
func serve(ctx context.Context, node string, transport client.Transport, sink trace.Sink, meter *metrics.Loops, logf func(string, ...any)) error {
	kernel, err := nft.New(netns.None())
	if err != nil {
		return err
	}
	defer kernel.Close()
	name := trace.Incarnation("proxy-" + node)
	local := &Local{Node: node, Rules: kernel, Trace: sink}
	loop := control.New(control.Config{Component: New(node), ID: name, Trace: sink})
	control.Run(ctx, loop, control.Shell{
		Transport: client.Recorded(transport, sink, name), Perform: local.Perform, Meter: meter, Log: logf,
		Feeds: []func(context.Context, func(string, int64, []metav1.Object) error){local.Feed(examine)},
	})
	return nil
}
