package fuzz

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/store"
	"orrery/impl/store/memory"
	model "orrery/model/api"
)

// Goal: the API server answers as its model predicts: the reason and code of a refusal, and of what is written the UID, version, generation,
// finalizers, deletion and grace period. Method: requests that are drawn, over the memory store and over etcd, each held against the
// prediction from the object that is stored by then.
func TestAPIServerIsAsItsModelSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { predicted(t, memory.New(), nil) })
}

func TestAPIServerOverEtcdIsAsItsModelSays(t *testing.T) {
	setFlag(t, "rapid.checks", "10")
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s, stop := freshEtcd(t, root)
		defer stop()
		predicted(t, s, nil)
	})
}

// Goal: a server that does something else is found. Method: servers that are asked for something else than the model is.
func TestModelFindsServerBugs(t *testing.T) {
	setFlag(t, "rapid.nofailfile", "true")
	setFlag(t, "rapid.seed", "1")
	setFlag(t, "rapid.checks", "500")
	setFlag(t, "rapid.shrinktime", "100ms")
	for name, wrong := range map[string]func(*api.Request){ // order does not matter: each is a test of its own
		"a deletion ignores its preconditions": func(r *api.Request) {
			if r.Delete != nil {
				r.Delete.Preconditions = nil
			}
		},
		"an update ignores the version": func(r *api.Request) {
			if r.Verb == api.Update {
				r.Object.(*corev1.Pod).ResourceVersion = ""
			}
		},
		"a status brings the spec along": func(r *api.Request) { r.Subresource = "" },
		"a deletion takes no time": func(r *api.Request) {
			if zero := int64(0); r.Delete != nil {
				r.Delete.GracePeriodSeconds = &zero
			}
		},
		"finalizers are forgotten": func(r *api.Request) {
			if pod, ok := r.Object.(*corev1.Pod); ok {
				pod.Finalizers = nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			failureText(t, func(t *rapid.T) { predicted(t, memory.New(), wrong) })
		})
	}
}

// FuzzAPIModel is the same, with the bytes of the input for draws.
func FuzzAPIModel(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { predicted(t, memory.New(), nil) }))
}

// predicting is a server and what its model says is stored.
type predicting struct {
	t      *rapid.T
	server *bareServer
	stored [2]model.Object
	uids   map[uint16]types.UID
	wrong  func(*api.Request)
}

const someSteps = 60

// predicted holds a server over a store against the model. wrong changes what the server is asked; nil: nothing does.
func predicted(t *rapid.T, s store.Store, wrong func(*api.Request)) {
	p := &predicting{t: t, server: &bareServer{store: s}, uids: map[uint16]types.UID{}, wrong: wrong}
	namespaces, _ := api.ByName("namespaces")
	_, err := p.server.do(api.Request{Verb: api.Create, Resource: namespaces, Name: "n", Object: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "n"}}})
	require.NoError(t, err)
	for range rapid.IntRange(1, someSteps).Draw(t, "steps") {
		p.step(p.draw())
	}
}

// draw is a request, in the words of the model: more often than not one that makes sense.
func (p *predicting) draw() model.Request {
	number := func(name string, n int) int { return rapid.IntRange(0, n-1).Draw(p.t, name) }
	name := uint8(number("name", 2))
	o := p.stored[name]
	q := model.Request{Verb: model.Verb(number("verb", 5)), Name: name, Spec: uint8(1 + number("spec", 2)), Labeled: number("labeled", 2) == 0, Period: uint8(number("period", 4)), Observed: uint16(1 + number("observed", 3))}
	switch number("finalizers", 3) {
	case 0:
		q.Finalizers = uint8(number("which", 4))
	case 1:
		q.Finalizers, q.Spec, q.Labeled = o.Finalizers, max(o.Spec, 1), o.Labeled
	}
	if o.UID != 0 && q.Verb != model.Create {
		q.Period = o.Period // it cannot be changed
	}
	if number("by UID", 3) == 0 {
		q.UID = []uint16{o.UID, o.UID, 1}[number("UID", 3)]
	}
	if number("by version", 3) == 0 && (q.Verb != model.Create || number("even so", 4) == 0) {
		q.Version = []uint16{o.Version, o.Version, o.Version - min(o.Version, 1)}[number("version", 3)]
	}
	if q.Verb == model.Delete && number("graced", 2) == 0 {
		q.Graced, q.Grace = true, int8(number("grace", 5)-1)
	}
	return q
}

// request is that of the API.
func (p *predicting) request(q model.Request) api.Request {
	pods, _ := api.ByName("pods")
	req := api.Request{Resource: pods, Namespace: "n", Name: fmt.Sprint("p", q.Name)}
	body := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: req.Name, Namespace: "n"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: fmt.Sprint("v", q.Spec)}}}}
	if q.Period > 0 { // the server takes a grace period of a pod that has a node for its own
		seconds := int64(q.Period)
		body.Spec.NodeName, body.Spec.TerminationGracePeriodSeconds = "node", &seconds
	}
	if q.Labeled {
		body.Labels = map[string]string{"l": "1"}
	}
	for bit := range 2 {
		if q.Finalizers&(1<<bit) != 0 {
			body.Finalizers = append(body.Finalizers, finalizer(bit))
		}
	}
	uid, version := types.UID(""), ""
	if q.UID != 0 {
		if uid = p.uids[q.UID]; uid == "" {
			uid = "nobody"
		}
	}
	if q.Version != 0 {
		version = fmt.Sprint(q.Version)
	}
	switch q.Verb {
	case model.Get:
		req.Verb = api.Get
	case model.Create:
		req.Verb, req.Object, body.ResourceVersion = api.Create, body, version
	case model.Update:
		req.Verb, req.Object, body.UID, body.ResourceVersion = api.Update, body, uid, version
	case model.UpdateStatus:
		req.Verb, req.Subresource, req.Object, body.UID, body.ResourceVersion = api.Update, "status", body, uid, version
		body.Status = corev1.PodStatus{Phase: corev1.PodPending, ObservedGeneration: int64(q.Observed)}
	case model.Delete:
		req.Verb, req.Delete = api.Delete, &metav1.DeleteOptions{}
		if q.Graced {
			seconds := int64(q.Grace)
			req.Delete.GracePeriodSeconds = &seconds
		}
		if uid != "" || version != "" {
			req.Delete.Preconditions = &metav1.Preconditions{}
		}
		if uid != "" {
			req.Delete.Preconditions.UID = &uid
		}
		if version != "" {
			req.Delete.Preconditions.ResourceVersion = &version
		}
	}
	return req
}

func finalizer(bit int) string { return fmt.Sprint("orrery.dev/", bit) }

// step asks the server and the model, and requires that they agree.
func (p *predicting) step(q model.Request) {
	before := p.revision()
	req := p.request(q)
	if p.wrong != nil {
		p.wrong(&req)
	}
	response, err := p.server.do(req)
	o, stamp := p.stored[q.Name], model.Stamp{UID: uint16(len(p.uids) + 1), Revision: uint16(before + 1)}
	now, want := model.Predict(o, q, stamp)
	reason, code := "", 200
	var status apierrors.APIStatus
	switch {
	case errors.As(err, &status):
		reason, code = string(status.Status().Reason), int(status.Status().Code)
	case err != nil:
		p.t.Fatalf("%v on %v: %v", q, o, err)
	case response.Created:
		code = 201
	}
	require.Equal(p.t, want.Reason.String(), reason, "%v on %v: %v", q, o, err)
	require.Equal(p.t, want.Reason.Code(q.Verb), code, "%v on %v: %v", q, o, err)
	require.Equal(p.t, now != o, p.revision() > before, "%v on %v: whether it was written", q, o)
	if p.stored[q.Name] = now; err != nil {
		return
	}
	pod := response.Object.(*corev1.Pod)
	if q.Verb == model.Create {
		p.uids[stamp.UID] = pod.UID
	}
	require.Equal(p.t, p.uids[want.Object.UID], pod.UID, "%v on %v", q, o)
	require.Equal(p.t, want.Object, abstract(pod, want.Object.UID), "%v on %v", q, o)
}

func (p *predicting) revision() int64 {
	resp, err := p.server.store.Count(ctx, "no such key")
	require.NoError(p.t, err)
	return resp.Revision
}

// abstract is a pod in the words of the model.
func abstract(pod *corev1.Pod, uid uint16) model.Object {
	o := model.Object{UID: uid, Version: uint16(api.MustResourceVersion(pod)), Generation: uint16(pod.Generation), Observed: uint16(pod.Status.ObservedGeneration), Labeled: pod.Labels["l"] == "1"}
	_, _ = fmt.Sscanf(pod.Spec.Containers[0].Image, "v%d", &o.Spec)
	for bit := range 2 {
		for _, f := range pod.Finalizers {
			if f == finalizer(bit) {
				o.Finalizers |= 1 << bit
			}
		}
	}
	if pod.Spec.NodeName != "" {
		o.Period = uint8(*pod.Spec.TerminationGracePeriodSeconds)
	}
	if pod.DeletionTimestamp != nil {
		o.Deleting, o.Grace = true, uint8(*pod.DeletionGracePeriodSeconds)
	}
	return o
}
