package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"orrery/impl/host/containerd"
	"orrery/impl/host/machine"
	"orrery/impl/host/sweep"
)

// cleanTimeout bounds `orrery clean-host`, loadTimeout `orrery load`.
const (
	cleanTimeout = time.Minute
	loadTimeout  = 5 * time.Minute
)

// UpCommand is `orrery up`.
func UpCommand() *cobra.Command {
	var c Config
	cmd := &cobra.Command{
		Use:           "up",
		Short:         "Bring up a cluster on this host, to use with kubectl; Ctrl-C removes it",
		Example:       "  orrery up\n  orrery up --control-planes 3 --workers 2 --dir data",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
			defer stop()
			c.Log, c.Metrics = cmd.ErrOrStderr(), true
			return runUp(ctx, cmd, c)
		},
	}
	cmd.Flags().IntVar(&c.ControlPlanes, "control-planes", 1, "machines with an etcd member and an API server: 1, 3, 5 or 7")
	cmd.Flags().IntVar(&c.Workers, "workers", 2, "machines that run pods")
	cmd.Flags().BoolVar(&c.Standby, "standby", false, "run scheduler and controllers on two control planes each: a lease says who acts")
	cmd.Flags().StringVar(&c.Dir, "dir", filepath.Join("out", "up"), "data directory: kept, and used again by the next `up` of it")
	cmd.Flags().StringVar(&c.Trace, "trace", "", "directory into which every process writes what it does")
	cmd.Flags().BoolVar(&c.Wait, "wait", false, "where another cluster runs on this host, wait for its end instead of refusing")
	cmd.Flags().DurationVar(&c.StartTimeout, "start-timeout", DefaultStartTimeout, "bound on the time until the cluster is ready")
	return cmd
}

func runUp(ctx context.Context, cmd *cobra.Command, c Config) error {
	if c.ControlPlanes < 1 || c.Workers < 1 {
		return fmt.Errorf("--control-planes %d --workers %d: at least one of each", c.ControlPlanes, c.Workers)
	}
	started := time.Now()
	cluster, err := Up(ctx, c)
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return errors.New("interrupted while starting; everything was removed")
		}
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "ready after %.1f s\nexport KUBECONFIG=%s\n", time.Since(started).Seconds(), cluster.Kubeconfig())
	for _, command := range cluster.MetricsCommands() {
		fmt.Fprintln(cmd.OutOrStdout(), "metrics:", command)
	}
	<-ctx.Done()
	fmt.Fprintln(cmd.ErrOrStderr(), "removing the cluster; its data stays in", c.Dir)
	return cluster.Close()
}

// LoadCommand is `orrery load`.
func LoadCommand() *cobra.Command {
	return &cobra.Command{
		Use:           "load IMAGE.tar",
		Short:         "Import an OCI archive on every worker of the cluster that runs",
		Example:       "  docker save example.org/web:2 > web.tar && orrery load web.tar",
		Args:          cobra.ExactArgs(1),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), loadTimeout)
			defer cancel()
			if _, err := os.Stat(args[0]); err != nil {
				return err
			}
			sockets, err := filepath.Glob(runtimeSocket(&machine.Machine{Name: "worker-*"}))
			if err != nil {
				return err
			}
			if len(sockets) == 0 {
				return errors.New("no cluster is running on this host: start one with orrery up")
			}
			for _, socket := range sockets {
				names, err := containerd.Import(ctx, socket, args[0])
				if err != nil {
					return err
				}
				for _, name := range names {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", filepath.Base(filepath.Dir(socket)), name)
				}
			}
			return nil
		},
	}
}

// CleanCommand is `orrery clean-host`.
func CleanCommand() *cobra.Command {
	return &cobra.Command{
		Use:           "clean-host",
		Short:         "Remove whatever a killed run may have left: processes, namespaces, mounts, cgroups",
		Example:       "  orrery clean-host",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if os.Geteuid() != 0 {
				return errors.New("clean-host needs root")
			}
			lock, err := machine.TryLock()
			if err != nil {
				return err
			}
			defer lock.Unlock()
			ctx, cancel := context.WithTimeout(cmd.Context(), cleanTimeout)
			defer cancel()
			removed, err := sweep.Sweep(ctx)
			for _, name := range removed {
				fmt.Fprintln(cmd.OutOrStdout(), "removed", name)
			}
			if len(removed) == 0 && err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), "nothing was left")
			}
			return err
		},
	}
}
