package disk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// The control protocol: a connection carries one request and one response, each a JSON object on a line. A request with
// neither field asks for the counters only. The server stops working at a request whose connection is closed.
type request struct {
	Faults *Faults `json:"faults,omitempty"`
	Crash  *Loss   `json:"crash,omitempty"`
}

type response struct {
	Counters Counters `json:"counters"`
	Error    string   `json:"error,omitempty"`
}

// requestTimeout bounds how long a connection may take to say what it wants.
const requestTimeout = 5 * time.Second

// MaxSocketPath is the length of the longest path that a unix socket can have.
const MaxSocketPath = 107

func checkSocket(path string) error {
	if len(path) > MaxSocketPath {
		return fmt.Errorf("disk: socket path %s: %d bytes, at most %d are possible", path, len(path), MaxSocketPath)
	}
	return nil
}

// listen answers requests at the socket until stop is called, which waits for those being answered.
func listen(ctx context.Context, socket string, answer func(context.Context, request) (response, error)) (stop func(), err error) {
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("disk: %w", err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("disk: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed by stop
			}
			connections.Go(func() { serve(ctx, conn, answer) })
		}
	})
	return func() {
		cancel()
		l.Close()
		connections.Wait()
	}, nil
}

func serve(ctx context.Context, conn net.Conn, answer func(context.Context, request) (response, error)) {
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now()) })()
	conn.SetReadDeadline(time.Now().Add(requestTimeout))
	var r request
	decoder := json.NewDecoder(conn)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		json.NewEncoder(conn).Encode(response{Error: "disk: request: " + err.Error()})
		return
	}
	conn.SetReadDeadline(time.Time{})
	go func() {
		// The client says nothing more: this returns when it has gone, or when serve has ended.
		conn.Read(make([]byte, 1))
		cancel()
	}()
	out, err := answer(ctx, r)
	if err != nil {
		out.Error = err.Error()
	}
	json.NewEncoder(conn).Encode(out)
}

// Client controls a disk over its socket.
type Client struct {
	socket string
}

// NewClient is the control of the disk that listens at socket.
func NewClient(socket string) *Client { return &Client{socket: socket} }

// Set replaces the faults of the disk and releases what the old ones held and the new ones do not.
func (c *Client) Set(ctx context.Context, f Faults) error {
	_, err := c.do(ctx, request{Faults: &f})
	return err
}

// Counters are the effects observed up to now.
func (c *Client) Counters(ctx context.Context) (Counters, error) {
	return c.do(ctx, request{})
}

// Crash loses what was not synced. The process that used the disk must have been killed before: Crash waits until no file
// is open any more, or ctx ends.
func (c *Client) Crash(ctx context.Context, l Loss) (Counters, error) {
	return c.do(ctx, request{Crash: &l})
}

func (c *Client) do(ctx context.Context, r request) (Counters, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", c.socket)
	if err != nil {
		return Counters{}, fmt.Errorf("disk: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	if err := json.NewEncoder(conn).Encode(r); err != nil {
		return Counters{}, fmt.Errorf("disk: control: %w", err)
	}
	var out response
	if err := json.NewDecoder(conn).Decode(&out); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return Counters{}, fmt.Errorf("disk: control: %w", err)
	}
	if out.Error != "" {
		return out.Counters, errors.New(out.Error)
	}
	return out.Counters, nil
}
