package client

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
)

// Observer is the cache that a reflector feeds. An error refuses what was sent.
type Observer struct {
	// Name tells the calls from those for other reflectors of the resource in the trace; empty: there are none.
	Name  string
	List  func(rv int64, objects []metav1.Object) error
	Event func(event api.WatchEvent) error
	Log   func(format string, args ...any) // nil: nobody is told
}

// Reflect runs the reflector until ctx ends.
func Reflect(ctx context.Context, transport Transport, r *Reflector, observer Observer) {
	ctx = withIssuer(ctx, cmp.Or(observer.Name, r.what.Resource.Name))
	for ctx.Err() == nil {
		req := r.Next()
		var err error
		if req.Verb == api.Watch {
			err = follow(ctx, transport, req, r, observer)
		} else {
			err = relist(ctx, transport, req, r, observer)
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		r.Failed(err)
		if observer.Log != nil && !errors.Is(err, io.EOF) {
			observer.Log("%s %s: %v", req.Verb, req.Resource.Name, err)
		}
		pause(ctx, r.Wait())
	}
}

func relist(ctx context.Context, transport Transport, req api.Request, r *Reflector, observer Observer) error {
	response, err := transport.Do(ctx, req)
	if err != nil {
		return err
	}
	rv, objects, err := r.Listed(response.Object)
	if err != nil {
		return err
	}
	if err := observer.List(rv, objects); err != nil {
		return errors.Join(ErrRefused, err)
	}
	return nil
}

func follow(ctx context.Context, transport Transport, req api.Request, r *Reflector, observer Observer) error {
	stream, err := transport.Watch(ctx, req)
	if err != nil {
		return err
	}
	defer stream.Close()
	for {
		event, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := r.Received(event); err != nil {
			return err
		}
		if err := observer.Event(event); err != nil {
			return errors.Join(ErrRefused, err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
