package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/pflag"
)

const (
	flagName = "metrics-address"
	// headerTimeout bounds how slowly a request may come, shutdownGrace how long those that are answered may go on when all is to end.
	headerTimeout = 10 * time.Second
	shutdownGrace = time.Second
)

// Flag adds the flag that all components have. Upstream: --metrics-bind-address, or --bind-address and --secure-port, with HTTPS but for the proxy's.
func Flag(set *pflag.FlagSet) *string {
	return set.String(flagName, "", "`IP:PORT` on which metrics are served, over HTTP and to everybody; empty: nowhere")
}

// Free says what is wrong with an address given by the flag, for who has another listen there.
func Free(address string) error {
	if address == "" {
		return nil
	}
	listener, err := listen(address)
	if err != nil {
		return err
	}
	return listener.Close()
}

func listen(address string) (net.Listener, error) {
	if _, err := netip.ParseAddrPort(address); err != nil {
		return nil, fmt.Errorf("--%s %q: must be IP:PORT", flagName, address)
	}
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("--%s %s is in use", flagName, address)
	}
	if err != nil {
		return nil, fmt.Errorf("--%s %s: %w", flagName, address, err)
	}
	return listener, nil
}

// Start serves a new Registry at the address until ctx ends; stop waits for that and may be called before. An empty address: no Registry, and nothing is served.
func Start(ctx context.Context, address string) (r *Registry, stop func(), err error) {
	if address == "" {
		return nil, func() {}, nil
	}
	listener, err := listen(address)
	if err != nil {
		return nil, nil, err
	}
	r = New()
	ctx, cancel := context.WithCancel(ctx)
	var serving sync.WaitGroup
	serving.Go(func() { serve(ctx, listener, r) })
	return r, func() { cancel(); serving.Wait() }, nil
}

func serve(ctx context.Context, listener net.Listener, r *Registry) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", r.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // it ends only because of what follows, or with the listener, which nobody else has
	}()
	<-ctx.Done()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if server.Shutdown(grace) != nil {
		_ = server.Close()
	}
	<-ended
}
