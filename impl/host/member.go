package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"orrery/impl/host/machine"
	"orrery/impl/store/etcd/membership"
)

// etcdData is where a member's data lies, on its machine's disk.
func etcdData(m *machine.Machine) string { return filepath.Join(runPath(m, "disk"), "etcd") }

// ReplaceMember has the etcd member of a control plane begin anew, as if its disk had been replaced: it is stopped and its data is lost, the cluster
// removes it, and takes a new one of its name as a learner, which votes when it has caught up. It returns the new member's ID.
func (c *Cluster) ReplaceMember(ctx context.Context, name string) (uint64, error) {
	p, err := c.Process(name, Etcd)
	if err != nil {
		return 0, err
	}
	m, err := c.machine(name)
	if err != nil {
		return 0, err
	}
	cluster := membership.Cluster{TLS: c.etcdTLS}
	var wanted []membership.Want
	for _, other := range c.network.Machines {
		if other.Worker {
			continue
		}
		wanted = append(wanted, membership.Want{Name: other.Name, Peer: url(other, peerPort)})
		if other != m {
			cluster.Endpoints = append(cluster.Endpoints, url(other, clientPort))
		}
	}
	if len(cluster.Endpoints) == 0 {
		return 0, fmt.Errorf("host: %s has the only etcd member: it cannot be replaced", name)
	}
	members, err := cluster.Current(ctx)
	if err != nil {
		return 0, err
	}
	for i := range wanted {
		for _, member := range members {
			if wanted[i].Name == name && member.Peer == wanted[i].Peer {
				wanted[i].Not = member.ID
			}
		}
	}
	if err := p.Stop(ctx); err != nil {
		return 0, err
	}
	if err := os.RemoveAll(etcdData(m)); err != nil {
		return 0, fmt.Errorf("host: %w", err)
	}
	// What is added is started by this; one that was added before, and whose start was not seen, too.
	p.SetArgs(joining(p.Args())...)
	err = cluster.Converge(ctx, wanted, membership.Hooks{
		Tell:  func(change membership.Change) { c.log("etcd: %v", change) },
		Added: func(context.Context, membership.Want, []membership.Want) error { return p.Start() },
	})
	if err != nil {
		return 0, err
	}
	if members, err = cluster.Current(ctx); err != nil {
		return 0, err
	}
	for _, member := range members {
		if member.Name == name {
			return member.ID, nil
		}
	}
	return 0, fmt.Errorf("host: the new etcd member of %s is not there", name)
}

// joining are the arguments of a member that joins a cluster which runs.
func joining(args []string) []string {
	const flag = "--initial-cluster-state=existing"
	for _, a := range args {
		if a == flag {
			return args
		}
	}
	return append(args, flag)
}
