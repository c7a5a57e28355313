package command

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	"orrery/impl/apiserver"
	"orrery/impl/apiserver/pki"
	"orrery/impl/apiserver/web"
	"orrery/impl/metrics"
	"orrery/impl/store"
	"orrery/impl/store/etcd"
	"orrery/impl/token"
	"orrery/impl/trace"
)

// etcdRetry is how often etcd is looked for while it is not there, etcdCheck how long one look may take.
const (
	etcdRetry = 250 * time.Millisecond
	etcdCheck = 2 * time.Second
)

// run prepares everything that can be wrong and serves until ctx ends.
func run(ctx context.Context, o options, stderr io.Writer) (err error) {
	p := process{options: o, log: log.New(stderr, o.name+": ", log.LstdFlags|log.Lmsgprefix)}
	if p.authority, err = pki.Ensure(o.pkiDir); err != nil {
		return err
	}
	if p.listener, err = net.Listen("tcp", o.listen); err != nil {
		return err
	}
	defer p.listener.Close()
	file, err := openTrace(o)
	if err != nil {
		return err
	}
	p.sink = trace.Discard
	if file != nil {
		p.sink = file
		defer func() { err = errors.Join(err, file.Close()) }()
	}
	etcdStore, err := openStore(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, etcdStore.Close()) }()
	p.store = etcdStore
	return p.serve(ctx)
}

// process is what an API server runs on.
type process struct {
	options
	log       *log.Logger
	authority *pki.Authority
	listener  net.Listener
	sink      trace.Sink
	store     store.Store
}

func (p *process) serve(ctx context.Context) error {
	issuer, err := accountIssuer(p.authority)
	if err != nil {
		return err
	}
	accounts := &web.Accounts{Verifier: issuer.Verifier(), Now: time.Now}
	authenticators := []web.Authenticator{&web.Certificates{Pool: p.authority.Pool()}, accounts}
	if p.tokenFile != "" {
		tokens, err := web.ReadTokens(p.tokenFile)
		if err != nil {
			return fmt.Errorf("--token-file: %w", err)
		}
		authenticators = append(authenticators, tokens)
	}
	serving, err := servingTLS(p.authority, p.name, p.listener.Addr(), p.advertised()...)
	if err != nil {
		return err
	}
	kubelets, err := clientTLS(p.authority, "apiserver-kubelet-client", pki.KubeletClient)
	if err != nil {
		return err
	}
	registry := metrics.New()
	server := apiserver.New(apiserver.Config{
		Name: p.name, Store: store.Recorded(registry.Store(p.store), p.sink, trace.Incarnation(p.name), "etcd"), Sink: p.sink, RequestTimeout: p.limits.Timeout, Tokens: issuer, Accounts: p.accounts,
		Ranges: p.ranges, Advertise: p.endpoint,
		Authorization: p.authorize == byRules, Warn: func(err error) { p.log.Print(err) },
	})
	accounts.Transport = server
	registry.Caches(server.Revisions)
	var authorizer web.Authorizer // nil: everybody may do everything
	if p.authorize == byRules {
		authorizer = server
	}
	stopping := make(chan struct{})
	handler := web.New(web.Config{
		Transport: server, Authenticators: authenticators, Authorizer: authorizer, Live: []web.Check{etcdHealth(server)},
		Ready: []web.Check{etcdHealth(server), caches(server)}, Kubelet: kubelets, Limits: p.limits,
		Meter: registry.Web(), Metrics: registry.Handler(),
		Stopping: stopping, Log: p.log, Access: accessLog(p.options, p.log),
	})
	// The server outlasts the last request, so it has a context of its own.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer stop()
	tasks.Go(func() { server.Run(running) })
	tasks.Go(func() { awaitEtcd(running, server, p.etcdServers, p.log) })
	if err := releasePages(); err != nil {
		p.log.Printf("memory that only the start needed is kept: %v", err)
	}
	p.log.Printf("serving on https://%s", p.listener.Addr())
	return web.Serve(ctx, p.listener, serving, handler, func() { close(stopping) }, p.log)
}

// accountIssuer issues the tokens of the cluster's service accounts.
func accountIssuer(authority *pki.Authority) (*token.Issuer, error) {
	text, err := authority.EnsureAccountKey()
	if err != nil {
		return nil, err
	}
	key, err := token.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", authority.AccountKeyFile(), err)
	}
	return token.NewIssuer(key), nil
}

// advertised are the addresses by which pods reach the server: that of the Service kubernetes, and its own.
func (p *process) advertised() []string {
	addresses := []string{p.ranges.KubernetesIP()}
	if p.endpoint.IsValid() {
		addresses = append(addresses, p.endpoint.Addr().String())
	}
	return addresses
}

func accessLog(o options, logger *log.Logger) *log.Logger {
	if o.accessLog {
		return logger
	}
	return nil
}

func etcdHealth(server *apiserver.Server) web.Check {
	return web.Check{Name: "etcd", Check: func() error {
		ctx, cancel := context.WithTimeout(context.Background(), etcdCheck)
		defer cancel()
		return server.Healthz(ctx)
	}}
}

func caches(server *apiserver.Server) web.Check {
	return web.Check{Name: "caches", Check: func() error {
		if !server.Ready() {
			return errors.New("the caches are not filled, or the default namespaces and roles not made")
		}
		return nil
	}}
}

// awaitEtcd says once that etcd is not there, and once that it is.
func awaitEtcd(ctx context.Context, server *apiserver.Server, servers []string, logger *log.Logger) {
	err := server.Healthz(ctx)
	if err == nil || ctx.Err() != nil {
		return
	}
	logger.Printf("waiting for etcd at %s: %v", strings.Join(servers, ", "), err)
	ticker := time.NewTicker(etcdRetry)
	defer ticker.Stop()
	for err != nil {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			err = server.Healthz(ctx)
		}
	}
	logger.Print("etcd is there")
}

func openTrace(o options) (*trace.File, error) {
	if o.trace == "" {
		return nil, nil
	}
	file, err := trace.Open(o.trace, o.name)
	if err != nil {
		return nil, fmt.Errorf("--trace: %w", err)
	}
	return file, nil
}

// openStore is a client of etcd, which trusts an authority of its own: a certificate by which one is known to this server opens no store.
func openStore(o options) (*etcd.Store, error) {
	opts := etcd.Options{Endpoints: o.etcdServers}
	for _, server := range o.etcdServers {
		if strings.HasPrefix(server, "https://") {
			authority, err := pki.Ensure(o.etcdPKIDir)
			if err != nil {
				return nil, err
			}
			config, err := clientTLS(authority, "apiserver-etcd-client", pki.Subject{
				User: "kube-apiserver-etcd-client", Client: true,
			})
			if err != nil {
				return nil, err
			}
			opts.TLS = config
			break
		}
	}
	return etcd.Open(opts)
}

// clientTLS is how this process shows itself to others of the cluster.
func clientTLS(authority *pki.Authority, name string, subject pki.Subject) (*tls.Config, error) {
	cert, err := issue(authority, name, subject)
	if err != nil {
		return nil, err
	}
	return &tls.Config{RootCAs: authority.Pool(), Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

// servingTLS has a certificate for every name and address under which clients may reach the listener.
func servingTLS(authority *pki.Authority, name string, address net.Addr, more ...string) (*tls.Config, error) {
	hosts := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", name, "127.0.0.1", "::1"}
	hosts = append(hosts, more...)
	if tcp, ok := address.(*net.TCPAddr); ok && !tcp.IP.IsUnspecified() {
		hosts = append(hosts, tcp.IP.String())
	} else {
		addresses, err := net.InterfaceAddrs()
		if err != nil {
			return nil, err
		}
		for _, a := range addresses {
			if prefix, ok := a.(*net.IPNet); ok {
				hosts = append(hosts, prefix.IP.String())
			}
		}
	}
	cert, err := issue(authority, "apiserver-"+name, pki.Subject{User: "kube-apiserver", Hosts: unique(hosts), Server: true})
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}}, nil
}

func issue(authority *pki.Authority, name string, subject pki.Subject) (tls.Certificate, error) {
	certFile, keyFile, err := authority.Issue(name, subject)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.LoadX509KeyPair(certFile, keyFile)
}

func unique(names []string) (kept []string) {
	seen := map[string]bool{}
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			kept = append(kept, name)
		}
	}
	return kept
}
