package registry

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
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
}

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

// Change is what a request does to one object, to be carried out by one compare-and-swap against the version of the
// object that was given to [Decide].
type Change struct {
	Action Action
	// Object is the object as it is after the change: for Put what to store, for Remove what the last watch event shows,
	// for None what is stored already. Its resourceVersion is the stored one (empty at creation); it shares no memory with
	// the old object unless Action is None.
	Object api.Object
	// Answer makes the answer to the client out of Object as it was stored, with its new resourceVersion. It does not
	// modify it.
	Answer func(stored api.Object) runtime.Object
	// Created says that a success is HTTP's 201.
	Created bool
	// Warnings are for the user.
	Warnings []string
}

// Decide says what req does to the object old, which is nil where there is none, and is never modified, as req is not.
// The caller carries the [Change] out if the object is still old; if it is not, it decides again. Errors are
// [apierrors.StatusError].
//
// Served are create, update, patch and delete, and the subresources status, scale, binding and finalize; deletecollection
// is a delete of each.
func Decide(old api.Object, req api.Request, env Env) (Change, error) {
	return Change{}, apierrors.NewMethodNotSupported(req.Resource.GR(), string(req.Verb))
}
