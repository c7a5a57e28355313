package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	apiserver "orrery/impl/apiserver/command"
	"orrery/impl/controller"
	"orrery/impl/host/containerd"
	"orrery/impl/host/disk"
	"orrery/impl/host/etcd"
	"orrery/impl/host/machine"
	"orrery/impl/host/sweep"
	"orrery/impl/host/tools"
	"orrery/impl/kubelet"
	"orrery/impl/proxy"
	"orrery/impl/scheduler"
)

// patience bounds every wait of the tests.
const patience = 2 * time.Minute

// The test binary is the orrery binary too: every component of the clusters of these tests is this binary re-executed.
func TestMain(m *testing.M) {
	root := &cobra.Command{Use: "orrery"}
	root.AddCommand(etcd.Command(), disk.Command(), apiserver.Command(), scheduler.Command(), controller.Command(),
		kubelet.Command(), proxy.Command(), containerd.Command(), containerd.ObserveCommand(), UpCommand(), CleanCommand(), LoadCommand())
	if len(os.Args) > 1 {
		if cmd, _, err := root.Find(os.Args[1:]); err == nil && cmd != root {
			root.SetArgs(os.Args[1:])
			if err := root.ExecuteContext(context.Background()); err != nil {
				fmt.Fprintln(os.Stderr, "orrery:", err)
				os.Exit(1)
			}
			return
		}
	}
	os.Exit(m.Run())
}

// bin is the directory of the tools, which it builds.
func bin(t *testing.T) string {
	t.Helper()
	root, err := tools.Root(".")
	require.NoError(t, err)
	dir := filepath.Join(root, "bin")
	require.NoError(t, tools.Build(t.Context(), root, dir, tools.Runtime...))
	return dir
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	return ctx
}

// requireNothingLeft waits for its turn, so that another test's cluster is not taken for a leftover.
func requireNothingLeft(t *testing.T) {
	t.Helper()
	lock, err := machine.WaitLock(bounded(t))
	require.NoError(t, err)
	defer lock.Unlock()
	left, err := sweep.Left()
	require.NoError(t, err)
	require.Empty(t, left)
}
