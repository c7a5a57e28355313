package nemesis

import (
	"context"
	"errors"
	"time"

	"orrery/fuzz/workload"
	"orrery/impl/host"
	"orrery/impl/store"
	"orrery/impl/store/etcd"
)

// etcdPort is where members serve clients.
const etcdPort = host.EtcdPort

// enough is by how many revisions a cache must be behind to be said to lag, and settling how long the latest of them may take on the way.
const (
	enough   = 3
	settling = 200 * time.Millisecond
)

// lag has the cache of an API server fall behind while the server goes on: of its connections to the etcd members, the one hangs from which the cache
// is fed. Which one that is shows when the cache does not move any more.
func lag(ctx context.Context, c *World, target string, _ workload.Choices) (func(context.Context) (effect, error), error) {
	_, server := split(target)
	seen := effect{}
	var last cuts
	end := func(ctx context.Context) (effect, error) {
		if behind, err := c.behind(ctx, server); err == nil {
			seen["revisionsBehind"] = max(seen["revisionsBehind"], behind)
		}
		_, err := last.end(ctx)
		return seen, err
	}
	for _, member := range c.on(host.Etcd) {
		made, err := c.CutPort(server, member, false, etcdPort)
		if err != nil {
			return end, err
		}
		last = cuts{made}
		behind, err := c.falls(ctx, server)
		if err != nil {
			return end, err
		}
		if behind >= enough {
			seen["revisionsBehind"] = behind
			return end, nil
		}
		if err := made.Heal(); err != nil {
			return end, err
		}
	}
	return end, nil
}

// falls waits until something has been written, and returns by how much an API server is then behind.
func (w *World) falls(ctx context.Context, server string) (int64, error) {
	from, err := w.revision(ctx)
	if err != nil {
		return 0, err
	}
	for {
		now, err := w.revision(ctx)
		if err != nil {
			return 0, err
		}
		if now > from+enough {
			break
		}
		if !rest(ctx, look) {
			return 0, nil // nobody writes
		}
	}
	rest(ctx, settling)
	return w.behind(ctx, server)
}

// behind is by how many revisions the cache of an API server is behind.
func (w *World) behind(ctx context.Context, server string) (behind int64, err error) {
	now, err := w.revision(ctx)
	if err != nil {
		return 0, err
	}
	err = insist(ctx, func() error {
		seen, err := w.Seen(ctx, server)
		behind = now - seen
		return err
	})
	return behind, err
}

// unheard is after how long a connection that is cut, and on which something was sent, counts as broken.
const unheard = etcd.KeepAliveTimeout + 1500*time.Millisecond

// compact has etcd forget what an API server has not seen yet: it is parted from all members until its connections break, and meanwhile what the others
// write is compacted. It cannot go on where it was, must list anew, and tell its watchers that their past is gone.
func compact(_ context.Context, c *World, target string, _ workload.Choices) (func(context.Context) (effect, error), error) {
	_, server := split(target)
	var made cuts
	end := func(ctx context.Context) (effect, error) {
		seen, err := c.forget(ctx, server)
		if _, healing := made.end(ctx); err == nil {
			err = healing
		}
		return seen, err
	}
	for _, member := range c.on(host.Etcd) {
		cut, err := c.CutPort(server, member, false, etcdPort)
		if err != nil {
			return end, err
		}
		made = append(made, cut)
	}
	return end, nil
}

// forget compacts all that the recording has, and says how much of it a server has not seen.
func (w *World) forget(ctx context.Context, server string) (effect, error) {
	now, err := w.revision(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.Recorded(ctx, now); err != nil {
		return nil, err
	}
	err = insist(ctx, func() error {
		if err := w.Compact(ctx, now); !errors.Is(err, store.ErrCompacted) { // by an attempt whose outcome nobody told
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	behind, err := w.behind(ctx, server)
	return effect{"revisionsForgotten": behind}, err
}
