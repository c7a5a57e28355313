// Package kubelets decides what a kubelet may do, which depends on the pods that are bound to its node: upstream's node authorizer and its
// admission plugin NodeRestriction, as pure functions.
//
//  1. A kubelet is a user system:node:NAME in the group system:nodes. Everybody else is no concern of this package.
//
//  2. [Authorize] decides on what is asked for. A kubelet reads its own Node and Lease, the pods bound to it, and the secrets and
//     config maps that these refer to, one by one; it makes tokens of their service accounts; it reads services and tells events. It never
//     refuses what RBAC allows: it only has nothing to allow.
//
//  3. [Restrict] decides on what is written, or read of pods, once it is known what is there. A kubelet writes its own Node, without its
//     taints and the labels that are not a kubelet's; its own Lease; the status of pods bound to it, which it may also delete or evict; and creates
//     mirror pods that refer to nothing.
//
// What refers to what is looked up among the pods of a namespace, which is upstream's graph without the graph: a secret is asked for seldom, and
// a namespace's pods are few. The pods are those of a cache, and may be as stale as it is, like upstream's; what is read and written is judged as
// it is in the store.
//
// **Not done**: what does not exist here: volumes of claims, attachments and drivers, resource claims, certificates.
//
// Sources: Kubernetes v1.37, plugin/pkg/auth/authorizer/node/{node_authorizer,graph}.go, plugin/pkg/auth/nodeidentifier,
// plugin/pkg/admission/noderestriction/admission.go, pkg/kubelet/apis/well_known_labels.go,
// plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go (NodeRules); KEP-4601.
package kubelets
