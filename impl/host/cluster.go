package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"orrery/impl/apiserver/pki"
	"orrery/impl/host/containerd"
	"orrery/impl/host/disk"
	"orrery/impl/host/machine"
	"orrery/impl/host/process"
	"orrery/impl/store"
	"orrery/impl/store/etcd"
	"orrery/impl/trace"
)

// Cluster is a cluster that [Up] brought up. All its methods may be called by several goroutines at once.
type Cluster struct {
	config    Config
	lock      *machine.Lock
	network   *machine.Network
	authority *pki.Authority
	identity  tls.Certificate // the administrator's
	etcdTLS   *tls.Config     // what the administrator shows to etcd
	processes []*process.Process
	recorder  *trace.File // nil: nothing is recorded

	mu      sync.Mutex
	cuts    []*machine.Cut
	named   int // cuts up to now
	closing bool
	lost    map[string]bool // workers that were destroyed
	missing error           // why the recording has holes
	said    sync.Mutex      // one line at a time goes to the log

	asking  sync.Mutex
	members map[uint64]string // machines by etcd's IDs of members that were ever heard
}

// Machines are the machines of the cluster: control planes first, each kind in the order of its numbers.
func (c *Cluster) Machines() []*machine.Machine { return c.network.Machines }

func (c *Cluster) machine(name string) (*machine.Machine, error) {
	for _, m := range c.network.Machines {
		if m.Name == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("host: there is no machine %q", name)
}

// Process is the supervised process of a component on a machine; an error names what there is no such thing of.
func (c *Cluster) Process(machine, component string) (*process.Process, error) {
	if _, err := c.machine(machine); err != nil {
		return nil, err
	}
	for _, p := range c.processes {
		if p.Machine() == machine && p.Component() == component {
			return p, nil
		}
	}
	return nil, fmt.Errorf("host: there is no %s on %s", component, machine)
}

// Processes are the processes of the cluster, in the order of the machines, without those of machines that were lost.
func (c *Cluster) Processes() (all []*process.Process) {
	for _, p := range c.processes {
		if !c.gone(p.Machine()) {
			all = append(all, p)
		}
	}
	return all
}

// Disk is the control of the disk under the etcd member of a control plane.
func (c *Cluster) Disk(name string) (*disk.Client, error) {
	m, err := c.machine(name)
	if err != nil {
		return nil, err
	}
	if m.Worker {
		return nil, fmt.Errorf("host: %s is a worker: only control planes have a disk of their own", name)
	}
	return disk.NewClient(diskSocket(m)), nil
}

// Cut drops what is sent from machine a to machine b and, unless oneWay, from b to a: that of the machines themselves and
// of their pods. Connections that are cut hang, they are not closed.
func (c *Cluster) Cut(a, b string, oneWay bool) (*machine.Cut, error) {
	return c.CutPort(a, b, oneWay, 0)
}

// CutPort is a Cut of one TCP port of b only; port 0 is all. Of a port a machine can be cut from itself.
func (c *Cluster) CutPort(a, b string, oneWay bool, port uint16) (*machine.Cut, error) {
	from, err := c.machine(a)
	if err != nil {
		return nil, err
	}
	to, err := c.machine(b)
	if err != nil {
		return nil, err
	}
	if from == to && port == 0 {
		return nil, fmt.Errorf("host: %s cannot be cut from itself", a)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.named++
	cut, err := machine.NewCut(fmt.Sprintf("cut-%d", c.named), from, to, oneWay, port)
	if err != nil {
		return nil, err
	}
	c.cuts = append(c.cuts, cut)
	return cut, nil
}

// Heal ends all cuts, makes all disks good, resumes what is paused and starts what was stopped; what was lost is lost.
func (c *Cluster) Heal(ctx context.Context) error {
	errs := []error{c.release(ctx)}
	for _, p := range c.Processes() {
		errs = append(errs, p.Start())
	}
	return errors.Join(errs...)
}

// release ends all faults, and starts nothing.
func (c *Cluster) release(ctx context.Context) error {
	c.mu.Lock()
	cuts := c.cuts
	c.cuts = nil
	c.mu.Unlock()
	var errs []error
	for _, cut := range cuts {
		errs = append(errs, cut.Heal())
	}
	for _, p := range c.processes {
		errs = append(errs, p.Resume())
	}
	for _, m := range c.network.Machines {
		if !m.Worker {
			errs = append(errs, disk.NewClient(diskSocket(m)).Set(ctx, disk.Faults{}))
		}
	}
	return errors.Join(errs...)
}

// etcdTLS is what an administrator shows to an etcd that trusts the authority in dir.
func etcdTLS(dir string) (*tls.Config, error) {
	authority, err := pki.Ensure(dir)
	if err != nil {
		return nil, err
	}
	cert, key, err := authority.Issue("admin", pki.EtcdAdmin)
	if err != nil {
		return nil, err
	}
	identity, err := tls.LoadX509KeyPair(cert, key)
	return &tls.Config{RootCAs: authority.Pool(), Certificates: []tls.Certificate{identity}, MinVersion: tls.VersionTLS12}, err
}

// clientTLS is what the administrator shows to the API servers.
func (c *Cluster) clientTLS() *tls.Config {
	return &tls.Config{RootCAs: c.authority.Pool(), Certificates: []tls.Certificate{c.identity}, MinVersion: tls.VersionTLS12}
}

// EtcdEndpoints are the client URLs of the etcd members, in the order of the machines.
func (c *Cluster) EtcdEndpoints() []string { return c.urls(clientPort) }

// Store is a client of its own of the cluster's etcd. The caller closes it.
func (c *Cluster) Store() (store.Store, error) {
	return etcd.Open(etcd.Options{Endpoints: c.EtcdEndpoints(), TLS: c.etcdTLS})
}

// EtcdLeader is the control-plane machine whose etcd member leads, by the account of the member with the latest term: one
// that was cut off, or whose disk stalls, still says of itself that it leads.
func (c *Cluster) EtcdLeader(ctx context.Context) (string, error) {
	client, err := clientv3.New(clientv3.Config{Endpoints: c.EtcdEndpoints(), TLS: c.etcdTLS, Logger: zap.NewNop()})
	if err != nil {
		return "", fmt.Errorf("host: %w", err)
	}
	defer client.Close()
	c.asking.Lock()
	defer c.asking.Unlock()
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	var asked sync.WaitGroup
	var mu sync.Mutex
	var latest *clientv3.StatusResponse
	var errs []error
	for _, m := range c.network.Machines {
		if m.Worker {
			continue
		}
		asked.Go(func() {
			status, err := client.Status(ctx, url(m, clientPort))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			c.members[status.Header.MemberId] = m.Name
			if status.Leader != 0 && (latest == nil || status.RaftTerm > latest.RaftTerm) {
				latest = status
			}
		})
	}
	asked.Wait()
	if latest == nil {
		return "", fmt.Errorf("host: no etcd member knows a leader: %w", errors.Join(errs...))
	}
	name, ok := c.members[latest.Leader]
	if !ok {
		return "", fmt.Errorf("host: etcd is led by member %x, which does not say on what machine it is: %w", latest.Leader, errors.Join(errs...))
	}
	return name, nil
}

// Kubeconfig is the path of the administrator's kubeconfig: one cluster and context for each API server.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.config.Dir, "admin.kubeconfig") }

// Load imports an OCI archive on every worker and returns the names of the images in it.
func (c *Cluster) Load(ctx context.Context, archive string) (names []string, err error) {
	for _, m := range c.network.Machines {
		if !m.Worker {
			continue
		}
		if names, err = containerd.Import(ctx, runtimeSocket(m), archive); err != nil {
			return nil, fmt.Errorf("host: %s: %w", m.Name, err)
		}
	}
	return names, nil
}

// Pod is the UID of a pod that is there on a worker, and the path of its network namespace. It asks the worker's runtime and nobody else.
func (c *Cluster) Pod(ctx context.Context, worker, namespace, name string) (uid, network string, err error) {
	m, err := c.machine(worker)
	if err != nil {
		return "", "", err
	}
	return containerd.Pod(ctx, runtimeSocket(m), namespace, name)
}

// Static has a worker run the pod of a manifest, whose file it names, as a static pod. Its mirror's name is that of the pod and the worker's.
func (c *Cluster) Static(worker, file string, manifest []byte) error {
	m, err := c.machine(worker)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.data(m, manifests), file), manifest, 0o644)
}

// tell records the lives of processes and logs those that ended without having been asked to.
func (c *Cluster) tell(l process.Life) {
	state := "exit"
	if l.Started {
		state = "start"
	}
	if c.recorder != nil {
		c.recorder.Emit(trace.Line{Life: &trace.Life{Name: l.Component, Machine: l.Machine, State: state, Why: l.Why}})
	}
	c.mu.Lock()
	closing := c.closing
	c.mu.Unlock()
	switch {
	case closing || l.Started && l.Why == "":
	case l.Started:
		c.log("%s on %s was started again", l.Component, l.Machine)
	default:
		c.log("%s on %s ended: %s", l.Component, l.Machine, l.Why)
	}
}

// unrecorded keeps the first reason why a line of the recording could not be written, for Close.
func (c *Cluster) unrecorded(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.missing == nil {
		c.missing = err
	}
}

func (c *Cluster) log(format string, args ...any) {
	c.said.Lock()
	defer c.said.Unlock()
	fmt.Fprintf(c.config.Log, format+"\n", args...)
}
