package registry

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/token"
)

// Env is everything that a decision may depend on besides the stored object and the request: what is not a function
// of them comes in here, so that the same choices give the same answer.
type Env struct {
	// Now is the server's time; decisions cut it to whole seconds, as stored times are.
	Now metav1.Time
	// UID is the UID of the object, if this request creates one: fresh for every attempt.
	UID types.UID
	// Suffix completes a generateName: five characters, fresh for every attempt.
	Suffix string
	// Tokens issues the tokens of service accounts; nil: nobody does.
	Tokens *token.Issuer

	// Accounts: every new pod has a service account. Its decision needs that account as it is in the store, which [NeedsAccount] asks for:
	// then AccountRead is set, and Account, unless there is none.
	Accounts    bool
	AccountRead bool
	Account     *corev1.ServiceAccount

	// Admit may refuse what is decided, for who asks: old is what there is, and obj what the request makes of it, or what it reads. nil: nobody
	// is refused. It modifies nothing.
	Admit func(req api.Request, old, obj api.Object) error

	// Ranges is where the addresses of Services come from.
	Ranges Ranges
	// Taken: the address was found to be another Service's while the request was served. Avoid: it may be another's, as far
	// as a cache knows. nil: none is.
	Taken, Avoid func(Address) bool
}

func (e Env) now() metav1.Time { return e.Now.Rfc3339Copy() }

// Action is what is to be done to the store.
type Action int

const (
	// None leaves the store as it is.
	None Action = iota
	// Put writes Change.Object: as a new key if the request decided on an absent object.
	Put
	// Remove deletes the object. Nothing is written first: the key goes in one compare-and-swap.
	Remove
)

func (a Action) String() string { return [...]string{"none", "put", "remove"}[a] }

// Change is what a request does to one object, to be carried out by one compare-and-swap against the version of the
// object that was given to [Decide].
type Change struct {
	Action Action
	// Object is the object as it is after the change: for Put what to store, for Remove what the last watch event may show,
	// for None what is stored already. Its resourceVersion is the one it had (empty at creation). Unless Action is None it
	// shares no memory with the old object.
	Object api.Object
	// Answer makes the answer to the client out of Object as it was stored, with its new resourceVersion. It does not
	// modify it.
	Answer func(stored api.Object) runtime.Object
	// Created says that the answer goes with HTTP's 201.
	Created bool
	// Warnings are for the user.
	Warnings []string
}

// Decide says what req does to the object old, which is nil where there is none, and is never modified, as req is not.
// The caller carries the [Change] out if the object is still old; if it is not, it decides again. Errors are
// [apierrors.StatusError].
//
// Served are get, create, update, patch and delete of the object itself and of the subresources status, scale, binding,
// eviction and finalize; deletecollection is a delete of each.
func Decide(old api.Object, req api.Request, env Env) (Change, error) {
	change, err := decide(old, req, env)
	if err == nil && env.Admit != nil {
		err = env.Admit(req, old, change.Object)
	}
	if err != nil {
		return Change{}, err
	}
	return change, nil
}

func decide(old api.Object, req api.Request, env Env) (Change, error) {
	k, ok := kinds[req.Resource.Kind]
	if !ok {
		return Change{}, noSubresource(req)
	}
	switch req.Subresource {
	case "scale":
		if k.scale == nil {
			return Change{}, noSubresource(req)
		}
		return decideScale(k, old, req, env)
	case "binding":
		if req.Resource.Name != "pods" {
			return Change{}, noSubresource(req)
		}
		return decideBinding(old, req, env)
	case "eviction":
		if req.Resource.Name != "pods" {
			return Change{}, noSubresource(req)
		}
		return decideEviction(k, old, req, env)
	default:
		if _, ok := k.updates[req.Subresource]; !ok {
			return Change{}, noSubresource(req)
		}
		return decideObject(k, old, req, env)
	}
}

// decideObject decides on a request whose body, if it has one, is the object itself: no subresource, status, finalize.
func decideObject(k *kind, old api.Object, req api.Request, env Env) (Change, error) {
	if req.Verb == api.Create && req.Subresource == "" {
		return allocated(k, nil, req, env)(create(k, old, req, env))
	}
	if old == nil && (req.Verb == api.Get || req.Verb == api.Update || req.Verb == api.Patch || req.Verb == api.Delete) {
		return Change{}, apierrors.NewNotFound(req.Resource.GR(), req.Name)
	}
	switch req.Verb {
	case api.Get:
		return Change{Object: old, Answer: itself}, nil
	case api.Update:
		return allocated(k, old, req, env)(update(k, old, req, env))
	case api.Patch:
		if req.Subresource == "finalize" { // upstream's finalize takes a PUT only
			break
		}
		return allocated(k, old, req, env)(patch(k, old, req, env))
	case api.Delete:
		if req.Subresource == "" {
			return remove(k, old, req, env)
		}
	}
	return Change{}, notSupported(req)
}

// allocated gives the object of a Change what it has to be given, if it is valid.
func allocated(k *kind, old api.Object, req api.Request, env Env) func(Change, error) (Change, error) {
	return func(change Change, err error) (Change, error) {
		if err == nil && change.Action == Put && req.Subresource == "" && k.allocate != nil {
			err = k.allocate(change.Object, old, env)
		}
		if err != nil {
			return Change{}, err
		}
		return change, nil
	}
}

// itself answers with the object.
func itself(stored api.Object) runtime.Object { return stored }

// noSubresource is the answer for a path that is not served.
func noSubresource(req api.Request) error {
	return apierrors.NewGenericServerResponse(404, string(req.Verb), schema.GroupResource{}, "", "", 0, false)
}

func notSupported(req api.Request) error {
	resource := req.Resource.GR()
	if req.Subresource != "" {
		resource.Resource += "/" + req.Subresource
	}
	return apierrors.NewMethodNotSupported(resource, string(req.Verb))
}

// conflict is what a client sees whose resourceVersion is not the stored one.
func conflict(req api.Request) error {
	return apierrors.NewConflict(req.Resource.GR(), req.Name, fmt.Errorf(
		"the object has been modified; please apply your changes to the latest version and try again"))
}

// failedPrecondition has the text of upstream's storage layer, which reaches its clients.
func failedPrecondition(req api.Request, what, wanted, got string) error {
	return apierrors.NewConflict(req.Resource.GR(), req.Name, fmt.Errorf(
		"StorageError: invalid object, Code: 4, Key: %s, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: %s in precondition: %s, %s in object meta: %s",
		req.Resource.Key(req.Namespace, req.Name), what, wanted, what, got))
}
