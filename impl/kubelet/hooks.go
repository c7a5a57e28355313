package kubelet

import (
	"context"
	"errors"
	"time"

	"orrery/impl/kubelet/runtime"
)

// hook runs a hook. That it began is shown before it runs, so that the pod's own key knows how long to wait for a preStop hook.
// What went wrong is not told in the Event, as it may hold a secret of the container.
func (l *Local) hook(ctx context.Context, e RunHook) int64 {
	run := HookRun{Begun: l.Now()}
	set := func(o *Observed) {
		runs := &o.Hooks
		if e.Kind == PostStart {
			runs = &o.PostStarts
		}
		if *runs == nil {
			*runs = map[string]HookRun{}
		}
		(*runs)[e.ID] = run
		o.forget() // the container may have gone meanwhile
	}
	l.remember(e.PodRef, set)
	switch err := l.runHook(ctx, e); {
	case e.Kind == PostStart && errors.Is(err, runtime.ErrUnavailable):
		run.Lost = true // nobody's failure: it is run again
		return l.remember(e.PodRef, set)
	case err != nil:
		run.Failed = true
		l.warn(e.PodRef, "Failed"+e.Kind.title(), e.Path, "%s failed", e.Kind.title())
	}
	run.Done = true
	return l.remember(e.PodRef, set)
}

func (l *Local) runHook(ctx context.Context, e RunHook) error {
	ctx, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	switch h := e.Handler; {
	case h.Exec != nil:
		return l.execute(ctx, e.ID, h.Exec.Command, e.Timeout)
	case h.HTTPGet != nil:
		if err := get(ctx, h.HTTPGet, e.Host, e.Ports); !errors.Is(err, errStatusCode) {
			return err
		}
		return nil // upstream too takes any answer for a good one
	case h.Sleep != nil:
		timer := time.NewTimer(time.Duration(h.Sleep.Seconds) * time.Second)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		return nil
	case h.TCPSocket != nil:
		return connect(ctx, h.TCPSocket, e.Host, e.Ports)
	}
	return errors.New("invalid handler: it names no action")
}
