package web

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/client"
)

const (
	// stalledWatch is how long a watcher may take to accept what is written to it; then it is dropped. Without a bound a
	// client that is stopped, or cut off silently, holds its events for ever.
	stalledWatch = time.Minute
	// watchBatch is how many events wait to be written before the stream is not read any more.
	watchBatch = 64
)

// watch serves a watch until it times out, its client leaves, the server stops, or the stream ends.
func (c *call) watch(ctx context.Context, a accepted, req api.Request) error {
	timeout, err := c.watchTimeout()
	if err != nil {
		return err
	}
	encoder, err := c.eventEncoder(a)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stream, err := c.Transport.Watch(ctx, req)
	if err != nil && (apierrors.IsResourceExpired(err) || apierrors.IsGone(err)) {
		// As upstream: once a watch is well formed, that history is gone is told as an event.
		stream, err = &failedStream{err: err}, nil
	}
	if err != nil {
		return err
	}
	defer stream.Close()

	c.w.Header().Set("Content-Type", streamType(a))
	c.w.WriteHeader(http.StatusOK)
	control := http.NewResponseController(c.w)
	if err := control.Flush(); err != nil {
		return nil
	}
	c.copyEvents(ctx, stream, encoder, control)
	return nil
}

// copyEvents writes events as they come, and flushes whenever no other is waiting.
func (c *call) copyEvents(ctx context.Context, stream client.Stream, encode eventEncoder, control *http.ResponseController) {
	events := receive(ctx, stream)
	for {
		select {
		case <-c.Stopping:
			return
		case <-ctx.Done():
			return
		case event, ok := <-events:
			if !ok {
				return
			}
			// An error here means that the client is gone.
			_ = control.SetWriteDeadline(time.Now().Add(stalledWatch))
			if err := encode(c.w, event); err != nil {
				return
			}
			if len(events) > 0 {
				continue
			}
			if err := control.Flush(); err != nil {
				return
			}
			_ = control.SetWriteDeadline(time.Time{})
		}
	}
}

// receive reads stream into a channel, which ends with it. What ends a stream other than its end is its last event.
func receive(ctx context.Context, stream client.Stream) <-chan api.WatchEvent {
	events := make(chan api.WatchEvent, watchBatch)
	go func() {
		defer close(events)
		for {
			event, err := stream.Recv()
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return
			}
			if err != nil {
				event = api.WatchEvent{Type: watch.Error, Object: statusOf(err)}
			}
			select {
			case events <- event:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return events
}

// watchTimeout is what the client asks for, or a time drawn so that watches that began together do not end together.
func (c *call) watchTimeout() (time.Duration, error) {
	asked := c.r.URL.Query().Get("timeoutSeconds")
	if asked == "" {
		return time.Duration(float64(c.Limits.Watch) * (1 + rand.Float64())), nil
	}
	seconds, err := strconv.ParseInt(asked, 10, 64)
	if err != nil {
		return 0, badRequest(err)
	}
	const most = int64(365 * 24 * time.Hour / time.Second)
	if seconds <= 0 {
		return time.Duration(float64(c.Limits.Watch) * (1 + rand.Float64())), nil
	}
	return time.Duration(min(seconds, most)) * time.Second, nil
}

// streamType is the media type of a watch; JSON's is that of a single answer.
func streamType(a accepted) string {
	if a.info.MediaType == jsonInfo.MediaType {
		return a.info.MediaType
	}
	return a.info.MediaType + ";stream=watch"
}

// failedStream says what went wrong and ends.
type failedStream struct{ err error }

func (s *failedStream) Recv() (api.WatchEvent, error) {
	if s.err == nil {
		return api.WatchEvent{}, io.EOF
	}
	status := statusOf(s.err)
	s.err = nil
	return api.WatchEvent{Type: watch.Error, Object: status}, nil
}

func (s *failedStream) Close() {}
