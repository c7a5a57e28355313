package cri_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/host/containerd/containerdtest"
)

// Goal: a start that is given up halfway leaves nothing behind the end, though runc's cgroup stays when containerd has forgotten the container, as it does
// when a kubelet is killed. Method: starts that are given up ever later; about one in six of those that fail leaves a cgroup.
func TestAStartThatIsGivenUp(t *testing.T) {
	var ids []string
	t.Cleanup(func() { // after the worker's
		require.NoError(t, filepath.WalkDir("/sys/fs/cgroup", func(path string, e fs.DirEntry, err error) error {
			require.NotContains(t, ids, filepath.Base(path), path)
			if errors.Is(err, fs.ErrNotExist) { // somebody else's, which has gone
				return nil
			}
			return err
		}))
	})
	r := start(t)
	ctx := containerdtest.Bounded(t)
	for i := range 20 {
		name := fmt.Sprintf("p%d", i)
		config := &api.PodSandboxConfig{Metadata: &api.PodSandboxMetadata{Name: name, Namespace: "default", Uid: name}, LogDirectory: r.Logs,
			Linux: &api.LinuxPodSandboxConfig{CgroupParent: r.CgroupParent()}}
		sandbox, err := r.RunSandbox(ctx, config)
		require.NoError(t, err)
		id, err := r.CreateContainer(ctx, sandbox, &api.ContainerConfig{Metadata: &api.ContainerMetadata{Name: "web"}, Image: &api.ImageSpec{Image: "local/web:1"},
			LogPath: name + ".log", Linux: &api.LinuxContainerConfig{}}, config)
		require.NoError(t, err)
		ids = append(ids, sandbox, id)
		short, cancel := context.WithTimeout(ctx, time.Duration(i)*2*time.Millisecond)
		_ = r.StartContainer(short, id) // whatever became of it
		cancel()
		require.NoError(t, r.StopSandbox(ctx, sandbox))
	}
}
