package host

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/vishvananda/netns"

	"orrery/impl/apiserver/pki"
	"orrery/impl/host/containerd"
	"orrery/impl/host/disk"
	"orrery/impl/host/image"
	"orrery/impl/host/machine"
	"orrery/impl/host/process"
	"orrery/impl/host/sweep"
	"orrery/impl/proxy/rules/nft"
	"orrery/impl/trace"
)

// readyPoll is how often it is looked whether something is ready, statusTimeout bounds one look.
const (
	readyPoll     = 20 * time.Millisecond
	statusTimeout = 2 * time.Second
)

// ErrBusy: another cluster runs on this host.
var ErrBusy = machine.ErrBusy

// Up brings up the cluster that config describes and returns when all of it is ready. If it fails, or ctx ends first, it
// removes what it had made. There is one cluster per host at a time: where another runs, Up returns [ErrBusy] at once or,
// if config says so, waits for its end.
func Up(ctx context.Context, config Config) (*Cluster, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	if err := check(config); err != nil {
		return nil, err
	}
	lock, err := acquire(ctx, config.Wait)
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		config: config, lock: lock, members: map[uint64]string{}, lost: map[string]bool{},
		network: machine.Plan(config.Subnet, config.ControlPlanes, config.Workers),
	}
	if err := c.bringUp(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func acquire(ctx context.Context, wait bool) (*machine.Lock, error) {
	if wait {
		return machine.WaitLock(ctx)
	}
	return machine.TryLock()
}

func (c *Cluster) bringUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.config.StartTimeout, fmt.Errorf("the cluster was not ready after %v", c.config.StartTimeout))
	defer cancel()
	removed, err := sweep.Sweep(ctx)
	if err != nil {
		return fmt.Errorf("what an earlier run has left cannot be removed: %w", err)
	}
	if len(removed) > 0 {
		c.log("removed what an earlier run had left: %d things, first %s", len(removed), removed[0])
	}
	if err := prepare(c.config.Dir); err != nil {
		return err
	}
	if err := sweep.Claim(c.config.Dir); err != nil {
		return err
	}
	if err := c.identify(); err != nil {
		return err
	}
	if err := machine.New(c.network); err != nil {
		return err
	}
	if err := c.define(); err != nil {
		return err
	}
	if err := c.startAll(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
			return fmt.Errorf("%w: %w", cause, err)
		}
		return err
	}
	for _, p := range c.processes {
		p.Supervise()
	}
	return nil
}

// identify makes certificates, tokens and the administrator's kubeconfig.
func (c *Cluster) identify() (err error) {
	if c.config.Trace != "" {
		if err := os.MkdirAll(c.config.Trace, 0o755); err != nil {
			return err
		}
		if c.recorder, err = trace.Open(c.traceFile("host"), "host"); err != nil {
			return err
		}
		c.recorder.OnFailure(c.unrecorded)
	}
	if c.authority, err = pki.Ensure(c.pki()); err != nil {
		return err
	}
	cert, key, err := c.authority.Issue("admin", pki.Admin)
	if err != nil {
		return err
	}
	if c.identity, err = tls.LoadX509KeyPair(cert, key); err != nil {
		return err
	}
	if c.etcdTLS, err = etcdTLS(c.etcdPKI()); err != nil {
		return err
	}
	if _, err := os.Stat(c.tokens()); errors.Is(err, os.ErrNotExist) {
		line := rand.Text() + `,admin,admin,"system:masters"` + "\n"
		if err := os.WriteFile(c.tokens(), []byte(line), 0o600); err != nil {
			return err
		}
	}
	return c.authority.Kubeconfig(c.Kubeconfig(), "admin", pki.Admin, c.servers(0)...)
}

// startAll starts everything, side by side what does not need each other.
func (c *Cluster) startAll(ctx context.Context) error {
	archive := filepath.Join(c.config.Dir, "images.tar")
	if err := image.WriteArchive(archive, image.Own(filepath.Join(c.config.Tools, "image"))); err != nil {
		return err
	}
	return together(ctx,
		func(ctx context.Context) error {
			if err := c.startControlPlanes(ctx); err != nil {
				return err
			}
			// Kubelets and controllers connect at once where there is somebody.
			if err := c.start(Scheduler, Controllers, Kubelet); err != nil {
				return err
			}
			return together(ctx, c.awaitNodes, c.startProxies, c.awaitAccount)
		},
		func(ctx context.Context) error {
			return c.each(ctx, Containerd, func(ctx context.Context, m *machine.Machine, p *process.Process) error {
				if err := alive(ctx, p, func(ctx context.Context) error { return containerd.AwaitReady(ctx, runtimeSocket(m)) }); err != nil {
					return err
				}
				if _, err := containerd.Import(ctx, runtimeSocket(m), archive); err != nil {
					return err
				}
				observer, err := c.Process(m.Name, Observer)
				if err != nil {
					return err
				}
				return observer.Start()
			})
		},
	)
}

func (c *Cluster) startControlPlanes(ctx context.Context) error {
	err := c.each(ctx, Disk, func(ctx context.Context, m *machine.Machine, p *process.Process) error {
		return alive(ctx, p, func(ctx context.Context) error {
			return until(ctx, func(ctx context.Context) error {
				_, err := disk.NewClient(diskSocket(m)).Counters(ctx)
				return err
			})
		})
	})
	if err != nil {
		return err
	}
	if err := c.start(Etcd); err != nil {
		return err
	}
	if err := c.awaitEtcd(ctx); err != nil {
		return err
	}
	return c.each(ctx, APIServer, func(ctx context.Context, m *machine.Machine, p *process.Process) error {
		return alive(ctx, p, func(ctx context.Context) error {
			return until(ctx, func(ctx context.Context) error { return c.get(ctx, m, "/readyz", nil) })
		})
	})
}

// startProxies starts the proxies and waits until the kernel of every machine has rules: the API itself is a service, so that there are some.
func (c *Cluster) startProxies(ctx context.Context) error {
	return c.each(ctx, Proxy, func(ctx context.Context, m *machine.Machine, p *process.Process) error {
		return alive(ctx, p, func(ctx context.Context) error {
			return until(ctx, func(ctx context.Context) error { return hasRules(ctx, m) })
		})
	})
}

func hasRules(ctx context.Context, m *machine.Machine) error {
	namespace, err := netns.GetFromPath(m.Namespace())
	if err != nil {
		return err
	}
	defer namespace.Close()
	kernel, err := nft.New(namespace)
	if err != nil {
		return err
	}
	defer kernel.Close()
	set, err := kernel.Current(ctx)
	if err == nil && len(set.Rules) == 0 {
		err = errors.New("there are no rules of services")
	}
	return err
}

// awaitEtcd waits until etcd answers a read, which takes a quorum.
func (c *Cluster) awaitEtcd(ctx context.Context) error {
	s, err := c.Store()
	if err != nil {
		return err
	}
	defer s.Close()
	return c.each(ctx, Etcd, func(ctx context.Context, _ *machine.Machine, p *process.Process) error {
		return alive(ctx, p, func(ctx context.Context) error {
			return until(ctx, func(ctx context.Context) error {
				_, err := s.Count(ctx, "/")
				return err
			})
		})
	})
}

// start starts all processes of the components.
func (c *Cluster) start(components ...string) error {
	for _, p := range c.processes {
		for _, component := range components {
			if p.Component() == component {
				if err := p.Start(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// each starts the component on all machines that have it and calls do for each, side by side.
func (c *Cluster) each(ctx context.Context, component string, do func(context.Context, *machine.Machine, *process.Process) error) error {
	var all []func(context.Context) error
	for _, p := range c.processes {
		if p.Component() != component {
			continue
		}
		m, err := c.machine(p.Machine())
		if err != nil {
			return err
		}
		all = append(all, func(ctx context.Context) error {
			if err := p.Start(); err != nil {
				return err
			}
			return do(ctx, m, p)
		})
	}
	return together(ctx, all...)
}

// together calls all at once and returns when all have ended, with the error of the first to fail; the others' context ends
// then.
func together(ctx context.Context, all ...func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	var once sync.Once
	var first error
	for _, f := range all {
		group.Go(func() {
			if err := f(ctx); err != nil {
				once.Do(func() {
					first = err
					cancel(err)
				})
			}
		})
	}
	group.Wait()
	return first
}

// alive calls wait, and ends it where the process ends: the error is then the last that the process said.
func alive(ctx context.Context, p *process.Process, wait func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	exited := p.Exited()
	go func() {
		select {
		case <-exited:
			close(ended)
			cancel()
		case <-ctx.Done():
		}
	}()
	err := wait(ctx)
	select {
	case <-ended:
		return fmt.Errorf("%s ended while it was starting: %s", p.Name(), p.LastLine())
	default:
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name(), err)
	}
	return nil
}

// until tries again until try succeeds or ctx ends, and then says what was wrong last.
func until(ctx context.Context, try func(context.Context) error) error {
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	for {
		one, cancel := context.WithTimeout(ctx, statusTimeout)
		err := try(one)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", err)
		case <-ticker.C:
		}
	}
}
