// Package rbac decides who may do what, by roles and bindings, as pure functions of them.
//
//  1. [Allowed] says whether a user may do what a request's [Attributes] say. It only ever grants: what no binding gives is
//     not allowed, and a binding more never takes anything away. Members of system:masters may do everything.
//
//  2. A binding gives the rules of its role to its subjects: a ClusterRoleBinding everywhere, a RoleBinding in its namespace. A
//     binding whose role is not there gives nothing, and is named in the reason of a refusal.
//
//  3. A rule of resources is about verbs, API groups and resources ("pods", "pods/log", "*/scale", "*"), all of which must
//     match, and names, if it has any. A request without a name (create, and a list that selects none) matches no rule with names.
//     A rule of other paths is about verbs and paths; "/a/*" is all that begins so.
//
//  4. A ClusterRole with an aggregationRule has the rules of the ClusterRoles that it selects by label, and of those that these
//     select, whatever stands in its own rules.
//
//  5. Nobody grants what he has not ([Grant]): a role may be written by who has every right in it, or may "escalate" it; a binding by
//     who has every right of its role, or may "bind" it. Changes that only the garbage collector needs are no grants.
//
//  6. [Rules] lists what a user may do in a namespace.
//
// Nothing here knows where roles and bindings come from: [Roles] and [Bindings] are the caller's, and may be as stale as its cache is, like
// upstream's.
//
// Upstream: a controller writes the rules of aggregated ClusterRoles into them; here they are worked out when they are asked for, so
// `kubectl get` shows such a role without rules.
//
// Sources: Kubernetes v1.37, plugin/pkg/auth/authorizer/rbac, pkg/registry/rbac/validation/rule.go, pkg/registry/rbac/{escalation_check,
// helpers}.go and */policybased/storage.go, pkg/apis/rbac/v1/evaluation_helpers.go, and for the words of a refusal
// staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go; whether rules cover others is upstream's own
// k8s.io/component-helpers/auth/rbac/validation.
package rbac
