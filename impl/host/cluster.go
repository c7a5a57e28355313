package host

import (
	"context"
	"errors"

	"orrery/impl/host/disk"
	"orrery/impl/host/machine"
	"orrery/impl/host/process"
)

// Cluster is a cluster that [Up] brought up. All its methods may be called by several goroutines at once.
type Cluster struct {
	config Config
}

// Up brings up the cluster that config describes and returns when all of it is ready. If it fails, or ctx ends first, it
// removes what it had made. There is one cluster per host at a time: Up returns [ErrBusy] at once where another runs,
// unless a [Lock] that waited is in ctx.
func Up(ctx context.Context, config Config) (*Cluster, error) {
	return nil, errors.New("host: being written")
}

// Close ends and removes everything: processes, containers, mounts, namespaces, the bridge. It reports what it could not
// remove. The data directory stays.
func (c *Cluster) Close() error { return nil }

// Machines are the machines of the cluster: control planes first, each kind in the order of its numbers.
func (c *Cluster) Machines() []*machine.Machine { return nil }

// Process is the supervised process of a component on a machine; an error names what there is no such thing of.
// Its methods Kill, Pause, Resume, Stop and Start are the faults a nemesis makes.
func (c *Cluster) Process(machine, component string) (*process.Process, error) { return nil, nil }

// Processes are all processes of the cluster, in the order of the machines.
func (c *Cluster) Processes() []*process.Process { return nil }

// Disk is the control of the disk under the etcd member of a control plane.
func (c *Cluster) Disk(machine string) (*disk.Client, error) { return nil, nil }

// Cut drops what is sent from machine a to machine b and, unless oneWay, from b to a: that of the machines themselves and
// of their pods. Cut connections hang, they are not closed.
func (c *Cluster) Cut(a, b string, oneWay bool) (*machine.Cut, error) { return nil, nil }

// Heal ends all cuts, releases all disks and resumes all paused processes.
func (c *Cluster) Heal(ctx context.Context) error { return nil }

// EtcdLeader is the control-plane machine whose etcd member leads.
func (c *Cluster) EtcdLeader(ctx context.Context) (string, error) { return "", nil }

// EtcdEndpoints are the client URLs of the etcd members, in the order of the machines.
func (c *Cluster) EtcdEndpoints() []string { return nil }

// Kubeconfig is the path of the administrator's kubeconfig: one cluster and context for each API server.
func (c *Cluster) Kubeconfig() string { return "" }

// Load imports an OCI archive on every worker and returns the names of the images in it.
func (c *Cluster) Load(ctx context.Context, archive string) ([]string, error) { return nil, nil }
