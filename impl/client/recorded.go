package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"orrery/impl/api"
	"orrery/impl/trace"
)

// Recorded wraps a transport so that every call, return, watch and WatchEvent is told to the sink. name must be unique
// in the trace for every start of a process; concurrent calls get distinct clients name/1, name/2, ..., and a client
// whose call ended Unknown is not used again. Where nobody is told, the transport is left as it is: to write down the body of a write is much for nobody to read.
func Recorded(transport Transport, sink trace.Sink, name string) Transport {
	if sink == trace.Discard {
		return transport
	}
	return &recorder{transport: transport, sink: sink, name: name, issued: map[string]int{}}
}

type recorder struct {
	transport Transport
	sink      trace.Sink
	name      string

	mu      sync.Mutex
	free    []string
	clients int
	calls   int
	issued  map[string]int // per issuer: how many names it has used up
}

// callID and issuer are keys of context values.
type (
	callID struct{}
	issuer struct{}
)

// WithCallID gives the call made with ctx its ID in the trace, so that a Step can name the Call that performs it.
func WithCallID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, callID{}, id)
}

// withIssuer gives the calls made with ctx, which must follow each other, one client name for all.
func withIssuer(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, issuer{}, name)
}

// Do calls and records.
func (r *recorder) Do(ctx context.Context, req api.Request) (api.Response, error) {
	id, client := r.begin(ctx)
	r.sink.Emit(trace.Line{Call: CallOf(id, client, r.server(), req)})
	response, err := r.transport.Do(ctx, req)
	outcome := api.OutcomeOf(err)
	r.sink.Emit(trace.Line{Return: ReturnOf(id, req, response, err)})
	r.end(ctx, client, outcome)
	return response, err
}

// Watch opens and records.
func (r *recorder) Watch(ctx context.Context, req api.Request) (Stream, error) {
	id, client := r.begin(ctx)
	r.sink.Emit(trace.Line{Watch: WatchOf(id, client, r.server(), req)})
	stream, err := r.transport.Watch(ctx, req)
	s := &recordedStream{Stream: stream, recorder: r, id: id, resource: req.Resource.Name, end: func() { r.end(ctx, client, trace.OK) }}
	if err != nil {
		s.finish(err)
		return nil, err
	}
	return s, nil
}

// begin names a call, and the client that issues it.
func (r *recorder) begin(ctx context.Context) (id, client string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id, ok := ctx.Value(callID{}).(string)
	if !ok {
		r.calls++
		id = fmt.Sprintf("%s.%d", r.name, r.calls)
	}
	if name, ok := ctx.Value(issuer{}).(string); ok {
		if used := r.issued[name]; used > 0 {
			name = fmt.Sprintf("%s.%d", name, used+1)
		}
		return id, r.name + "/" + name
	}
	if last := len(r.free) - 1; last >= 0 {
		client, r.free = r.free[last], r.free[:last]
		return id, client
	}
	r.clients++
	return id, fmt.Sprintf("%s/%d", r.name, r.clients)
}

func (r *recorder) end(ctx context.Context, client string, outcome trace.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name, sequential := ctx.Value(issuer{}).(string)
	switch {
	case sequential && outcome == trace.Unknown:
		r.issued[name]++
	case !sequential && outcome != trace.Unknown:
		r.free = append(r.free, client)
	}
}

func (r *recorder) server() string {
	if named, ok := r.transport.(interface{ Server() string }); ok {
		return named.Server()
	}
	return ""
}

// recordedStream tells every WatchEvent as it is received, and the end once.
type recordedStream struct {
	Stream
	recorder *recorder
	id       string
	resource string
	once     sync.Once
	end      func()
}

func (s *recordedStream) Recv() (api.WatchEvent, error) {
	event, err := s.Stream.Recv()
	if err != nil {
		s.finish(err)
		return event, err
	}
	s.recorder.sink.Emit(trace.Line{Event: EventOf(s.id, s.resource, event)})
	return event, nil
}

func (s *recordedStream) Close() {
	s.Stream.Close()
	s.finish(nil)
}

func (s *recordedStream) finish(err error) {
	s.once.Do(func() {
		s.recorder.sink.Emit(trace.Line{Event: EndOf(s.id, err)})
		s.end()
	})
}

// WatchOf is the line of a watch that is opened.
func WatchOf(id, client, server string, req api.Request) *trace.Watch {
	return &trace.Watch{
		ID: id, Client: client, Server: server, Layer: trace.API, Resource: req.Resource.Name, Namespace: req.Namespace,
		Labels: req.Labels, Fields: req.Fields, ResourceVersion: req.ResourceVersion, InitialEvents: req.InitialEvents,
	}
}

// EventOf is the line of a WatchEvent that has come.
func EventOf(watch, resource string, event api.WatchEvent) *trace.Event {
	line := &trace.Event{Watch: watch, Type: string(event.Type)}
	switch obj := event.Object.(type) {
	case *metav1.Status:
		line.Reason, line.Code = string(obj.Reason), int(obj.Code)
	case metav1.Object:
		line.Object = refOf(resource, obj)
		line.InitialEnd = event.Type == "BOOKMARK" && obj.GetAnnotations()[metav1.InitialEventsAnnotationKey] == "true"
	}
	return line
}

// EndOf is the line of a watch's end; nil: its client closed it.
func EndOf(watch string, err error) *trace.Event {
	line := &trace.Event{Watch: watch, Type: "END"}
	line.Reason, line.Code = reasonOf(err)
	return line
}

// CallOf is the line of a request that is sent to a server, "" if it is not known which.
func CallOf(id, client, server string, req api.Request) *trace.Call {
	c := &trace.Call{
		ID: id, Client: client, Layer: trace.API, Verb: string(req.Verb), Server: server,
		Resource: req.Resource.Name, Namespace: req.Namespace, Name: req.Name, Subresource: req.Subresource,
		ResourceVersion: req.ResourceVersion, Match: string(req.Match), Labels: req.Labels, Fields: req.Fields,
		Limit: req.Limit, Continue: req.Continue, DryRun: req.DryRun,
	}
	options := req.Delete
	eviction, evicts := req.Object.(*policyv1.Eviction)
	if evicts && eviction.DeleteOptions != nil {
		options = eviction.DeleteOptions
		c.DryRun = c.DryRun || len(options.DryRun) > 0
	}
	if d := options; d != nil {
		c.Grace = d.GracePeriodSeconds
		if d.PropagationPolicy != nil {
			c.Policy = string(*d.PropagationPolicy)
		}
		if p := d.Preconditions; p != nil && p.UID != nil {
			c.UID = string(*p.UID)
		}
		if p := d.Preconditions; p != nil && p.ResourceVersion != nil {
			c.ResourceVersion = *p.ResourceVersion
		}
	}
	if obj, ok := req.Object.(metav1.Object); ok && req.Object != nil && !evicts {
		c.UID, c.ResourceVersion = string(obj.GetUID()), obj.GetResourceVersion()
		if c.Name == "" {
			c.Name = obj.GetName()
		}
	}
	switch {
	case req.Verb == api.Patch && json.Valid(req.Patch):
		c.Body = req.Patch
	case req.Object != nil:
		c.Body, _ = json.Marshal(req.Object)
	}
	return c
}

// ReturnOf is the line of an answer, or of none: see [api.OutcomeOf].
func ReturnOf(id string, req api.Request, response api.Response, err error) *trace.Return {
	r := &trace.Return{ID: id, Outcome: api.OutcomeOf(err)}
	r.Reason, r.Code = reasonOf(err)
	if err != nil || response.Object == nil {
		return r
	}
	if _, ok := response.Object.(*metav1.Status); ok {
		return r
	}
	if obj, ok := response.Object.(metav1.Object); ok {
		ref := refOf(req.Resource.Name, obj)
		r.Object = &ref
		return r
	}
	if list, err := meta.ListAccessor(response.Object); err == nil {
		r.Revision, _ = api.ParseResourceVersion(list.GetResourceVersion())
		r.Continue = list.GetContinue()
		_ = meta.EachListItem(response.Object, func(item runtime.Object) error {
			if obj, ok := item.(metav1.Object); ok {
				r.Items = append(r.Items, refOf(req.Resource.Name, obj))
			}
			return nil
		})
	}
	return r
}

// reasonOf is upstream's reason and code, or the error's own words where no server answered.
func reasonOf(err error) (string, int) {
	if err == nil {
		return "", 0
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return string(status.Status().Reason), int(status.Status().Code)
	}
	return err.Error(), 0
}

func refOf(resource string, obj metav1.Object) trace.Ref {
	rv, _ := api.ParseResourceVersion(obj.GetResourceVersion())
	return trace.Ref{Resource: resource, Namespace: obj.GetNamespace(), Name: obj.GetName(), UID: string(obj.GetUID()), Revision: rv}
}
