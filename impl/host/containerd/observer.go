package containerd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/containerd/containerd/api/events"
	containerd "github.com/containerd/containerd/v2/client"
	coreevents "github.com/containerd/containerd/v2/core/events"
	"github.com/containerd/errdefs"
	"github.com/containerd/typeurl/v2"

	"orrery/impl/trace"
)

// Observer tells a trace what happens to the containers of one worker.
//
// It is told by containerd's events and, whenever it has connected anew, by what containerd knows now. An exit that happened
// while nobody listened is found in the CRI's record of it, with the time that the shim gave.
type Observer struct {
	address, node string
	sink          trace.Sink
	known         map[string]*container
}

// container is one that has not been removed.
type container struct {
	trace.Container      // as it is described in every line; State is the last one told
	described       bool // it belongs to a pod: its lines are told
}

// reconnectDelay is how long to wait after containerd went away before it is tried again.
const reconnectDelay = 50 * time.Millisecond

// NewObserver goes on where the trace at path, if there is one, ends.
func NewObserver(address, node string, sink trace.Sink, path string) (*Observer, error) {
	o := &Observer{address: address, node: node, sink: sink, known: map[string]*container{}}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return o, nil
	}
	if err != nil {
		return nil, fmt.Errorf("observer: %w", err)
	}
	defer f.Close()
	lines, err := trace.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("observer: %s: %w", path, err)
	}
	for {
		line, err := lines.Read()
		if err == io.EOF {
			return o, nil
		}
		if err != nil {
			return nil, fmt.Errorf("observer: %s: %w", path, err)
		}
		if c := line.Container; c != nil {
			o.known[c.ID] = &container{Container: *c, described: true}
			if c.State == removed {
				delete(o.known, c.ID)
			}
		}
	}
}

// Run observes until ctx ends, through any number of restarts of containerd.
func (o *Observer) Run(ctx context.Context) error {
	for {
		err := o.session(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(reconnectDelay):
		}
		if err != nil && !errdefs.IsUnavailable(err) && !errors.Is(err, context.DeadlineExceeded) {
			fmt.Fprintln(os.Stderr, "observer:", err)
		}
	}
}

// session observes until the connection breaks.
func (o *Observer) session(ctx context.Context) error {
	client, err := connect(o.address)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	heard, failed := client.Subscribe(ctx, `namespace==`+Namespace)
	if err := listening(ctx, client, heard, failed); err != nil {
		return err
	}
	// What happens from here on is heard, so what is known now misses nothing. What is in both is told once.
	if err := o.catchUp(ctx, client); err != nil {
		return err
	}
	for {
		select {
		case e := <-heard:
			if err := o.hear(ctx, client, e); err != nil {
				return err
			}
		case err := <-failed:
			return err
		}
	}
}

// markTopic is that of the event which comes back when the subscription is in force.
const markTopic = "/orrery/observing"

// listening returns when the subscription is in force: containerd starts it some time after the call. Real events that come
// meanwhile are dropped, since what they tell is caught up with.
func listening(ctx context.Context, client *containerd.Client, heard <-chan *coreevents.Envelope, failed <-chan error) error {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		select {
		case e := <-heard:
			if e.Topic == markTopic {
				return nil
			}
		case err := <-failed:
			return err
		case <-ticker.C:
			if err := client.EventService().Publish(ctx, markTopic, &events.ContainerUpdate{ID: "observer"}); err != nil {
				return err
			}
		}
	}
}

// hear takes one event.
func (o *Observer) hear(ctx context.Context, client *containerd.Client, e *coreevents.Envelope) error {
	if e.Event == nil || e.Topic == markTopic {
		return nil
	}
	v, err := typeurl.UnmarshalAny(e.Event)
	if err != nil {
		return nil // of a kind that this program has no type for
	}
	switch event := v.(type) {
	case *events.ContainerCreate:
		return o.meet(ctx, client, event.ID, onTrace(e.Timestamp))
	case *events.TaskStart:
		o.advance(event.ContainerID, started, onTrace(e.Timestamp), 0)
	case *events.TaskExit:
		if event.ID == event.ContainerID { // otherwise of a process that was executed in it
			o.advance(event.ContainerID, exited, onTrace(event.ExitedAt.AsTime()), int(event.ExitStatus))
		}
	case *events.ContainerDelete:
		o.advance(event.ID, removed, onTrace(e.Timestamp), 0)
	}
	return nil
}

// meet makes a container known.
func (o *Observer) meet(ctx context.Context, client *containerd.Client, id string, at int64) error {
	if o.known[id] != nil {
		return nil
	}
	record, err := client.ContainerService().Get(ctx, id)
	if errdefs.IsNotFound(err) {
		return nil // removed again before it was started
	}
	if err != nil {
		return err
	}
	o.know(record, at)
	return nil
}

// The states of a container, in their order.
const (
	created = "created"
	started = "started"
	exited  = "exited"
	removed = "removed"
)

var rank = map[string]int{created: 1, started: 2, exited: 3, removed: 4}

// advance tells that the container has come to the state, and what it must have gone through before and nobody told: at a time
// unknown. What was told before is not told again.
func (o *Observer) advance(id, state string, at int64, code int) {
	c := o.known[id]
	if c == nil || rank[c.State] >= rank[state] {
		return
	}
	if state == exited && c.State == created {
		o.tell(c, started, 0, 0)
	}
	if state == removed && c.State == started {
		o.tell(c, exited, 0, 0)
	}
	o.tell(c, state, at, code)
	if state == removed {
		delete(o.known, id)
	}
}

func (o *Observer) tell(c *container, state string, at int64, code int) {
	c.State, c.At, c.ExitCode = state, at, code
	if !c.described {
		return
	}
	line := c.Container
	o.sink.Emit(trace.Line{Container: &line})
}

// onTrace is a time of the host's clock on the trace's clock; 0 where it is not known.
func onTrace(t time.Time) int64 {
	if t.IsZero() || t.Unix() <= 0 {
		return 0
	}
	return trace.Monotonic() - int64(time.Since(t))
}
