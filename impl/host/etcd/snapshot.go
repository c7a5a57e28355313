package etcd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/snapshot"
	restore "go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"

	"orrery/impl/store/etcd"
)

// DefaultBump is by how much a restored store's revision is raised: more than was written since any snapshot that one would restore. Upstream
// recommends a billion.
const DefaultBump = 1_000_000_000

// snapshotCommand is `orrery etcd snapshot`.
func snapshotCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "snapshot", Short: "Save the store to a file, or make a member's data of one"}
	var a access
	save := &cobra.Command{
		Use: "save FILE", Short: "Save what the store holds now", Args: cobra.ExactArgs(1), SilenceUsage: true, SilenceErrors: true,
		Example: "  orrery etcd snapshot save backup.db --endpoints https://10.77.0.11:2379 --pki-dir out/up/pki/etcd",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), a.timeout)
			defer cancel()
			config, err := a.tls()
			if err != nil {
				return err
			}
			// One member is asked, as the snapshot is its own.
			if _, err := snapshot.SaveWithVersion(ctx, zap.NewNop(), clientv3.Config{Endpoints: a.endpoints[:1], TLS: config, Logger: zap.NewNop()}, args[0]); err != nil {
				return fmt.Errorf("etcd: snapshot: %w", err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "saved to %s\n", args[0])
			return nil
		},
	}
	a.flags(save)
	var c etcd.Config
	var bump uint64
	load := &cobra.Command{
		Use: "restore FILE", Short: "Make the data of a member of a new cluster", Args: cobra.ExactArgs(1), SilenceUsage: true, SilenceErrors: true,
		Long: `Each member of the new cluster is made of the same file. Revisions go on far beyond those that clients may have seen, and what is older counts as
compacted: every watch is told so, and every cache lists anew (E17).`,
		Example: "  orrery etcd snapshot restore backup.db --name control-1 --data-dir data --listen-peer https://10.77.0.11:2380",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := Restore(args[0], c, bump); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "restored to %s, revision raised by %d\n", c.DataDir, bump)
			return nil
		},
	}
	load.Flags().StringVar(&c.Name, "name", "", "name of the member")
	load.Flags().StringVar(&c.DataDir, "data-dir", "", "directory of its data, which must not be there")
	load.Flags().StringVar(&c.ListenPeer, "listen-peer", "", "`URL` on which the other members are served")
	load.Flags().StringVar(&c.InitialCluster, "initial-cluster", "", "`NAME=URL,...` of all members; empty: this one is alone")
	load.Flags().Uint64Var(&bump, "bump-revision", DefaultBump, "by how much the revision is raised")
	for _, name := range []string{"name", "data-dir", "listen-peer"} {
		if err := load.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	cmd.AddCommand(save, load)
	return cmd
}

// Restore makes the data of a member of a new cluster of a snapshot. The revision is raised by bump, and all before that is marked as compacted, so
// that no client takes what it sees for what it has seen.
func Restore(file string, c etcd.Config, bump uint64) error {
	if bump == 0 {
		return errors.New("etcd: restore: the revision must be raised: else clients would see the past under revisions that they know")
	}
	if _, err := os.Stat(c.DataDir); err == nil {
		return fmt.Errorf("etcd: restore: %s is there: give a directory that is not", c.DataDir)
	}
	if c.InitialCluster == "" {
		c.InitialCluster = c.Name + "=" + c.ListenPeer
	}
	err := restore.NewV3(zap.NewNop()).Restore(restore.RestoreConfig{
		SnapshotPath: file, Name: c.Name, OutputDataDir: c.DataDir, OutputWALDir: filepath.Join(c.DataDir, "member", "wal"), PeerURLs: []string{c.ListenPeer},
		InitialCluster: c.InitialCluster, InitialClusterToken: etcd.ClusterToken, RevisionBump: bump, MarkCompacted: true,
	})
	if err != nil {
		return fmt.Errorf("etcd: restore %s: %w", file, err)
	}
	return nil
}
