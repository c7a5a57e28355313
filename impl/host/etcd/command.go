package etcd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"orrery/impl/apiserver/pki"
	"orrery/impl/metrics"
	"orrery/impl/store/etcd"
)

// Command is `orrery etcd`.
func Command() *cobra.Command {
	var c etcd.Config
	var pkiDir, state string
	var address *string
	cmd := &cobra.Command{
		Use:   "etcd",
		Short: "Run one etcd member",
		Example: "  orrery etcd --name control-1 --data-dir data --pki-dir pki/etcd --listen-client https://10.77.0.11:2379 \\\n" +
			"      --listen-peer https://10.77.0.11:2380 --initial-cluster control-1=https://10.77.0.11:2380",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			switch state {
			case "new", "existing":
				c.Existing = state == "existing"
			default:
				return fmt.Errorf("etcd: --initial-cluster-state %q: new or existing", state)
			}
			if err := metrics.Free(*address); err != nil {
				return err
			}
			c.Metrics = *address
			return run(ctx, c, pkiDir)
		},
	}
	address = metrics.Flag(cmd.Flags())
	cmd.Flags().StringVar(&c.Name, "name", "", "name of the member")
	cmd.Flags().StringVar(&c.DataDir, "data-dir", "", "directory of its data")
	cmd.Flags().StringVar(&c.ListenClient, "listen-client", "", "`URL` on which clients are served")
	cmd.Flags().StringVar(&c.ListenPeer, "listen-peer", "", "`URL` on which the other members are served")
	cmd.Flags().StringVar(&c.InitialCluster, "initial-cluster", "", "`NAME=URL,...` of the peers' sides of all members; empty: this one is alone")
	cmd.Flags().StringVar(&state, "initial-cluster-state", "new", "new, or existing where the member was added to a cluster that runs")
	cmd.Flags().DurationVar(&c.Heartbeat, "heartbeat-interval", 0, "between members; an election takes ten of them (default: etcd's)")
	cmd.Flags().StringVar(&pkiDir, "pki-dir", "", "directory of etcd's authority, of which a certificate is all that a client needs")
	for _, name := range []string{"name", "data-dir", "listen-client", "listen-peer", "pki-dir"} {
		cmd.MarkFlagRequired(name)
	}
	cmd.AddCommand(memberCommand(), snapshotCommand())
	return cmd
}

func run(ctx context.Context, c etcd.Config, pkiDir string) error {
	files, err := certificate(c, pkiDir)
	if err != nil {
		return err
	}
	c.Client, c.Peer, c.Log = files, files, os.Stderr
	m, err := etcd.Start(ctx, c)
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return nil // asked to end before there was a quorum
		}
		return err
	}
	select {
	case <-ctx.Done():
		m.Stop()
		return nil
	case <-m.Done():
		m.Stop()
		if m.Err() == nil { // only who is no member any more ends so
			return fmt.Errorf("etcd: member %q was removed from its cluster; what is added under this name needs an empty data directory", c.Name)
		}
		return fmt.Errorf("etcd: member %q stopped: %w", c.Name, m.Err())
	}
}

// certificate issues what both sides of the member show: a member is a client of its peers too.
func certificate(c etcd.Config, dir string) (etcd.TLS, error) {
	subject := pki.Subject{User: "system:etcd:" + c.Name, Server: true, Client: true, Hosts: []string{"localhost", "127.0.0.1"}}
	for _, listen := range []string{c.ListenClient, c.ListenPeer} {
		u, err := url.Parse(listen)
		if err != nil {
			return etcd.TLS{}, fmt.Errorf("etcd: %w", err)
		}
		subject.Hosts = append(subject.Hosts, u.Hostname())
	}
	authority, err := pki.Ensure(dir)
	if err != nil {
		return etcd.TLS{}, err
	}
	cert, key, err := authority.Issue("etcd-"+c.Name, subject)
	if err != nil {
		return etcd.TLS{}, err
	}
	return etcd.TLS{Cert: cert, Key: key, CA: authority.CertFile()}, nil
}
