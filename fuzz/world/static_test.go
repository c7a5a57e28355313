package world

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orrery/fuzz/ask"
	"orrery/impl/host"
	"orrery/impl/host/machine"
)

// staticPod is asked at its machine's own address.
const staticPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"hostNetwork":true,"containers":[{"name":"web","image":"local/web:1"}]}}`

// Goal: what a file on a machine asks for runs though no API server answers, and is shown when one does; it goes with its file, and with nothing else.
// Method: a kubelet that is started while the API server is stopped; then a user who looks at the mirror, and deletes it; then the file is removed.
func TestStaticPod(t *testing.T) {
	c := up(t, "--workers", "1")
	worker := machine.Plan(host.DefaultSubnet, 1, 1).Machines[1]
	reach := func() error {
		conn, err := ask.Open(fmt.Sprintf("%v:8080", worker.Address), 0, time.Now().Add(patience))
		if err != nil {
			return err
		}
		_, err = ask.Who(conn)
		return err
	}
	require.Error(t, reach())

	server := c.on("control-1", host.APIServer)
	require.Len(t, server, 1)
	require.NoError(t, syscall.Kill(server[0], syscall.SIGSTOP))
	c.kill(victim{"worker-1", host.Kubelet})
	file := filepath.Join(c.dir, "worker-1", "manifests", "web.json")
	require.NoError(t, os.WriteFile(file, []byte(staticPod), 0o600))
	c.await(func() (bool, string) {
		err := reach()
		return err == nil, fmt.Sprint(err)
	})
	require.NoError(t, syscall.Kill(server[0], syscall.SIGCONT))

	shown := func(path string) string { return c.kubectl("get", "pod", "web-worker-1", "-o", "jsonpath={"+path+"}") }
	c.eventually("wait", "--for=condition=Ready", "pod/web-worker-1", "--timeout=30s")
	require.Equal(t, "Node/worker-1", shown(".metadata.ownerReferences[0].kind")+"/"+shown(".metadata.ownerReferences[0].name"))
	require.Equal(t, worker.Address.String(), shown(".status.podIP"))
	mirror, container := shown(".metadata.uid"), shown(".status.containerStatuses[0].containerID")
	require.Contains(t, c.kubectl("describe", "pod", "web-worker-1"), "Container started", "its Events are found")
	require.Equal(t, "hi\n", c.kubectl("exec", "web-worker-1", "--", "echo", "hi"))

	c.kubectl("delete", "pod", "web-worker-1", "--wait=false")
	c.await(func() (bool, string) {
		out, err := c.run("kubectl", "get", "pod", "web-worker-1", "-o", "jsonpath={.metadata.uid} {.status.phase}")
		return err == nil && out != mirror+" Running" && out != "" && out[len(out)-7:] == "Running", out
	})
	require.Equal(t, container, shown(".status.containerStatuses[0].containerID"), "the container has not noticed")
	require.NoError(t, reach())

	require.NoError(t, os.Remove(file))
	c.kubectl("wait", "--for=delete", "pod/web-worker-1", "--timeout=60s")
	require.Error(t, reach())
}
