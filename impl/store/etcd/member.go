package etcd

import (
	"context"
	"io"
	"time"
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
	// ListenClient and ListenPeer are URLs; port 0 takes a free one. Advertise URLs are the same.
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
	UnsafeNoFsync    bool          // for tests only
	Log              io.Writer     // receives warnings and errors; nil: nothing does
}

// Member is a running etcd member.
type Member struct{}

// Start runs a member and returns when it serves clients, or says in one line why it cannot.
func Start(ctx context.Context, cfg Config) (*Member, error) { return nil, nil }

// ClientURL is where clients reach the member.
func (m *Member) ClientURL() string { return "" }

// Done is closed when the member has stopped, by Stop or by itself; Err then says why.
func (m *Member) Done() <-chan struct{} { return nil }

// Err is why the member stopped by itself; nil after Stop.
func (m *Member) Err() error { return nil }

// Stop ends the member and waits for it.
func (m *Member) Stop() {}
