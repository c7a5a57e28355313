package request

import (
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/registry"
	"orrery/impl/store"
)

// Caches is what the server knows without asking the store. Each answer may be as stale as it likes.
type Caches interface {
	// Snapshot is the present state of a resource's Cache; false if it is not ready.
	Snapshot(*api.Resource) (cache.Snapshot, bool)
	// At is the state at exactly that revision; false if the Cache does not have it.
	At(r *api.Resource, revision int64) (cache.Snapshot, bool)
	// Decode makes the Item of a store's answer; it may be one that a Cache holds.
	Decode(store.KV) (*cache.Item, error)
}

// Result is the end of a request.
type Result struct {
	Response api.Response
	Err      error
	// Watch is set for a watch that may be opened now.
	Watch *cache.WatchOptions
}

// Machine is one request on its way. Call Next, carry out what it asks for, hand the answer to Done, and so on until Next
// returns a Result.
type Machine struct {
	req    api.Request
	caches Caches
	env    func() registry.Env

	op     *Op
	then   func(Answer)
	result *Result
}

// New begins a request. env is called once for every decision and returns a fresh UID and suffix each time.
func New(req api.Request, caches Caches, env func() registry.Env) *Machine {
	if eviction, ok := registry.Evicts(req); ok && eviction.DeleteOptions != nil && len(eviction.DeleteOptions.DryRun) > 0 {
		req.DryRun = true
	}
	m := &Machine{req: req, caches: caches, env: env}
	if err := wellFormed(req); err != nil {
		m.fail(err)
		return m
	}
	switch req.Verb {
	case api.Get:
		m.get()
	case api.List:
		newList(m).begin()
	case api.Watch:
		m.watch()
	case api.DeleteCollection:
		m.deleteCollection()
	default:
		if issues(req) {
			m.issue()
			return m
		}
		(&write{m: m, req: req, finish: m.finish}).begin()
	}
	return m
}

// Next returns what the request needs next, or, when it is over, its Result.
func (m *Machine) Next() (Op, *Result) {
	if m.result != nil {
		return Op{}, m.result
	}
	return *m.op, nil
}

// Done hands over what came of the Op that Next returned.
func (m *Machine) Done(a Answer) {
	if m.op == nil {
		panic(fmt.Sprintf("request: an answer to %s %s, which had asked for nothing", m.req.Verb, m.req.Resource.Name))
	}
	then := m.then
	m.op, m.then = nil, nil
	then(a)
}

func (m *Machine) ask(op Op, then func(Answer)) {
	if op.Resource == nil {
		op.Resource = m.req.Resource
	}
	m.op, m.then = &op, then
}

func (m *Machine) finish(response api.Response, err error) {
	if err != nil {
		response = api.Response{}
	}
	m.result = &Result{Response: response, Err: err}
}

func (m *Machine) fail(err error) { m.finish(api.Response{}, err) }

func (m *Machine) key() string { return m.req.Resource.Key(m.req.Namespace, m.req.Name) }

var verbs = []api.Verb{api.Get, api.List, api.Watch, api.Create, api.Update, api.Patch, api.Delete, api.DeleteCollection}

// wellFormed refuses what names no object or no set of objects.
func wellFormed(req api.Request) error {
	if req.Resource == nil {
		return apierrors.NewBadRequest("the request names no resource")
	}
	if !slices.Contains(verbs, req.Verb) {
		return apierrors.NewMethodNotSupported(req.Resource.GR(), string(req.Verb))
	}
	if req.Namespace != "" && !req.Resource.Namespaced {
		return apierrors.NewBadRequest(fmt.Sprintf("%s have no namespace, but the request names %q", req.Resource.Name, req.Namespace))
	}
	collection := req.Verb == api.List || req.Verb == api.Watch || req.Verb == api.DeleteCollection
	if collection {
		return nil
	}
	if req.Resource.Namespaced && req.Namespace == "" {
		return apierrors.NewBadRequest("an empty namespace may not be set when a resource name is provided")
	}
	if req.Name == "" && (req.Verb != api.Create || req.Subresource != "") {
		return apierrors.NewBadRequest("name must be provided")
	}
	return nil
}
