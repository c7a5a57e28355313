package apiserver

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
	"orrery/impl/apiserver/request"
	"orrery/impl/apiserver/user"
	"orrery/impl/client"
	"orrery/impl/store"
	"orrery/impl/trace"
)

// Server answers requests over a store. It implements [client.Transport]. New makes one, Run keeps it going.
type Server struct {
	cfg   Config
	store store.Store // recorded
	feed  *feed
	// wanted holds a token while somebody waits for the caches and has not been served.
	wanted       chan struct{}
	bootstrapped atomic.Bool
	stopped      chan struct{}
}

var _ client.Transport = (*Server)(nil)

// New returns a Server that answers only after Run has been called.
func New(cfg Config) *Server {
	cfg = cfg.withDefaults()
	s := &Server{cfg: cfg, store: cfg.Store, feed: newFeed(cfg.Window),
		wanted: make(chan struct{}, 1), stopped: make(chan struct{})}
	return s
}

// Run feeds the caches and keeps house until ctx ends; then every watch ends too. It is called once.
func (s *Server) Run(ctx context.Context) {
	defer close(s.stopped)
	var tasks sync.WaitGroup
	tasks.Go(func() { s.follow(ctx) })
	tasks.Go(func() { s.progress(ctx) })
	tasks.Go(func() { s.bootstrap(ctx) })
	told := map[*api.Resource]int64{}
	if s.cfg.Sink != trace.Discard { // a sum over every object is much for nobody to read
		tasks.Go(func() { s.every(ctx, s.cfg.DigestEvery, func() { s.digest(told) }) })
	}
	tasks.Go(func() { s.every(ctx, s.cfg.SweepEvery, func() { s.sweep(ctx) }) })
	var c compactor
	tasks.Go(func() { s.every(ctx, s.cfg.CompactEvery, func() { s.compact(ctx, &c) }) })
	var l request.Leaks
	tasks.Go(func() { s.every(ctx, s.cfg.RepairEvery, func() { s.repair(ctx, &l) }) })
	tasks.Go(func() { s.announce(ctx) })
	tasks.Wait()
}

// every calls do each period until ctx ends; a negative period is never.
func (s *Server) every(ctx context.Context, period time.Duration, do func()) {
	if period < 0 {
		return
	}
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do()
		}
	}
}

// Ready reports whether every cache has been filled and the namespaces that every cluster has are there.
func (s *Server) Ready() bool { return s.bootstrapped.Load() && s.feed.ready() }

// healthTimeout bounds a health check, as upstream's check of etcd is bounded.
const healthTimeout = 2 * time.Second

// Healthz asks the store for a key that need not be there.
func (s *Server) Healthz(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	if _, err := s.cfg.Store.Get(ctx, "health", store.GetOptions{}); err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	return nil
}

// Do carries out one request.
func (s *Server) Do(ctx context.Context, req api.Request) (api.Response, error) {
	if req.Verb == api.Watch {
		return api.Response{}, apierrors.NewBadRequest("a watch is no single request")
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.RequestTimeout)
	defer cancel()
	result := s.carry(ctx, request.New(req, s.feed, s.envFor(ctx)))
	return result.Response, result.Err
}

func (s *Server) carry(ctx context.Context, m *request.Machine) *request.Result {
	for {
		op, result := m.Next()
		if result != nil {
			return result
		}
		switch {
		case op.Kind == request.Wait:
			m.Done(request.Answer{Err: s.wait(ctx, op)})
		default:
			m.Done(request.Perform(ctx, s.store, op))
		}
	}
}

// envFor is env, with what the request's user may not do.
func (s *Server) envFor(ctx context.Context) func() registry.Env {
	u, ok := user.From(ctx)
	if !ok || !s.cfg.Authorization {
		return s.env
	}
	return func() registry.Env {
		env := s.env()
		env.Admit = func(req api.Request, old, obj api.Object) error { return s.admit(u, req, old, obj) }
		return env
	}
}

// repair removes what broken requests have left of addresses.
func (s *Server) repair(ctx context.Context, l *request.Leaks) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.RequestTimeout)
	defer cancel()
	if err := s.carry(ctx, l.Pass(s.feed)).Err; err != nil {
		s.cfg.Warn(fmt.Errorf("looking for addresses that no service has: %w", err))
	}
}

func (s *Server) env() registry.Env {
	return registry.Env{Now: metav1.NewTime(s.cfg.Clock()), UID: s.cfg.NewUID(), Suffix: s.cfg.NewSuffix(), Tokens: s.cfg.Tokens, Accounts: s.cfg.Accounts, Ranges: s.cfg.Ranges}
}
