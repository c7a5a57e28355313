package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/client"
	"orrery/impl/host"
	"orrery/impl/host/image"
	"orrery/impl/host/sweep"
	"orrery/impl/kubelet/runtime/cri"
)

const (
	// maxStart is the target: how many times as long as the bare calls a start may take.
	maxStart = 1.5
	// podTimeout bounds how long one pod may take to run, or to go.
	podTimeout = 30 * time.Second
)

// measurePod compares the start of a pod through the whole cluster (API server, etcd, scheduler, kubelet, containerd), until
// the API says that its container runs, with the bare calls that make the same pod run in the same containerd. tools is the
// folder of what containers need; empty: that of this program.
func measurePod(ctx context.Context, s Size, dir, tools string) (rows []Row, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if dir, err = os.MkdirTemp(dir, "pod-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cluster, err := host.Up(ctx, host.Config{Dir: filepath.Join(dir, "cluster"), Workers: 1, Tools: tools, Wait: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	whole, err := newStarter(ctx, cluster)
	if err != nil {
		return nil, err
	}
	defer whole.close()
	engine, err := cri.Dial("unix://" + filepath.Join(sweep.RunDir, worker, "containerd.sock"))
	if err != nil {
		return nil, err
	}
	bare := &bareStarter{engine: engine, dir: filepath.Join(dir, "bare")}
	defer func() { err = errors.Join(err, engine.Close()) }()
	got, err := inTurns(ctx, s.Turns, whole.start, bare.start)
	if err != nil {
		return nil, err
	}
	return []Row{atMost("starting a pod, times the bare CRI calls", got.ratio, maxStart,
		fmt.Sprintf("%.0f ms of %.0f ms, through API server, scheduler and kubelet, until the API says Running", got.a*1000, got.b*1000))}, nil
}

const worker = "worker-1"

// starter starts pods through the API.
type starter struct {
	transport *client.HTTP
	events    client.Stream
	number    int
}

func newStarter(ctx context.Context, cluster *host.Cluster) (*starter, error) {
	transport, err := client.FromKubeconfig(cluster.Kubeconfig())
	if err != nil {
		return nil, err
	}
	events, err := transport.Watch(ctx, api.Request{Resource: pods(), Namespace: metav1.NamespaceDefault})
	if err != nil {
		transport.Close()
		return nil, err
	}
	return &starter{transport: transport, events: events}, nil
}

func (s *starter) close() {
	s.events.Close()
	s.transport.Close()
}

func pods() *api.Resource {
	r, _ := api.ByName("pods")
	return r
}

// start returns the seconds from the create until the API shows the container running, and removes the pod again.
func (s *starter) start(ctx context.Context) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, podTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, s.events.Close)() // a Recv that blocks returns
	s.number++
	pod := startedPod(fmt.Sprintf("start-%d", s.number))
	begun := time.Now()
	if _, err := s.transport.Do(ctx, api.Request{Verb: api.Create, Resource: pods(), Namespace: pod.Namespace, Object: pod}); err != nil {
		return 0, err
	}
	if err := s.await(pod.Name, isRunning); err != nil {
		return 0, err
	}
	took := time.Since(begun).Seconds()
	now := int64(1)
	if _, err := s.transport.Do(ctx, api.Request{Verb: api.Delete, Resource: pods(), Namespace: pod.Namespace, Name: pod.Name,
		Delete: &metav1.DeleteOptions{GracePeriodSeconds: &now}}); err != nil {
		return 0, err
	}
	return took, s.await(pod.Name, func(event api.WatchEvent) bool { return event.Type == "DELETED" })
}

// await reads events until one of that pod is as wanted.
func (s *starter) await(name string, wanted func(api.WatchEvent) bool) error {
	for {
		event, err := s.events.Recv()
		if err != nil {
			return fmt.Errorf("waiting for pod %s: %w", name, err)
		}
		if pod, ok := event.Object.(*corev1.Pod); ok && pod.Name == name && wanted(event) {
			return nil
		}
	}
}

func isRunning(event api.WatchEvent) bool {
	statuses := event.Object.(*corev1.Pod).Status.ContainerStatuses
	return len(statuses) == 1 && statuses[0].State.Running != nil
}

// startedPod serves as its image does by default.
func startedPod(name string) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceDefault},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: image.Web}}},
	}
}
