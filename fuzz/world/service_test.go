package world

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"

	"orrery/fuzz/ask"
	"orrery/impl/host"
	"orrery/impl/host/machine"
)

// service is a Service of a cluster in which replicas run, and client, a pod on worker-2 that was made later.
type service struct {
	*cluster
	address  string // of the cluster
	nodePort int
	machines []*machine.Machine
}

// requests are how many are made where all must be answered. Chance gives one of three pods fewer than a few of them less than once in ten million times.
const (
	requests = 100
	few      = 10
)

// Goal: a service is reached by its name and its addresses from wherever they are promised to be, evenly, whatever happens to proxies, pods and
// machines. Method: three pods and a service, asked by a pod, by the pods themselves, by each machine and by the host; then a proxy, a pod and a machine
// are taken away.
func TestService(t *testing.T) {
	c := up(t)
	c.threeContainers()
	s := &service{cluster: c, machines: machine.Plan(host.DefaultSubnet, 1, 2).Machines}
	s.address, s.nodePort = c.expose("web", "web")
	c.write("client.yaml", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"client"},"spec":{"nodeSelector":{"kubernetes.io/hostname":"worker-2"},
"containers":[{"name":"client","image":"local/web:1"}]}}`)
	c.kubectl("create", "-f", "client.yaml")
	c.kubectl("wait", "--for=condition=Ready", "pod/client", "--timeout=30s")

	for _, step := range []struct {
		name string
		do   func(*service)
	}{
		{"by name and address", (*service).byNameAndAddress},
		{"from its own pods", (*service).fromItsOwnPods},
		{"from each machine", (*service).fromEachMachine},
		{"at each machine's port", (*service).atEachMachinesPort},
		{"without endpoints", (*service).withoutEndpoints},
		{"a connection outlives proxies", (*service).outlivesProxies},
		{"a pod is killed", (*service).podKilled},
		{"a machine is deleted", (*service).machineDeleted},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			in := *s
			in.cluster = c.of(t)
			step.do(&in)
		}) {
			return
		}
	}
}

func (s *service) byNameAndAddress() {
	nodes := s.webs()
	require.Len(s.t, nodes, 3)
	require.ElementsMatch(s.t, []string{"worker-1", "worker-2"}, slices.Compact(slices.Sorted(maps.Values(nodes))), "pods next to the client, and elsewhere")
	require.Contains(s.t, s.kubectl("exec", "client", "--", "env"), "WEB_SERVICE_HOST="+s.address+"\n")
	for _, url := range []string{"http://$WEB_SERVICE_HOST:$WEB_SERVICE_PORT/", "http://" + s.address + "/"} {
		s.requireEven("client", url)
	}
}

// fromItsOwnPods: each of them is sent to the others, and to itself.
func (s *service) fromItsOwnPods() {
	for name := range s.webs() {
		s.requireEven(name, "http://"+s.address+"/")
	}
}

func (s *service) fromEachMachine() {
	for _, m := range s.machines {
		reach := func() error { return m.Do(func() error { return knock(s.address + ":80") }) }
		s.await(func() (bool, string) {
			err := reach()
			return err == nil, fmt.Sprintf("%s: %v", m.Name, err)
		})
		for range few {
			require.NoError(s.t, reach(), m.Name)
		}
	}
}

func (s *service) atEachMachinesPort() {
	for _, m := range s.machines {
		s.requireEven("client", fmt.Sprintf("http://%v:%d/", m.Address, s.nodePort))
		// And from outside of the cluster.
		for range few {
			conn, err := ask.Open(fmt.Sprintf("%v:%d", m.Address, s.nodePort), 0, time.Now().Add(patience))
			require.NoError(s.t, err, m.Name)
			name, err := ask.Who(conn)
			require.NoError(s.t, err)
			require.Contains(s.t, s.webs(), name)
		}
	}
}

// withoutEndpoints: the client is told at once, which is to say refused rather than left to wait until it gives up.
func (s *service) withoutEndpoints() {
	address, nodePort := s.expose("nobody", "nobody")
	refused := func(what string, knock func() error) {
		s.await(func() (bool, string) {
			err := knock()
			return err != nil && strings.Contains(err.Error(), unix.ECONNREFUSED.Error()), fmt.Sprintf("%s: %v", what, err)
		})
		require.ErrorContains(s.t, knock(), unix.ECONNREFUSED.Error(), "%s, again", what)
	}
	for _, m := range s.machines {
		at := fmt.Sprintf("%v:%d", m.Address, nodePort)
		refused("the port of "+m.Name, func() error { return knock(at) })
		refused("the address, from "+m.Name, func() error { return m.Do(func() error { return knock(address + ":80") }) })
	}
	refused("the address, from a pod", func() error {
		_, err := s.get("client", 1, "http://"+address+"/")
		return err
	})
}

// outlivesProxies: what has begun goes on, also once the new proxies have written rules of their own.
func (s *service) outlivesProxies() {
	cmd := s.command(s.bounded(), "kubectl", "exec", "-i", "client", "--", "keep", "http://"+s.address+"/")
	stdin, err := cmd.StdinPipe()
	require.NoError(s.t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(s.t, err)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	require.NoError(s.t, cmd.Start())
	answers := bufio.NewScanner(stdout)
	again := func() string {
		_, err := io.WriteString(stdin, "\n")
		require.NoError(s.t, err)
		require.True(s.t, answers.Scan(), "%s", &stderr)
		return answers.Text()
	}
	first := again()
	require.Contains(s.t, s.webs(), first)
	s.kill(victim{"control-1", host.Proxy}, victim{"worker-1", host.Proxy}, victim{"worker-2", host.Proxy})
	require.Equal(s.t, first, again())
	address, _ := s.expose("late", "web")
	s.awaitBatch("client", "http://"+address+"/", nil)
	require.Equal(s.t, first, again())
	require.NoError(s.t, stdin.Close())
	require.NoError(s.t, cmd.Wait(), "%s", &stderr)
}

// podKilled: once its requests have stopped they do not begin again.
func (s *service) podKilled() {
	killed := slices.Sorted(maps.Keys(s.webs()))[0]
	s.kubectl("delete", "pod", killed, "--wait=false")
	url := "http://" + s.address + "/"
	s.awaitBatch("client", url, func(by map[string]int) bool { return by[killed] == 0 && len(by) == 3 })
	require.NotContains(s.t, s.requireEven("client", url), killed)
}

// machineDeleted: it is gone from the network and from the API, and its pods come back on the other.
func (s *service) machineDeleted() {
	before := s.webs()
	require.Contains(s.t, slices.Collect(maps.Values(before)), "worker-1")
	require.NoError(s.t, s.machines[1].Do(func() error {
		eth, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		return netlink.LinkDel(eth)
	}))
	s.kubectl("delete", "node", "worker-1")
	s.await(func() (bool, string) {
		now := s.webs()
		elsewhere := 0
		for _, node := range now {
			if node == "worker-2" {
				elsewhere++
			}
		}
		return elsewhere == 3 && len(now) == 3, fmt.Sprint(now)
	})
	url := "http://" + s.address + "/"
	s.awaitBatch("client", url, func(by map[string]int) bool { return len(by) == 3 })
	by := s.requireEven("client", url)
	for name, node := range before {
		if node == "worker-1" {
			require.NotContains(s.t, by, name)
		} else {
			require.Contains(s.t, by, name)
		}
	}
}

// expose makes a service of the pods that have the label, and returns its address and its port of each machine.
func (c *cluster) expose(name, app string) (address string, nodePort int) {
	c.write("service.yaml", fmt.Sprintf(`{"apiVersion":"v1","kind":"Service","metadata":{"name":%q},"spec":{"type":"NodePort","selector":{"app":%q},
"ports":[{"port":80,"targetPort":8080}]}}`, name, app))
	c.kubectl("create", "-f", "service.yaml")
	address, port, _ := strings.Cut(c.kubectl("get", "service", name, "-o", "jsonpath={.spec.clusterIP} {.spec.ports[0].nodePort}"), " ")
	nodePort, err := strconv.Atoi(port)
	require.NoError(c.t, err)
	return address, nodePort
}

// webs are the pods that are ready and stay, with their nodes.
func (s *service) webs() map[string]string {
	var pods corev1.PodList
	require.NoError(s.t, json.Unmarshal([]byte(s.kubectl("get", "pods", "-l", "app=web", "-o", "json")), &pods))
	nodes := map[string]string{}
	for _, p := range pods.Items {
		ready := slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
		if ready && p.DeletionTimestamp == nil {
			nodes[p.Name] = p.Spec.NodeName
		}
	}
	return nodes
}

// get has a pod ask so many times, until one fails, and counts the answers by who gave them.
func (s *service) get(pod string, times int, url string) (map[string]int, error) {
	out, err := s.run("kubectl", "exec", pod, "--", "get", "-n", strconv.Itoa(times), url)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", pod, err, out)
	}
	by := map[string]int{}
	for name := range strings.Lines(out) {
		by[strings.TrimSpace(name)]++
	}
	return by, nil
}

// awaitBatch returns when as many requests as in requireEven are answered, and by whom they should.
func (s *service) awaitBatch(pod, url string, good func(by map[string]int) bool) {
	s.t.Helper()
	s.await(func() (bool, string) {
		by, err := s.get(pod, requests, url)
		return err == nil && (good == nil || good(by)), fmt.Sprint(by, err)
	})
}

// requireEven requires, as soon as the service is known to be reached at all, that all requests are answered, and that each pod answers its share.
func (s *service) requireEven(pod, url string) map[string]int {
	s.t.Helper()
	s.awaitBatch(pod, url, nil)
	by, err := s.get(pod, requests, url)
	require.NoError(s.t, err)
	require.Len(s.t, by, 3, "%s of %v", url, by)
	sum := 0
	for name, n := range by {
		require.GreaterOrEqual(s.t, n, few, "%s: %v", name, by)
		sum += n
	}
	require.Equal(s.t, requests, sum)
	return by
}

// knock opens a connection and closes it.
func knock(at string) error {
	conn, err := ask.Open(at, 0, time.Now().Add(patience))
	if err != nil {
		return err
	}
	return conn.Close()
}
