package disk

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/server/v3/embed"
)

// patience bounds every wait of the tests.
const patience = 30 * time.Second

// The test binary re-executes itself: as the disk's server, since that must not live in the process that uses the disk, and
// as users of the disk that are killed.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 {
		os.Exit(m.Run())
	}
	var err error
	switch os.Args[1] {
	case "disk":
		cmd := Command()
		cmd.SetArgs(os.Args[2:])
		err = cmd.ExecuteContext(context.Background())
	case "fsync":
		err = writeAndPersist(os.Args[2])
	case "etcd":
		err = etcd(os.Args[2], os.Args[3])
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func writeAndPersist(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := f.WriteString("persistent"); err != nil {
		return err
	}
	return f.Sync()
}

// etcd runs a member with its data in dir, whose client socket is sockets/client:0.
func etcd(dir, sockets string) error {
	if err := os.Chdir(sockets); err != nil {
		return err
	}
	config := embed.NewConfig()
	config.Dir, config.LogLevel = dir, "error"
	clientURL, peerURL := url.URL{Scheme: "unix", Host: "client:0"}, url.URL{Scheme: "unix", Host: "peer:0"}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{clientURL}, []url.URL{clientURL}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peerURL}, []url.URL{peerURL}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	e, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	return <-e.Err()
}

// testDisk is a disk whose server is a process of its own.
type testDisk struct {
	*Client
	mountpoint string
	server     *exec.Cmd
}

func start(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	require.NoError(t, cmd.Start())
	return cmd
}

func newDisk(t *testing.T) *testDisk {
	t.Helper()
	dir := t.TempDir()
	socket := filepath.Join(dir, "control")
	d := &testDisk{Client: NewClient(socket), mountpoint: filepath.Join(dir, "mount")}
	d.server = start(t, "disk", "--backing", filepath.Join(dir, "backing"), "--mount", d.mountpoint, "--control", socket)
	t.Cleanup(func() {
		d.server.Process.Signal(syscall.SIGTERM)
		require.NoError(t, d.server.Wait(), "the disk's server ends cleanly")
		left, err := Mounts(dir)
		require.NoError(t, err)
		require.Empty(t, left, "the mount is gone")
	})
	require.Eventually(t, func() bool {
		_, err := d.Counters(t.Context())
		return err == nil
	}, patience, time.Millisecond)
	return d
}

func (d *testDisk) path(name string) string { return filepath.Join(d.mountpoint, name) }
