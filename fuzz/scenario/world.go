package scenario

import (
	"orrery/fuzz/nemesis"
	"orrery/impl/client"
	"orrery/impl/store"
)

// Who the recording says that the nemesis is, where it does what people do.
const (
	administrator = "administrator"
	etcdServer    = "etcd"
)

// world is what the nemesis works on, and by what means; done ends these.
func (r *run) world() (world *nemesis.World, done func(), err error) {
	transport, err := client.FromKubeconfig(r.cluster.Kubeconfig())
	if err != nil {
		return nil, nil, err
	}
	etcd, err := r.cluster.Store()
	if err != nil {
		transport.Close()
		return nil, nil, err
	}
	done = func() {
		transport.Close()
		etcd.Close()
	}
	return &nemesis.World{
		Cluster:  r.cluster,
		User:     client.Recorded(transport, r.sink, "user"),
		Etcd:     etcd,
		Compact:  store.Recorded(etcd, r.sink, administrator, etcdServer).Compact,
		Recorded: r.observer.Reach,
	}, done, nil
}
