// Package registry decides, as a pure function, what a request does to an object of the API: ring 1 of the API server.
//
// [Decide] takes the stored object (or that there is none), the request, and what is chosen by chance or time ([Env]), and
// returns what to do to the store and what to answer ([Change]), or an error that is upstream's Status. It does no I/O, and
// reads no clock: the same arguments give the same answer, byte for byte. It never modifies its arguments. The request
// machine around it reads, decides, compares and swaps, and decides again where the object was not the one decided on.
//
// What a Change promises, whatever the requests (see the laws in laws_test.go):
//
//  1. A new object has the UID and the creation time of the Env; no update changes them, nor its name or namespace.
//  2. An update whose resourceVersion is not the stored one is refused. One without is carried out on what is stored.
//  3. An update never creates. A create never replaces.
//  4. generation starts at 1 for kinds that have it, rises by one with each change of the spec and with the first
//     deletion, and never falls.
//  5. The object itself keeps the stored status, the subresource status the stored spec.
//  6. deletionTimestamp, once set, is neither unset nor moved later; a grace period is only shortened.
//  7. An object with finalizers is never removed; the update that takes the last one away from an object whose deletion is
//     due removes it. While it is being deleted no finalizer is added.
//  8. At most one owner is the controller.
//  9. A pod is bound once.
//  10. An update that changes nothing does nothing.
//  11. With [Ranges] in the Env, a Service has a cluster IP and node ports as its type asks for, out of the ranges and not of
//     those that the Env says are taken. That nobody else has them by the time of the write is for the request machine.
//
// The kinds differ in a [strategy] each, one file per kind; kinds.go is the table. [Default] and [Validate] are what upstream
// calls defaulting and validation; [Matcher] is selection. That the namespace of a new object is there is for the request
// machine to see: it takes another read.
//
// Not done:
//   - server-side apply and metadata.managedFields, which are dropped on every write;
//   - dual-stack Services, and the kinds IPAddress and ServiceCIDR: there is one range of IPs, which does not change; a Service
//     that was stored without addresses gets none until its type changes;
//   - the subresources resize and ephemeralcontainers;
//   - PodDisruptionBudgets: there is no such resource and nobody who would count, so no eviction is refused for one, and none is told to try again;
//   - admission plugins besides DefaultTolerationSeconds, Priority and the keeping of namespaces by NamespaceLifecycle; of ServiceAccount in particular,
//     so a pod's serviceAccountName stays empty, and of TaintNodesByCondition, so a new node has no taint;
//   - looking into types of volumes that our kubelet does not run, seccomp, AppArmor and Windows options, resource claims,
//     pod-level resources, and most warnings;
//   - events.k8s.io, whose events are the same objects with stricter rules.
//
// Sources: Kubernetes v1.37, staging/src/k8s.io/apiserver/pkg/registry/rest/{create,update,delete}.go and
// pkg/registry/generic/registry/store.go, pkg/endpoints/handlers/{patch,update}.go; pkg/registry/*/strategy.go;
// pkg/apis/*/v1/defaults.go; pkg/apis/*/validation.
package registry
