package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	criapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/host/image"
	"orrery/impl/host/sweep"
	"orrery/impl/kubelet/runtime/cri"
)

// bareStarter starts pods by the calls that a kubelet makes, and no others. The kubelet beside it leaves them alone, as they
// have none of its labels.
type bareStarter struct {
	engine *cri.Client
	dir    string
	number int
}

// start returns the seconds that the three calls took, and removes the pod again.
func (b *bareStarter) start(ctx context.Context) (seconds float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, podTimeout)
	defer cancel()
	b.number++
	sandbox, container, err := b.configs(fmt.Sprintf("bare-%d", b.number))
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	id, err := b.engine.RunSandbox(ctx, sandbox)
	if err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, b.engine.StopSandbox(ctx, id), b.engine.RemoveSandbox(ctx, id))
	}()
	web, err := b.engine.CreateContainer(ctx, id, container, sandbox)
	if err != nil {
		return 0, err
	}
	if err := b.engine.StartContainer(ctx, web); err != nil {
		return 0, err
	}
	return time.Since(begun).Seconds(), nil
}

// configs are those that the kubelet makes of [startedPod], with the two files that it mounts into every container.
func (b *bareStarter) configs(name string) (*criapi.PodSandboxConfig, *criapi.ContainerConfig, error) {
	dir := filepath.Join(b.dir, name)
	logs := filepath.Join(dir, "logs")
	if err := os.MkdirAll(filepath.Join(logs, "web"), 0o755); err != nil {
		return nil, nil, err
	}
	var mounts []*criapi.Mount
	for _, inside := range []string{"/etc/hosts", "/dev/termination-log"} {
		outside := filepath.Join(dir, filepath.Base(inside))
		if err := os.WriteFile(outside, nil, 0o666); err != nil {
			return nil, nil, err
		}
		mounts = append(mounts, &criapi.Mount{ContainerPath: inside, HostPath: outside})
	}
	namespaces := &criapi.NamespaceOption{Network: criapi.NamespaceMode_POD, Pid: criapi.NamespaceMode_CONTAINER, Ipc: criapi.NamespaceMode_POD}
	sandbox := &criapi.PodSandboxConfig{
		Metadata: &criapi.PodSandboxMetadata{Name: name, Namespace: "default", Uid: fmt.Sprintf("%s-%d", name, time.Now().UnixNano())},
		Hostname: name, LogDirectory: logs,
		Linux: &criapi.LinuxPodSandboxConfig{CgroupParent: sweep.CgroupParent(worker), SecurityContext: &criapi.LinuxSandboxSecurityContext{NamespaceOptions: namespaces}},
	}
	container := &criapi.ContainerConfig{
		Metadata: &criapi.ContainerMetadata{Name: "web"},
		Image:    &criapi.ImageSpec{Image: image.Web, UserSpecifiedImage: image.Web},
		Mounts:   mounts,
		LogPath:  filepath.Join("web", "0.log"),
		Linux: &criapi.LinuxContainerConfig{
			Resources: &criapi.LinuxContainerResources{CpuShares: 2, OomScoreAdj: 1000},
			SecurityContext: &criapi.LinuxContainerSecurityContext{NamespaceOptions: namespaces,
				Seccomp: &criapi.SecurityProfile{ProfileType: criapi.SecurityProfile_Unconfined}},
		},
	}
	return sandbox, container, nil
}
