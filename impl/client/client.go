package client

import (
	"context"

	"orrery/impl/api"
)

// Transport carries requests to an API server: in process with faults (simulation) or over HTTP/2 (real).
//
// An error is an apierrors.StatusError where the server answered; [api.OutcomeOf] says what it means.
type Transport interface {
	// Do sends one request and waits for its answer, or until ctx ends.
	Do(ctx context.Context, req api.Request) (api.Response, error)
	// Watch opens a watch; the Stream ends with ctx.
	Watch(ctx context.Context, req api.Request) (Stream, error)
}

// Stream is an open watch. Recv blocks for the next event; an error ends the stream (io.EOF: the server closed it). An object that is received may be shared
// with other streams: nobody may modify it.
type Stream interface {
	Recv() (api.WatchEvent, error)
	Close()
}
