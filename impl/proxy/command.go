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
	"orrery/impl/proxy/rules/nft"
	"orrery/impl/trace"
)

// examine is how often the kernel is looked at (--sync-period).
const examine = 30 * time.Second

// Command is `orrery proxy`.
func Command() *cobra.Command {
	var node string
	var flags *control.Flags
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
			p, err := flags.Open(ctx, "proxy-"+node)
			if err != nil {
				return err
			}
			defer p.Close()
			return serve(ctx, node, p, log.New(cmd.ErrOrStderr(), "proxy: ", log.LstdFlags|log.Lmsgprefix).Printf)
		},
	}
	flags = control.AddFlags(cmd)
	cmd.Flags().StringVar(&node, "node", "", "name of the Node")
	if err := cmd.MarkFlagRequired("node"); err != nil {
		panic(err)
	}
	return cmd
}

// serve is the proxy as a process, in the network namespace in which it was started: it runs until ctx ends. The rules stay.
func serve(ctx context.Context, node string, p *control.Process, logf func(string, ...any)) error {
	kernel, err := nft.New(netns.None())
	if err != nil {
		return err
	}
	defer kernel.Close()
	name := trace.Incarnation("proxy-" + node)
	local := &Local{Node: node, Rules: kernel, Trace: p.Sink}
	loop := control.New(control.Config{Component: New(node), ID: name, Trace: p.Sink})
	control.Run(ctx, loop, control.Shell{
		Transport: client.Recorded(p.Transport, p.Sink, name), Perform: local.Perform, Meter: p.Registry.Loops(false), Log: logf,
		Feeds: []func(context.Context, func(string, int64, []metav1.Object) error){local.Feed(examine)},
	})
	return nil
}
