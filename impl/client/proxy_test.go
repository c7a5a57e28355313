package client_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy passes bytes on until it is told to hang: then it swallows them, and closes nothing.
type proxy struct {
	listener net.Listener
	hanging  atomic.Bool
}

func newProxy(t *testing.T, target string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: l}
	var running sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	running.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", target)
			if err != nil {
				in.Close()
				continue
			}
			mu.Lock()
			open = append(open, in, out)
			mu.Unlock()
			running.Go(func() { _, _ = io.Copy(p.through(out), in) })
			running.Go(func() { _, _ = io.Copy(p.through(in), out) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		running.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }
func (p *proxy) hang()           { p.hanging.Store(true) }

func (p *proxy) through(w io.Writer) io.Writer {
	return writer(func(b []byte) (int, error) {
		if p.hanging.Load() {
			return len(b), nil
		}
		return w.Write(b)
	})
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }
