package etcd

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// front is a proxy before etcd that can hold back the server's bytes and cut connections.
type front struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	gate  *sync.Cond
	held  bool
	conns []net.Conn
	wg    sync.WaitGroup
}

func newFront(t *testing.T, target string) *front {
	u, err := url.Parse(target)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &front{listener: listener, target: u.Host}
	f.gate = sync.NewCond(&f.mu)
	f.wg.Go(f.accept)
	t.Cleanup(func() {
		listener.Close()
		f.cut()
		f.release()
		f.wg.Wait()
	})
	return f
}

func (f *front) url() string { return "http://" + f.listener.Addr().String() }

func (f *front) accept() {
	for {
		client, err := f.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", f.target)
		if err != nil {
			client.Close()
			continue
		}
		f.mu.Lock()
		f.conns = append(f.conns, client, server)
		f.mu.Unlock()
		f.wg.Go(func() { _, _ = io.Copy(server, client); server.Close() })
		f.wg.Go(func() { f.back(client, server); client.Close() })
	}
}

// back copies the server's bytes while they are not held.
func (f *front) back(client, server net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := server.Read(buf)
		f.mu.Lock()
		for f.held {
			f.gate.Wait()
		}
		f.mu.Unlock()
		if err != nil {
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (f *front) hold() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held = true
}

func (f *front) release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held = false
	f.gate.Broadcast()
}

// cut closes all connections; new ones may be made.
func (f *front) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
	f.conns = nil
}
