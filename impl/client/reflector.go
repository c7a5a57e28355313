package client

import (
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
)

// Backoff of a reflector whose list or watch did not succeed: doubled each time.
// Upstream: 800 ms to 30 s with jitter (client-go tools/cache/reflector.go); shorter here, because clusters are small.
const (
	ReflectBackoffBase = 50 * time.Millisecond
	ReflectBackoffMax  = 5 * time.Second
)

// Reflector decides what to ask next so that a cache follows the server: a list, or a watch from where the last ended.
// It has no goroutine; whoever runs it does what Next says and tells what came of it.
type Reflector struct {
	what     api.Request
	rv       string // where the next watch begins; "": list first
	failures int
}

// NewReflector returns a reflector of what the request's resource, namespace and selectors name.
func NewReflector(what api.Request) *Reflector { return &Reflector{what: what} }

// Next is the request to be made now: a list that is a consistent read, or a watch.
func (r *Reflector) Next() api.Request {
	req := r.what
	if r.rv == "" {
		req.Verb = api.List
		return req
	}
	req.Verb, req.ResourceVersion, req.Bookmarks = api.Watch, r.rv, true
	return req
}

// Wait is how long to wait before Next is done.
func (r *Reflector) Wait() time.Duration {
	if r.failures == 0 {
		return 0
	}
	d := ReflectBackoffBase
	for i := 1; i < r.failures && d < ReflectBackoffMax; i++ {
		d *= 2
	}
	return min(d, ReflectBackoffMax)
}

// Listed takes the answer to a list: the objects at rv, to be observed as one.
func (r *Reflector) Listed(list runtime.Object) (rv int64, objects []metav1.Object, err error) {
	m, err := meta.ListAccessor(list)
	if err != nil {
		return 0, nil, fmt.Errorf("the answer to a list is %T: %w", list, err)
	}
	if rv, err = api.ParseResourceVersion(m.GetResourceVersion()); err != nil || rv == 0 {
		return 0, nil, fmt.Errorf("a list has the resourceVersion %q", m.GetResourceVersion())
	}
	err = meta.EachListItem(list, func(item runtime.Object) error {
		obj, ok := item.(metav1.Object)
		if !ok {
			return fmt.Errorf("a list holds %T, which is no object", item)
		}
		objects = append(objects, obj)
		return nil
	})
	if err == nil {
		r.rv = m.GetResourceVersion()
	}
	return rv, objects, err
}

// Received takes one WatchEvent. An ERROR is returned as the error it holds, and ends the watch.
func (r *Reflector) Received(event api.WatchEvent) error {
	if event.Type == watch.Error {
		return apierrors.FromObject(event.Object)
	}
	obj, ok := event.Object.(metav1.Object)
	if !ok {
		return fmt.Errorf("a %s event holds %T, which is no object", event.Type, event.Object)
	}
	r.rv = obj.GetResourceVersion()
	r.failures = 0
	return nil
}

// ErrRefused: the cache refused what the server sent, because it goes back in time.
var ErrRefused = errors.New("refused by the cache")

// Failed takes the end of a list or watch. The history being gone, or a cache that refused, asks for a new list; anything
// else for the same again.
func (r *Reflector) Failed(err error) {
	r.failures++
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || errors.Is(err, ErrRefused) {
		r.rv = ""
	}
}
