package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"orrery/impl/apiserver/pki"
	"orrery/impl/host/machine"
	"orrery/impl/host/process"
	"orrery/impl/host/sweep"
)

// EtcdPort is where etcd members serve clients.
const EtcdPort = 2379

// Ports of the control planes and the kubelets.
const (
	apiPort     = 6443
	clientPort  = EtcdPort
	peerPort    = 2380
	kubeletPort = 10250
)

// metricsPorts are upstream's: kubeadm's for etcd, and the kubelet's for whoever only reads.
var metricsPorts = map[string]int{Etcd: 2381, Scheduler: 10259, Controllers: 10257, Kubelet: 10255, Proxy: 10249}

// MetricsCommands are commands that read the metrics of each process, one a line.
func (c *Cluster) MetricsCommands() (all []string) {
	for _, m := range c.network.Machines {
		for _, p := range c.processes {
			if p.Machine() != m.Name {
				continue
			}
			if p.Component() == APIServer {
				all = append(all, "kubectl --server "+url(m, apiPort)+" get --raw /metrics")
			} else if port := metricsPorts[p.Component()]; port != 0 {
				all = append(all, fmt.Sprintf("nsenter --net=%s curl http://127.0.0.1:%d/metrics  # %s", m.Namespace(), port, p.Component()))
			}
		}
	}
	return all
}

// paths of a machine's files: what lasts below the data directory, sockets and mounts below [sweep.RunDir].
func (c *Cluster) data(m *machine.Machine, name string) string {
	return filepath.Join(c.config.Dir, m.Name, name)
}

func runPath(m *machine.Machine, name string) string {
	return filepath.Join(sweep.RunDir, m.Name, name)
}

func runtimeSocket(m *machine.Machine) string { return runPath(m, "containerd.sock") }

func (c *Cluster) pki() string { return filepath.Join(c.config.Dir, "pki") }

func (c *Cluster) etcdPKI() string { return filepath.Join(c.pki(), pki.Etcd) }

func url(m *machine.Machine, port int) string { return fmt.Sprintf("https://%v:%d", m.Address, port) }

// urls are those of one port on all control planes.
func (c *Cluster) urls(port int) []string {
	var all []string
	for _, m := range c.network.Machines {
		if !m.Worker {
			all = append(all, url(m, port))
		}
	}
	return all
}

// add makes the process of a component on a machine, not started yet.
func (c *Cluster) add(m *machine.Machine, component string, args ...string) *process.Process {
	args = append([]string{command(component)}, args...)
	if c.config.Trace != "" && traced(component) {
		args = append(args, "--trace", c.traceFile(component+"@"+m.Name))
	} else if component == Observer {
		args = append(args, "--trace", c.data(m, "observer.jsonl"))
	}
	if port := metricsPorts[component]; c.config.Metrics && port != 0 {
		args = append(args, "--metrics-address", fmt.Sprintf("127.0.0.1:%d", port))
	}
	spec := process.Spec{
		Component: component, Machine: m.Name, Namespace: m.Namespace(),
		Path: c.config.Binary, Args: append(args, c.config.Flags[component]...),
		Log: c.data(m, component+".log"), Tell: c.tell,
	}
	if component == Disk {
		// It can then unmount itself, which a killed one cannot.
		spec.OnParentDeath = syscall.SIGTERM
	}
	p := process.New(spec)
	c.processes = append(c.processes, p)
	return p
}

func command(component string) string {
	if component == Observer {
		return "observe-runtime"
	}
	return component
}

// traced tells whether the component writes a trace: etcd's and containerd's truth is told by observers.
func traced(component string) bool {
	return component != Disk && component != Etcd && component != Containerd
}

func (c *Cluster) traceFile(name string) string {
	return filepath.Join(c.config.Trace, name+".jsonl")
}

// define makes all processes.
func (c *Cluster) define() error {
	for i, m := range c.network.Machines {
		for _, dir := range []string{c.data(m, ""), runPath(m, "")} {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
		}
		if m.Worker {
			if err := c.defineWorker(i, m); err != nil {
				return err
			}
		} else {
			c.defineControlPlane(m)
		}
		if i == 0 || i == 1 && c.config.Standby {
			if err := c.defineControllers(i, m); err != nil {
				return err
			}
		}
		if err := c.defineProxy(i, m); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) defineControlPlane(m *machine.Machine) {
	mount := runPath(m, "disk")
	c.add(m, Disk, "--backing", c.data(m, "disk"), "--mount", mount, "--control", diskSocket(m))
	var members []string
	for _, other := range c.network.Machines {
		if !other.Worker {
			members = append(members, other.Name+"="+url(other, peerPort))
		}
	}
	c.add(m, Etcd, "--name", m.Name, "--data-dir", etcdData(m), "--pki-dir", c.etcdPKI(),
		"--listen-client", url(m, clientPort), "--listen-peer", url(m, peerPort), "--initial-cluster", strings.Join(members, ","))
	// Each asks its own member first.
	servers := rotate(c.urls(clientPort), url(m, clientPort))
	c.add(m, APIServer, "--name", m.Name, "--listen", fmt.Sprintf("%v:%d", m.Address, apiPort),
		"--etcd-servers", strings.Join(servers, ","), "--pki-dir", c.pki(), "--etcd-pki-dir", c.etcdPKI(), "--token-file", c.tokens(),
		"--authorization-mode", "Node,RBAC", "--service-cluster-ip-range", machine.Services.String(), "--admit-service-accounts")
}

func diskSocket(m *machine.Machine) string { return runPath(m, "disk.sock") }

func (c *Cluster) tokens() string { return filepath.Join(c.config.Dir, "tokens.csv") }

// rotate begins a list with first.
func rotate(list []string, first string) []string {
	for i, s := range list {
		if s == first {
			return append(append([]string{}, list[i:]...), list[:i]...)
		}
	}
	return list
}

func (c *Cluster) defineControllers(i int, m *machine.Machine) error {
	for component, identity := range map[string]pki.Subject{Scheduler: pki.Scheduler, Controllers: pki.Controllers} {
		if err := c.authority.Kubeconfig(c.data(m, component+".kubeconfig"), component, identity, c.servers(i)...); err != nil {
			return err
		}
	}
	// Where there is one of each, a lease would only have the next wait for one that was killed.
	elect := fmt.Sprintf("--leader-elect=%v", c.config.Standby)
	c.add(m, Scheduler, elect, "--machine", m.Name, "--kubeconfig", c.data(m, Scheduler+".kubeconfig"))
	if _, err := c.authority.EnsureAccountKey(); err != nil {
		return err
	}
	c.add(m, Controllers, elect, "--machine", m.Name, "--kubeconfig", c.data(m, Controllers+".kubeconfig"),
		"--service-account-private-key-file", c.authority.AccountKeyFile(), "--root-ca-file", c.authority.CertFile())
	return nil
}

// servers are the API servers as a kubeconfig names them, beginning with the i-th: so they are used evenly.
func (c *Cluster) servers(i int) []pki.Cluster {
	var all []pki.Cluster
	for _, m := range c.network.Machines {
		if !m.Worker {
			all = append(all, pki.Cluster{Name: m.Name, Server: url(m, apiPort)})
		}
	}
	i %= len(all)
	return append(append([]pki.Cluster{}, all[i:]...), all[:i]...)
}

// manifests is the folder of a worker in which the files of its static pods are.
const manifests = "manifests"

func (c *Cluster) defineWorker(i int, m *machine.Machine) error {
	kubeconfig := c.data(m, "kubelet.kubeconfig")
	if err := c.authority.Kubeconfig(kubeconfig, "kubelet-"+m.Name, pki.Node(m.Name), c.servers(i)...); err != nil {
		return err
	}
	if err := os.MkdirAll(c.data(m, manifests), 0o755); err != nil {
		return err
	}
	c.add(m, Containerd, "--root", c.data(m, "containerd"), "--state", runPath(m, "c"), "--address", runtimeSocket(m),
		"--tools", c.config.Tools, "--pods", m.Pods.String())
	c.add(m, Observer, "--address", runtimeSocket(m), "--node", m.Name)
	c.add(m, Kubelet, "--node", m.Name, "--kubeconfig", kubeconfig, "--runtime-endpoint", "unix://"+runtimeSocket(m),
		"--root-dir", c.data(m, "kubelet"), "--cgroup-root", sweep.CgroupParent(m.Name), "--pod-manifest-path", c.data(m, manifests), "--address", m.Address.String(), "--port", fmt.Sprint(kubeletPort), "--pki-dir", c.pki())
	return nil
}

// defineProxy is for every machine. All proxies have one identity: that of a proxy says nothing of its node.
func (c *Cluster) defineProxy(i int, m *machine.Machine) error {
	kubeconfig := c.data(m, "proxy.kubeconfig")
	if err := c.authority.Kubeconfig(kubeconfig, Proxy, pki.Proxy, c.servers(i)...); err != nil {
		return err
	}
	c.add(m, Proxy, "--node", m.Name, "--kubeconfig", kubeconfig)
	return nil
}
