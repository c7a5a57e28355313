package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"

	"orrery/impl/host/machine"
)

// leases are the names of those by which components elect who acts.
var leases = map[string]string{Scheduler: "kube-scheduler", Controllers: "kube-controller-manager"}

// fresh is how old the last renewal of somebody who leads may be: all machines have one clock.
const fresh = time.Second

// Leader is the machine whose scheduler, or whose controllers, act now: who holds the lease, and has just renewed it.
func (c *Cluster) Leader(ctx context.Context, component string) (string, error) {
	name, ok := leases[component]
	if !ok || !c.config.Standby {
		return "", fmt.Errorf("host: nobody is elected among the %s", component)
	}
	var errs []error
	for _, m := range c.network.Machines {
		if m.Worker {
			continue
		}
		var lease coordinationv1.Lease
		asking, cancel := context.WithTimeout(ctx, statusTimeout)
		err := c.get(asking, m, "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/"+name, &lease)
		cancel()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.Name, err))
			continue
		}
		if spec := lease.Spec; spec.HolderIdentity != nil && spec.RenewTime != nil && time.Since(spec.RenewTime.Time) <= fresh {
			holder, _, _ := strings.Cut(*spec.HolderIdentity, "_")
			return holder, nil
		}
		return "", fmt.Errorf("host: nobody leads by the lease %s", name)
	}
	return "", fmt.Errorf("host: the lease %s: %w", name, errors.Join(errs...))
}

// Seen is the revision up to which the API server of a control plane knows the store: that of its cache of config maps.
func (c *Cluster) Seen(ctx context.Context, name string) (int64, error) {
	m, err := c.machine(name)
	if err != nil {
		return 0, err
	}
	return c.seen(ctx, m)
}

func (c *Cluster) seen(ctx context.Context, m *machine.Machine) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	var list struct {
		Metadata struct {
			ResourceVersion int64 `json:"resourceVersion,string"`
		} `json:"metadata"`
	}
	err := c.get(ctx, m, "/api/v1/namespaces/default/configmaps?resourceVersion=0&limit=1", &list)
	return list.Metadata.ResourceVersion, err
}
