package cri_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/host/containerd/containerdtest"
	"orrery/impl/kubelet/runtime"
)

// Goal: what the machine leaves out, on the real thing: images, events, and a kill in the middle of a call.
func TestReal(t *testing.T) {
	r := start(t)
	ctx := containerdtest.Bounded(t)

	images, err := r.Images(ctx)
	require.NoError(t, err)
	has := func(name string) bool {
		return slices.ContainsFunc(images, func(i runtime.Image) bool { return slices.Contains(i.Names, name) && i.Size > 0 && i.ID != "" })
	}
	require.True(t, has("docker.io/local/web:1"), "%v", images)
	for _, name := range []string{"local/web:1", "docker.io/local/web:1"} {
		ref, err := r.ImageRef(ctx, name)
		require.NoError(t, err)
		require.NotEmpty(t, ref, name)
	}
	ref, err := r.ImageRef(ctx, "local/web:none")
	require.NoError(t, err)
	require.Empty(t, ref)
	version, err := r.Version(ctx)
	require.NoError(t, err)
	require.Equal(t, "containerd", version.Name)
	status, err := r.Client.Status(ctx)
	require.NoError(t, err)
	require.True(t, status.Ready && status.NetworkReady, "%+v", status)

	told := make(chan string, 100)
	watching, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- r.Changes(watching, func(uid string) { told <- uid }) }()
	config := &api.PodSandboxConfig{Metadata: &api.PodSandboxMetadata{Name: "p", Namespace: "default", Uid: "u"}, LogDirectory: r.Logs,
		Labels: map[string]string{runtime.LabelPodName: "p", runtime.LabelPodNamespace: "default", runtime.LabelPodUID: "u"}, Linux: &api.LinuxPodSandboxConfig{CgroupParent: r.CgroupParent()}}
	// Events that come before the subscription is in force are lost: sandboxes are made until one is told.
	await(t, "a change is told", func() bool {
		config.Metadata.Attempt++
		_, err := r.RunSandbox(ctx, config)
		require.NoError(t, err)
		select {
		case uid := <-told:
			require.Equal(t, "u", uid)
			return true
		default:
			return false
		}
	})
	stop()
	require.ErrorIs(t, <-ended, context.Canceled)

	// A call of unknown outcome is repeated: it is made, or it says that it was.
	for attempt := range uint32(3) {
		config.Metadata.Uid, config.Metadata.Attempt, config.Labels[runtime.LabelPodUID] = "v", attempt, "v"
		answer := make(chan error, 1)
		go func() {
			_, err := r.RunSandbox(ctx, config)
			answer <- err
		}()
		await(t, "the call is under way", func() bool { return len(answer) > 0 || len(r.Pids()) > 0 })
		r.crash(t, nil, func() { <-answer })
		_, err := r.RunSandbox(ctx, config)
		pod, listed := r.Inspect(ctx, "v")
		require.NoError(t, listed)
		exists := slices.ContainsFunc(pod.Sandboxes, func(s runtime.Sandbox) bool { return s.Attempt == attempt })
		require.True(t, exists, "%v: a sandbox that exists is in the list, whatever RunSandbox says", err)
		if err != nil {
			require.ErrorIs(t, err, runtime.ErrExists)
		}
	}
	pods, err := r.List(ctx)
	require.NoError(t, err)
	for _, p := range pods {
		for _, s := range p.Sandboxes {
			require.NoError(t, r.RemoveSandbox(ctx, s.ID))
		}
	}
	pods, err = r.List(ctx)
	require.NoError(t, err)
	require.Empty(t, pods)
}
