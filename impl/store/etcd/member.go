package etcd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
)

const (
	// ProgressInterval is how often an idle watch is told the revision it has reached; upstream's clusters run etcd with
	// --watch-progress-notify-interval=5s.
	ProgressInterval = 5 * time.Second
	// electionHeartbeats is how many heartbeats may be missed before an election, etcd's own ratio.
	electionHeartbeats = 10
	// ClusterToken keeps members of clusters that are not ours apart.
	ClusterToken = "orrery"
)

// TLS names the files with which one side of a member speaks TLS; all empty: plain HTTP.
type TLS struct {
	Cert, Key string
	// CA signs those who are let in; a client or peer without a certificate of it is refused.
	CA string
}

// Config is one etcd member.
type Config struct {
	Name    string
	DataDir string
	// ListenClient and ListenPeer are the URLs to listen on and to advertise; port 0 takes a free one, which only a
	// member that is alone may do on its peers' side.
	ListenClient string
	ListenPeer   string
	// InitialCluster is name=peerURL,...; empty: this member alone.
	InitialCluster string
	// Existing: the member joins a cluster that runs already.
	Existing bool
	Client   TLS
	Peer     TLS

	QuotaBytes       int64         // 0: etcd's default
	SnapshotCount    uint64        // 0: etcd's default
	ProgressInterval time.Duration // of watches; 0: [ProgressInterval]
	Heartbeat        time.Duration // 0: etcd's default; an election takes ten of them
	Metrics          string        // IP:PORT on which etcd's own metrics are served over HTTP; empty: nowhere but at the clients' side
	UnsafeNoFsync    bool          // for tests only: a crash loses what was acknowledged
	Log              io.Writer     // receives warnings and errors; nil: nothing does
}

// Member is a running etcd member.
type Member struct {
	server    *embed.Etcd
	clientURL string
	done      chan struct{}
	stop      sync.Once
	err       error // set before done is closed
}

// Start runs a member and returns when it serves clients, which for a member of a larger cluster means that a quorum is
// there, or says in one line why it cannot. Where ctx ends before that the member is stopped again.
func Start(ctx context.Context, cfg Config) (*Member, error) {
	ec, err := embedConfig(cfg)
	if err != nil {
		return nil, startError(cfg, err)
	}
	if err := claim(cfg.DataDir, cfg.Name); err != nil {
		return nil, startError(cfg, err)
	}
	server, err := startEmbedded(ec)
	if err != nil {
		return nil, startError(cfg, err)
	}
	m := &Member{server: server, done: make(chan struct{})}
	m.clientURL = ec.ListenClientUrls[0].Scheme + "://" + server.Clients[0].Addr().String()
	select {
	case <-server.Server.ReadyNotify():
		go m.wait()
		return m, nil
	case err = <-server.Err():
	case <-server.Server.StopNotify():
		err = errors.New("stopped while starting")
	case <-ctx.Done():
		err = fmt.Errorf("not ready, no quorum of %q was reached: %w", ec.InitialCluster, ctx.Err())
	}
	server.Server.HardStop() // Close waits for the client side, which waits for a member that is ready or stopped
	server.Close()
	return nil, startError(cfg, err)
}

// ClientURL is where clients reach the member.
func (m *Member) ClientURL() string { return m.clientURL }

// Done is closed when the member has stopped, by Stop or by itself; Err then says why.
func (m *Member) Done() <-chan struct{} { return m.done }

// Err is why the member stopped by itself; nil as long as it runs, and after Stop.
func (m *Member) Err() error {
	select {
	case <-m.done:
		return m.err
	default:
		return nil
	}
}

// Stop ends the member and waits for it. etcd lets open requests end first, for a bounded time.
func (m *Member) Stop() {
	m.stop.Do(m.server.Close)
	<-m.done
}

// wait learns of the member's end.
func (m *Member) wait() {
	defer close(m.done)
	select {
	case err := <-m.server.Err(): // nil when closed by Stop
		m.err = err
	case <-m.server.Server.StopNotify():
	}
}

// startEmbedded starts etcd and turns its panics about what it finds on disk into errors.
func startEmbedded(ec *embed.Config) (server *embed.Etcd, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return embed.StartEtcd(ec)
}

func embedConfig(cfg Config) (*embed.Config, error) {
	if cfg.Name == "" || strings.ContainsAny(cfg.Name, "=,") {
		return nil, fmt.Errorf("name %q: must be set, without = and comma", cfg.Name)
	}
	if cfg.DataDir == "" {
		return nil, errors.New("no data directory given")
	}
	clients, err := listenURL("client", cfg.ListenClient, cfg.Client)
	if err != nil {
		return nil, err
	}
	peers, err := listenURL("peer", cfg.ListenPeer, cfg.Peer)
	if err != nil {
		return nil, err
	}
	ec := embed.NewConfig()
	ec.Name, ec.Dir = cfg.Name, cfg.DataDir
	ec.ListenClientUrls, ec.AdvertiseClientUrls = []url.URL{*clients}, []url.URL{*clients}
	ec.ListenPeerUrls, ec.AdvertisePeerUrls = []url.URL{*peers}, []url.URL{*peers}
	ec.ClientTLSInfo, ec.PeerTLSInfo = tlsInfo(cfg.Client), tlsInfo(cfg.Peer)
	ec.InitialCluster = cfg.InitialCluster
	if ec.InitialCluster == "" {
		ec.InitialCluster = cfg.Name + "=" + peers.String()
	}
	ec.InitialClusterToken = ClusterToken
	if cfg.Existing {
		ec.ClusterState = embed.ClusterStateFlagExisting
	}
	ec.QuotaBackendBytes = cfg.QuotaBytes
	if cfg.SnapshotCount > 0 {
		ec.SnapshotCount = cfg.SnapshotCount
	}
	if cfg.Heartbeat > 0 {
		ec.TickMs = uint(cfg.Heartbeat.Milliseconds())
		ec.ElectionMs = ec.TickMs * electionHeartbeats
	}
	ec.WatchProgressNotifyInterval = orDefault(cfg.ProgressInterval, ProgressInterval)
	ec.UnsafeNoFsync = cfg.UnsafeNoFsync
	ec.EnableGRPCGateway = false // JSON over HTTP, which nobody uses here, and which would dial the member itself
	if cfg.Metrics != "" {
		ec.ListenMetricsUrls = []url.URL{{Scheme: "http", Host: cfg.Metrics}}
	}
	ec.ZapLoggerBuilder = embed.NewZapLoggerBuilder(newLogger(cfg.Log))
	return ec, nil
}

func listenURL(side, listen string, files TLS) (*url.URL, error) {
	u, err := url.Parse(listen)
	if err != nil || u.Host == "" || u.Port() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("%s URL %q: must be http or https://ADDRESS:PORT", side, listen)
	}
	if (u.Scheme == "https") != (files.Cert != "" && files.Key != "") {
		return nil, fmt.Errorf("%s URL %q: https needs a certificate and its key, http takes none", side, listen)
	}
	return u, nil
}

func tlsInfo(files TLS) transport.TLSInfo {
	return transport.TLSInfo{CertFile: files.Cert, KeyFile: files.Key, TrustedCAFile: files.CA, ClientCertAuth: files.CA != ""}
}

// startError puts on one line what failed and for whom.
func startError(cfg Config, err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	return &memberError{text: fmt.Sprintf("etcd: member %q in %s: %s", cfg.Name, cfg.DataDir, text), cause: err}
}

type memberError struct {
	text  string
	cause error
}

func (e *memberError) Error() string { return e.text }
func (e *memberError) Unwrap() error { return e.cause }
