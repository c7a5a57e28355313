package world

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"orrery/impl/host"
)

// victim is a component on a machine.
type victim struct{ machine, component string }

// Goal: whatever is killed comes back, the containers do not notice, and the cluster works. Method: kill -9 of each component
// in turn; after each the containers are the same processes, every node is ready, and a new pod runs on the worker that was
// hurt.
func TestKill(t *testing.T) {
	c := up(t, "--control-planes", "3")
	before := c.threeContainers()
	for _, v := range []victim{
		{"worker-1", host.Containerd},
		{"worker-1", host.Kubelet},
		{"worker-1", host.Proxy},
		{"control-1", host.Etcd}, // that of the API server that kubectl uses
		{"control-1", host.APIServer},
		{"control-1", host.Scheduler},
		{"control-1", host.Controllers},
	} {
		t.Run(v.component, func(t *testing.T) {
			c := c.of(t)
			c.kill(v)
			c.requireWorks("after-" + v.component)
			require.Equal(t, before, c.containers(), "the containers have not noticed")
		})
	}

	// And what loses its container gets another.
	lost := slices.Sorted(maps.Keys(before))[0]
	c.kubectl("delete", "pod", lost, "--wait")
	c.eventually("wait", "--for=jsonpath={.status.readyReplicas}=3", "rc/web", "--timeout=30s")
	after := c.containers()
	require.Len(t, after, 3)
	require.NotContains(t, after, lost)
	delete(before, lost)
	for name, was := range before {
		require.Equal(t, was, after[name])
	}
}

// Goal and method are those of TestKill, but all is killed at once, the only etcd member included.
func TestKillAll(t *testing.T) {
	c := up(t)
	before := c.threeContainers()
	var all []victim
	for _, component := range []string{host.Etcd, host.APIServer, host.Scheduler, host.Controllers, host.Proxy} {
		all = append(all, victim{"control-1", component})
	}
	for _, machine := range []string{"worker-1", "worker-2"} {
		all = append(all, victim{machine, host.Containerd}, victim{machine, host.Kubelet}, victim{machine, host.Proxy})
	}
	c.kill(all...)
	c.requireWorks("after")
	require.Equal(t, before, c.containers(), "the containers have not noticed")
}

// threeContainers makes three replicas that run.
func (c *cluster) threeContainers() map[string]container {
	c.write("web.yaml", replicas)
	c.kubectl("create", "-f", "web.yaml")
	c.kubectl("wait", "--for=jsonpath={.status.readyReplicas}=3", "rc/web", "--timeout=30s")
	containers := c.containers()
	require.Len(c.t, containers, 3)
	return containers
}

// kill kills all of them and returns when each runs again.
func (c *cluster) kill(victims ...victim) {
	c.t.Helper()
	old := map[victim]int{}
	for _, v := range victims {
		pids := c.on(v.machine, v.component)
		require.Len(c.t, pids, 1, "%v", v)
		old[v] = pids[0]
	}
	for _, v := range victims {
		require.NoError(c.t, syscall.Kill(old[v], syscall.SIGKILL), "%v", v)
	}
	for _, v := range victims {
		c.await(func() (bool, string) {
			now := c.on(v.machine, v.component)
			return len(now) == 1 && now[0] != old[v], fmt.Sprintf("%v: %v, was %d", v, now, old[v])
		})
	}
}

// requireWorks requires that every node is ready and a new pod runs: its container answers.
func (c *cluster) requireWorks(name string) {
	c.t.Helper()
	c.write("new.yaml", fmt.Sprintf(pod, name))
	// apply, because a call that failed may have been carried out.
	c.eventually("apply", "-f", "new.yaml")
	c.eventually("wait", "--for=condition=Ready", "pod/"+name, "--timeout=30s")
	c.eventually("wait", "--for=condition=Ready", "node", "--all", "--timeout=30s")
	require.Equal(c.t, "hi\n", c.kubectl("exec", name, "--", "echo", "hi"))
}

const replicas = `{"apiVersion":"v1","kind":"ReplicationController","metadata":{"name":"web"},"spec":{"replicas":3,"selector":{"app":"web"},
"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"local/web:1"}]}}}}`

// pod runs on the worker that is hurt, by its scheduler's choice.
const pod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q},"spec":{"nodeSelector":{"kubernetes.io/hostname":"worker-1"},
"containers":[{"name":"web","image":"local/web:1"}]}}`

func (c *cluster) write(name, text string) {
	require.NoError(c.t, os.WriteFile(filepath.Join(c.home, name), []byte(text), 0o600))
}

// of is the cluster in a subtest.
func (c *cluster) of(t *testing.T) *cluster {
	sub := *c
	sub.t = t
	return &sub
}

// container is all that tells one run of a container from the next: what the API says of it, and the kernel.
type container struct {
	id       string
	started  string
	restarts int32
	life     life
}

// containers are those of the pods of the replication controller that stay, by the pods' names.
func (c *cluster) containers() map[string]container {
	var pods corev1.PodList
	require.NoError(c.t, json.Unmarshal([]byte(c.kubectl("get", "pods", "-l", "app=web", "-o", "json")), &pods))
	all := map[string]container{}
	for _, p := range pods.Items {
		require.Len(c.t, p.Status.ContainerStatuses, 1, p.Name)
		status := p.Status.ContainerStatuses[0]
		require.NotNil(c.t, status.State.Running, p.Name)
		id := strings.TrimPrefix(status.ContainerID, "containerd://")
		all[p.Name] = container{id: id, started: status.State.Running.StartedAt.String(), restarts: status.RestartCount, life: server(id)}
		require.NotZero(c.t, all[p.Name].life.pid, "no process of %s", p.Name)
	}
	return all
}
