// Package policy is the roles and bindings that every cluster begins with: upstream's bootstrap policy, of what exists here.
//
//  1. [Objects] are the same each time, valid, and complete: no binding names a role that is not among them. Names, labels and
//     annotations are upstream's, so that an upstream API server over the same store finds its own.
//  2. Each component has what it needs and nothing else; the tests of the package name it, and what is refused.
//
// Upstream: each control loop has a service account of its own (kube-controller-manager --use-service-account-credentials). Here one
// process with one identity runs them all, so that the roles system:controller:* are bound to its user as well; where a loop reads or updates what
// upstream's patches, its role has that verb beside upstream's.
//
// **Not done**: roles of what does not exist here (volumes, autoscaling, jobs, certificates, quota, ...); bringing roles that somebody has
// changed back to what they should be, which upstream does at every start: they are made where they are missing.
//
// Sources: Kubernetes v1.37, plugin/pkg/auth/authorizer/rbac/bootstrappolicy/{policy,controller_policy}.go;
// kubernetes.io, "Using RBAC Authorization".
package policy
