package registry

import (
	coordinationv1 "k8s.io/api/coordination/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var lease = strategy[*coordinationv1.Lease]{
	name: apivalidation.NameIsDNSSubdomain,
	prepare: func(obj *coordinationv1.Lease, _ Env) field.ErrorList {
		withoutElection(obj)
		return nil
	},
	validate: validateLease,
	update: rewrite[*coordinationv1.Lease]{
		prepare:  func(obj, _ *coordinationv1.Lease) { withoutElection(obj) },
		validate: func(obj, _ *coordinationv1.Lease) field.ErrorList { return validateLease(obj) },
	},
	// Two who hold a lease's last version must not both renew it.
	versioned: true,
}

// withoutElection drops what belongs to coordinated leader election, which upstream has switched off.
func withoutElection(obj *coordinationv1.Lease) {
	obj.Spec.Strategy, obj.Spec.PreferredHolder = nil, nil
}

func validateLease(obj *coordinationv1.Lease) field.ErrorList {
	var errs field.ErrorList
	spec := field.NewPath("spec")
	if d := obj.Spec.LeaseDurationSeconds; d != nil && *d <= 0 {
		errs = append(errs, field.Invalid(spec.Child("leaseDurationSeconds"), *d, "must be greater than 0"))
	}
	if t := obj.Spec.LeaseTransitions; t != nil && *t < 0 {
		errs = append(errs, field.Invalid(spec.Child("leaseTransitions"), *t, "must be greater than or equal to 0"))
	}
	return errs
}
