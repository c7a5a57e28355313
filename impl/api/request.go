package api

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// Verb is what a request asks for.
type Verb string

const (
	Get              Verb = "get"
	List             Verb = "list"
	Watch            Verb = "watch"
	Create           Verb = "create"
	Update           Verb = "update"
	Patch            Verb = "patch"
	Delete           Verb = "delete"
	DeleteCollection Verb = "deletecollection"
)

// Writes reports whether the verb may change the store.
func (v Verb) Writes() bool { return v != Get && v != List && v != Watch }

// Request is one request to the API server as a value: what a client sends, what the server decides on, what a trace
// records. The in-process transport hands it over as it is; the HTTP transport writes it as upstream's HTTP.
type Request struct {
	Verb        Verb
	Resource    *Resource
	Namespace   string
	Name        string
	Subresource string
	// User is who asks, as authentication found it; clients leave it empty.
	User string

	// Object is the body of a create or update: an object of Resource, a *corev1.Binding for pods/binding, a
	// *policyv1.Eviction for pods/eviction, a *autoscalingv1.Scale for scale. Whoever receives a Request must not modify it.
	Object runtime.Object
	// Patch is the body of a patch.
	Patch     []byte
	PatchType types.PatchType

	// ResourceVersion and Match are those of a get, list or watch.
	ResourceVersion string
	Match           metav1.ResourceVersionMatch
	Labels          string
	Fields          string
	Limit           int64
	Continue        string
	Bookmarks       bool
	InitialEvents   bool

	// Delete holds preconditions, grace period, propagation policy.
	Delete *metav1.DeleteOptions
	// DryRun, FieldManager and FieldValidation are those of the write options.
	DryRun          bool
	FieldManager    string
	FieldValidation string
}

// Response is the answer to a Request: an object, a list, or a *metav1.Status. Nobody may modify it: the server may
// share it with others. An error is a [k8s.io/apimachinery/pkg/api/errors.StatusError] where the server answered, and
// any other error where it did not.
type Response struct {
	Object  runtime.Object
	Created bool // HTTP's 201
	// Warnings are shown to the user by kubectl.
	Warnings []string
}

// WatchEvent is one event of a watch. Object is shared: nobody may modify it. An ERROR holds a *metav1.Status.
type WatchEvent struct {
	Type   watch.EventType
	Object runtime.Object
	// Encoded keeps the serialized forms of Object for all who are sent this event; nil where it is sent to one only.
	Encoded *Encodings
}
