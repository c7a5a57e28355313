package fuzz

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/client"
)

// wrong is a way to a server with one planted bug: each function, where set, changes one thing on the way.
type wrong struct {
	client.Transport
	asks    func(api.Request) api.Request
	answers func(req api.Request, resp api.Response, err error) (api.Response, error)
	tells   func(client.Stream) client.Stream
}

func (w wrong) Do(ctx context.Context, req api.Request) (api.Response, error) {
	if w.asks != nil {
		req = w.asks(req)
	}
	resp, err := w.Transport.Do(ctx, req)
	if w.answers != nil {
		return w.answers(req, resp, err)
	}
	return resp, err
}

func (w wrong) Watch(ctx context.Context, req api.Request) (client.Stream, error) {
	if w.asks != nil {
		req = w.asks(req)
	}
	s, err := w.Transport.Watch(ctx, req)
	if w.tells != nil && err == nil {
		s = w.tells(s)
	}
	return s, err
}

// inList changes the lists, which are the asker's own when they have come over HTTP.
func inList(change func(metav1.ListInterface)) func(api.Request, api.Response, error) (api.Response, error) {
	return func(_ api.Request, resp api.Response, err error) (api.Response, error) {
		if list, ok := resp.Object.(metav1.ListInterface); ok {
			change(list)
		}
		return resp, err
	}
}

// inItems changes what is in the lists.
func inItems(change func([]runtime.Object) []runtime.Object) func(api.Request, api.Response, error) (api.Response, error) {
	return func(_ api.Request, resp api.Response, err error) (api.Response, error) {
		if err != nil || !meta.IsListType(resp.Object) {
			return resp, err
		}
		items, _ := meta.ExtractList(resp.Object)
		return resp, meta.SetList(resp.Object, change(items))
	}
}

// inStatus changes the errors with one reason.
func inStatus(reason metav1.StatusReason, change func(*metav1.Status) error) func(api.Request, api.Response, error) (api.Response, error) {
	return func(_ api.Request, resp api.Response, err error) (api.Response, error) {
		if status, ok := err.(*apierrors.StatusError); ok && status.ErrStatus.Reason == reason {
			return resp, change(&status.ErrStatus)
		}
		return resp, err
	}
}

// retold is a stream that is told each event by a function, which may return none or several.
type retold struct {
	client.Stream
	tell  func(api.WatchEvent) []api.WatchEvent
	queue []api.WatchEvent
}

func (r *retold) Recv() (api.WatchEvent, error) {
	for len(r.queue) == 0 {
		event, err := r.Stream.Recv()
		if err != nil {
			return event, err
		}
		r.queue = r.tell(event)
	}
	event := r.queue[0]
	r.queue = r.queue[1:]
	if event.Object == nil {
		return event, io.EOF
	}
	return event, nil
}

// telling changes what is told of the events of one type.
func telling(kind watch.EventType, tell func(api.WatchEvent) []api.WatchEvent) func(client.Stream) client.Stream {
	return func(s client.Stream) client.Stream {
		return &retold{Stream: s, tell: func(e api.WatchEvent) []api.WatchEvent {
			if e.Type != kind {
				return []api.WatchEvent{e}
			}
			return tell(e)
		}}
	}
}

// lostAfter is how long an event may take where some are lost.
const lostAfter = 300 * time.Millisecond

// transportBugs are wrong transports, and what the machine says of each. Some were those of package client before the machine
// was there: the warnings, the dry run, the get without a name, the list of a name.
var transportBugs = []struct {
	name string
	bug  wrong
	says string
}{
	{"a list loses an item", wrong{answers: inItems(func(items []runtime.Object) []runtime.Object { return items[:max(0, len(items)-1)] })}, "the answers differ"},
	{"a list is in another order", wrong{answers: inItems(func(items []runtime.Object) []runtime.Object { slices.Reverse(items); return items })}, "the answers differ"},
	{"a list is of another revision", wrong{answers: inList(func(l metav1.ListInterface) { l.SetResourceVersion("1") })}, "the answers differ"},
	{"a list does not go on", wrong{answers: inList(func(l metav1.ListInterface) { l.SetContinue("") })}, "the answers differ"},
	{"a list does not say how many are left", wrong{answers: inList(func(l metav1.ListInterface) { l.SetRemainingItemCount(nil) })}, "the answers differ"},
	{"an object has another resourceVersion", wrong{answers: func(req api.Request, resp api.Response, err error) (api.Response, error) {
		if obj, ok := resp.Object.(api.Object); ok && req.Verb == api.Patch {
			obj.SetResourceVersion("1")
		}
		return resp, err
	}}, "the answers differ: patch"},
	{"an error has another reason", wrong{answers: inStatus(metav1.StatusReasonConflict, func(s *metav1.Status) error {
		s.Reason = metav1.StatusReasonAlreadyExists
		return &apierrors.StatusError{ErrStatus: *s}
	})}, "the answers differ"},
	{"an error loses its token", wrong{answers: inStatus(metav1.StatusReasonExpired, func(s *metav1.Status) error {
		s.Continue = ""
		return &apierrors.StatusError{ErrStatus: *s}
	})}, "the answers differ: list"},
	{"an error is no Status", wrong{answers: inStatus(metav1.StatusReasonAlreadyExists, func(s *metav1.Status) error {
		return errors.New(s.Message)
	})}, "the answers differ: create"},
	{"what was created is not said to be", wrong{answers: func(_ api.Request, resp api.Response, err error) (api.Response, error) {
		resp.Created = false
		return resp, err
	}}, "the answers differ: create"},
	{"a warning is told as it is written in the header", wrong{answers: func(_ api.Request, resp api.Response, err error) (api.Response, error) {
		for i, text := range resp.Warnings {
			resp.Warnings[i] = `299 - "` + text + `"`
		}
		return resp, err
	}}, "the answers differ"},
	{"a dry run of a delete is wet", wrong{asks: func(req api.Request) api.Request {
		req.DryRun = req.DryRun && (req.Verb != api.Delete || req.Delete == nil)
		return req
	}}, "differ"},
	{"the preconditions of a delete are lost", wrong{asks: func(req api.Request) api.Request {
		if req.Delete != nil {
			options := *req.Delete
			options.Preconditions = nil
			req.Delete = &options
		}
		return req
	}}, "the answers differ: delete"},
	{"a get without a name is a list", wrong{asks: func(req api.Request) api.Request {
		if req.Verb == api.Get && req.Name == "" && req.Namespace != "" {
			req.Verb = api.List
		}
		return req
	}}, "the answers differ: get"},
	{"a list is not narrowed down to a name", wrong{asks: func(req api.Request) api.Request {
		if req.Verb == api.List {
			req.Name = ""
		}
		return req
	}}, "the answers differ: list"},
	{"a write that is told is not done", wrong{asks: func(req api.Request) api.Request {
		req.DryRun = req.DryRun || req.Verb == api.Update && req.Subresource == "status"
		return req
	}}, "differ"},
	{"a deletion is not told", wrong{tells: telling(watch.Deleted, func(api.WatchEvent) []api.WatchEvent { return nil })}, "the watches differ"},
	{"a change is told twice", wrong{tells: telling(watch.Modified, func(e api.WatchEvent) []api.WatchEvent { return []api.WatchEvent{e, e} })}, "the watches differ"},
	{"a change is told as an addition", wrong{tells: telling(watch.Modified, func(e api.WatchEvent) []api.WatchEvent {
		e.Type = watch.Added
		return []api.WatchEvent{e}
	})}, "the watches differ"},
	{"a bookmark overtakes a change", wrong{tells: telling(watch.Modified, func(e api.WatchEvent) []api.WatchEvent {
		mark := api.WatchEvent{Type: watch.Bookmark, Object: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{ResourceVersion: e.Object.(api.Object).GetResourceVersion()}}}
		return []api.WatchEvent{mark, e}
	})}, "the watches differ"},
	{"a bookmark ends no initial events", wrong{tells: telling(watch.Bookmark, func(e api.WatchEvent) []api.WatchEvent {
		e.Object.(api.Object).SetAnnotations(nil)
		return []api.WatchEvent{e}
	})}, "the watches differ"},
	{"a watch that comes too late ends without a word", wrong{tells: telling(watch.Error, func(api.WatchEvent) []api.WatchEvent { return []api.WatchEvent{{}} })}, "the watches differ"},
	{"a watch ends after a change", wrong{tells: telling(watch.Modified, func(e api.WatchEvent) []api.WatchEvent { return []api.WatchEvent{e, {}} })}, "the watches differ"},
}

// Goal: the machine finds what is lost or changed on the way. Method: each planted bug must be found, and for the right
// reason.
func TestMachineFindsTransportBugs(t *testing.T) {
	setFlag(t, "rapid.nofailfile", "true")
	setFlag(t, "rapid.seed", "12") // found is found: which run finds it should not change from day to day
	setFlag(t, "rapid.checks", "500")
	setTransportSteps(t)
	setFlag(t, "rapid.shrinktime", "1ms")
	remote := listen(t)
	for _, c := range transportBugs {
		t.Run(c.name, func(t *testing.T) {
			found := false
			text := failureText(t, func(t *rapid.T) {
				if found {
					t.Fatal("found once is enough: a run over HTTP takes long")
				}
				defer func() { found = t.Failed() }()
				within := patience
				if c.bug.tells != nil {
					within = lostAfter
				}
				driveTransports(t, remote, func(way client.Transport) client.Transport {
					c.bug.Transport = way
					return c.bug
				}, within)
			})
			require.Contains(t, text, c.says)
		})
	}
}
