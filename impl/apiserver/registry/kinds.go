package registry

import (
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"orrery/impl/api"
)

// kinds is what the kinds differ in; everything else is the same for all.
var kinds = map[string]*kind{
	"ClusterRole":           clusterRole.kind(),
	"ClusterRoleBinding":    clusterRoleBinding.kind(),
	"ConfigMap":             configMap.kind(),
	"Endpoints":             endpoints.kind(),
	"EndpointSlice":         endpointSlice.kind(),
	"Event":                 event.kind(),
	"Lease":                 lease.kind(),
	"Namespace":             namespace.kind(),
	"Node":                  node.kind(),
	"Pod":                   pod.kind(),
	"ReplicaSet":            replicaSet.kind(),
	"ReplicationController": replicationController.kind(),
	"Role":                  role.kind(),
	"RoleBinding":           roleBinding.kind(),
	"Secret":                secret.kind(),
	"Service":               service.kind(),
	"ServiceAccount":        serviceAccount.kind(),
}

// strategy is one kind's part, over its own type. Functions that are nil do nothing, or find no fault. They may modify
// their first argument (validations and later ones: neither).
type strategy[T api.Object] struct {
	// name says what is wrong with a name.
	name validation.ValidateNameFunc
	// defaults fills in what the user left out. It is idempotent.
	defaults func(T)
	// prepare makes a new object the system's: its status is not the user's to set.
	prepare func(obj T, env Env) field.ErrorList
	// validate is for a new object, whose metadata has been judged.
	validate func(T) field.ErrorList
	// allocate gives a valid object what no two may have; old is what it takes the place of, nil at creation.
	allocate func(obj, old T, env Env) error
	// update is for a change of the object itself, status and finalize for a change by way of that subresource.
	update, status, finalize rewrite[T]
	// warnings of a create or update of the object itself; old is nil at creation.
	warnings func(obj, old T) []string
	// fields are the field labels by which the kind can be selected, besides metadata.name.
	fields func(T) map[string]string
	// scale leads to what a scale changes.
	scale func(T) scalable

	deletion[T]
	// versioned: an update has to name the resourceVersion that it replaces.
	versioned bool
}

// rewrite is how one way of updating treats the new object.
type rewrite[T api.Object] struct {
	// prepare restores in obj what this way does not change.
	prepare func(obj, old T)
	// validate judges obj; its metadata has been judged.
	validate func(obj, old T) field.ErrorList
}

// deletion is how a kind is deleted.
type deletion[T api.Object] struct {
	// grace, if the kind knows graceful deletion, is the period in seconds for an object for which the user asked for
	// wanted, nil for the object's own.
	grace func(obj T, wanted *int64) int64
	// held: something besides metadata.finalizers keeps a deleted object.
	held func(T) bool
	// begin, if the kind is emptied before it goes, does all that the first deletion does.
	begin func(obj T, now metav1.Time)
	// dependents is the default for what becomes of an object's dependents.
	dependents dependents
	// returns: the answer to a deletion is the object, even where it is gone.
	returns bool
}

// dependents says what a deletion does to dependents where neither the user nor the object says.
type dependents int

const (
	collected dependents = iota // nothing is recorded: the garbage collector deletes them afterwards
	orphaned
	none // the kind has no dependents: not even a user's wish is recorded
)

// kind is a strategy without its type.
type kind struct {
	namespaced bool
	name       validation.ValidateNameFunc
	defaults   func(api.Object)
	prepare    func(api.Object, Env) field.ErrorList
	validate   func(api.Object) field.ErrorList
	allocate   func(obj, old api.Object, env Env) error
	updates    map[string]rewrite[api.Object]
	warnings   func(obj, old api.Object) []string
	fields     func(api.Object) map[string]string
	scale      func(api.Object) scalable
	versioned  bool
	deletion[api.Object]
}

func (s strategy[T]) kind() *kind {
	k := &kind{
		name:       s.name,
		defaults:   func(obj api.Object) { s.defaults(obj.(T)) },
		prepare:    func(obj api.Object, env Env) field.ErrorList { return s.prepare(obj.(T), env) },
		validate:   func(obj api.Object) field.ErrorList { return s.validate(obj.(T)) },
		fields:     func(obj api.Object) map[string]string { return s.fields(obj.(T)) },
		versioned:  s.versioned,
		namespaced: true,
		updates:    map[string]rewrite[api.Object]{"": untyped(s.update)},
	}
	if s.defaults == nil {
		k.defaults = func(api.Object) {}
	}
	if s.validate == nil {
		k.validate = func(api.Object) field.ErrorList { return nil }
	}
	if s.prepare == nil {
		k.prepare = func(api.Object, Env) field.ErrorList { return nil }
	}
	if s.fields == nil {
		k.fields = func(api.Object) map[string]string { return nil }
	}
	k.warnings = func(obj, old api.Object) []string {
		if s.warnings == nil {
			return nil
		}
		var before T
		if old != nil {
			before = old.(T)
		}
		return s.warnings(obj.(T), before)
	}
	if s.allocate != nil {
		k.allocate = func(obj, old api.Object, env Env) error {
			var before T
			if old != nil {
				before = old.(T)
			}
			return s.allocate(obj.(T), before, env)
		}
	}
	if s.status.prepare != nil {
		k.updates["status"] = untyped(s.status)
	}
	if s.finalize.prepare != nil {
		k.updates["finalize"] = untyped(s.finalize)
	}
	if s.scale != nil {
		k.scale = func(obj api.Object) scalable { return s.scale(obj.(T)) }
	}
	k.deletion = deletion[api.Object]{dependents: s.dependents, returns: s.returns}
	if s.grace != nil {
		k.grace = func(obj api.Object, wanted *int64) int64 { return s.grace(obj.(T), wanted) }
	}
	k.held = func(obj api.Object) bool { return s.held != nil && s.held(obj.(T)) }
	if s.begin != nil {
		k.begin = func(obj api.Object, now metav1.Time) { s.begin(obj.(T), now) }
	}
	return k
}

func untyped[T api.Object](r rewrite[T]) rewrite[api.Object] {
	return rewrite[api.Object]{
		prepare: func(obj, old api.Object) {
			if r.prepare != nil {
				r.prepare(obj.(T), old.(T))
			}
		},
		validate: func(obj, old api.Object) field.ErrorList {
			if r.validate == nil {
				return nil
			}
			return r.validate(obj.(T), old.(T))
		},
	}
}
