package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/client"
)

// Bounds of the recorder: Events are for people, and rather lost than waited for.
const (
	maxQueued     = 1000
	maxAggregated = 4096
	eventTimeout  = 10 * time.Second
)

// Recorder writes Events to the API, one after the other, as best it can. The same words about the same thing become one
// Event with a count, as upstream's correlator makes them.
type Recorder struct {
	node      string
	transport client.Transport
	now       func() time.Time
	queue     chan occurrence
	known     map[occurrence]*corev1.Event
}

// occurrence is a note about a pod.
type occurrence struct {
	PodRef
	Note
}

// NewRecorder makes a Recorder; [Recorder.Run] must be called for anything to be written.
func NewRecorder(node string, transport client.Transport, now func() time.Time) *Recorder {
	return &Recorder{node: node, transport: transport, now: now, queue: make(chan occurrence, maxQueued), known: map[occurrence]*corev1.Event{}}
}

// Record takes a note. It never waits: what does not fit into the queue is lost.
func (r *Recorder) Record(ref PodRef, note Note) {
	select {
	case r.queue <- occurrence{ref, note}:
	default:
	}
}

// Run writes what is recorded until ctx ends.
func (r *Recorder) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-r.queue:
			r.write(ctx, o)
		}
	}
}

func (r *Recorder) write(ctx context.Context, o occurrence) {
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	if old := r.known[o]; old != nil && r.again(ctx, old) {
		return
	}
	event := r.event(o)
	events, _ := api.ByName("events")
	_, err := r.transport.Do(ctx, api.Request{Verb: api.Create, Resource: events, Namespace: event.Namespace, Name: event.Name, Object: event})
	if err != nil {
		return
	}
	if len(r.known) >= maxAggregated {
		clear(r.known)
	}
	r.known[o] = event
}

// again counts one more of an Event that exists, and reports whether it still did.
func (r *Recorder) again(ctx context.Context, event *corev1.Event) bool {
	event.Count++
	event.LastTimestamp = *seconds(r.now())
	patch, err := json.Marshal(map[string]any{"count": event.Count, "lastTimestamp": event.LastTimestamp})
	if err != nil {
		return false
	}
	events, _ := api.ByName("events")
	_, err = r.transport.Do(ctx, api.Request{Verb: api.Patch, Resource: events, Namespace: event.Namespace, Name: event.Name,
		Patch: patch, PatchType: types.MergePatchType})
	return !apierrors.IsNotFound(err)
}

func (r *Recorder) event(o occurrence) *corev1.Event {
	now := r.now()
	return &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: o.Namespace, Name: fmt.Sprintf("%s.%x", o.Name, now.UnixNano())},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", APIVersion: "v1", Namespace: o.Namespace, Name: o.Name,
			UID: o.UID, FieldPath: o.Path},
		Type: o.Type, Reason: o.Reason, Message: o.Message, Count: 1,
		FirstTimestamp: *seconds(now), LastTimestamp: *seconds(now),
		Source:              corev1.EventSource{Component: "kubelet", Host: r.node},
		ReportingController: "kubelet", ReportingInstance: r.node,
	}
}
