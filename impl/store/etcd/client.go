package etcd

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/kubernetes"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"orrery/impl/store"
)

// Times that bound what a client waits for. They are upstream's (apiserver pkg/storage/storagebackend/factory/etcd3.go)
// where it has them.
const (
	// KeepAliveTime and KeepAliveTimeout find a connection that hangs silently: a ping on an idle one, and the bound on
	// unacknowledged data (TCP_USER_TIMEOUT) on a busy one. gRPC pings no more often than every ten seconds.
	KeepAliveTime    = 10 * time.Second
	KeepAliveTimeout = 5 * time.Second
	// RequestTimeout ends a request whose caller has set no nearer end.
	RequestTimeout = 10 * time.Second
	// readAttempts bounds how often a read is asked again after an answer that says to try elsewhere, readPause is the
	// wait in between.
	readAttempts = 4
	readPause    = 25 * time.Millisecond
)

// Options tell where etcd is and how to speak to it.
type Options struct {
	Endpoints []string    // URLs
	TLS       *tls.Config // for https endpoints
	// RequestTimeout bounds every request, KeepAliveTime and KeepAliveTimeout the silence on a connection; 0: the
	// constants of those names.
	RequestTimeout   time.Duration
	KeepAliveTime    time.Duration
	KeepAliveTimeout time.Duration
	// Log receives what the client library has to say from warnings up; nil: nothing does.
	Log io.Writer
}

// Store is a [store.Store] in a real etcd.
type Store struct {
	client  *kubernetes.Client
	kv      etcdserverpb.KVClient // that of client, one level down
	timeout time.Duration

	mu      sync.Mutex
	closed  bool
	watches map[*watch]struct{}
}

var _ store.Store = (*Store)(nil)

// Open makes a client. It does not wait for etcd: requests fail with ErrUnavailable as long as none can be reached.
func Open(opts Options) (*Store, error) {
	if len(opts.Endpoints) == 0 {
		return nil, errors.New("etcd: no endpoint given")
	}
	for _, e := range opts.Endpoints {
		if strings.HasPrefix(e, "https://") && opts.TLS == nil {
			return nil, errors.New("etcd: " + e + " needs TLS, and no certificate authority was given")
		}
	}
	logger := zap.NewNop()
	if opts.Log != nil {
		logger = newLogger(opts.Log)
	}
	client, err := kubernetes.New(clientv3.Config{
		Endpoints:            opts.Endpoints,
		TLS:                  opts.TLS,
		DialTimeout:          RequestTimeout,
		DialKeepAliveTime:    orDefault(opts.KeepAliveTime, KeepAliveTime),
		DialKeepAliveTimeout: orDefault(opts.KeepAliveTimeout, KeepAliveTimeout),
		// The library repeats any request, writes too, to which a server answers DeadlineExceeded or Canceled while the
		// caller's own context still lives (client/v3/retry_interceptor.go). A compare-and-swap that took effect the
		// first time then fails the second, and a success would be told as a conflict. So nothing is repeated there, and
		// reads are repeated here.
		MaxUnaryRetries: 1,
		DialOptions:     []grpc.DialOption{grpc.WithStatsHandler(sentHandler{})},
		Logger:          logger,
	})
	if err != nil {
		return nil, errors.New("etcd: " + err.Error())
	}
	return &Store{
		client: client, kv: clientv3.RetryKVClient(client.Client),
		timeout: orDefault(opts.RequestTimeout, RequestTimeout), watches: map[*watch]struct{}{},
	}, nil
}

// Close ends all watches with ErrClosed and closes the connections.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	var open []*watch
	for w := range s.watches {
		open = append(open, w)
	}
	s.mu.Unlock()
	for _, w := range open {
		w.close()
	}
	if err := s.client.Close(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
