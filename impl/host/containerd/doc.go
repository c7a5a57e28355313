// Package containerd runs the container runtime of one worker: the real containerd, embedded, with its CRI plugin.
//
// The contract:
//
//  1. Several run on one host: each has its root, state, sockets and range of addresses, and touches nothing outside of
//     them (but one directory of CNI's, see [CNIResults]).
//  2. A containerd that is killed loses no container: the shims keep them, and the next one finds them again.
//  3. The [Observer] tells what really happened to containers: each is created, started, exited and removed once, in this
//     order, also where containerd or the observer were killed in between. The time of an exit is the shim's.
//  4. [Import] returns when the images can be used by CRI.
//
// **Not done**: other runtimes than runc, pulling images from registries with credentials, NRI plugins, tracing.
//
// Sources: containerd v2.4.2 cmd/containerd/command/main.go and docs/cri/config.md; CNI specification 1.0.0.
package containerd

// Namespace is containerd's namespace that the CRI plugin uses; see namespaces(7) for those of the kernel.
const Namespace = "k8s.io"

// CNIResults is where the CNI library keeps the results of its calls, for all runtimes of a host; ours begin with NetworkName.
const CNIResults = "/var/lib/cni/results"

// NetworkName is the name of the pods' network in CNI's configuration.
const NetworkName = "orrery"

// PauseImage is the image of a pod's sandbox, under which it must be imported first of all.
const PauseImage = "local/pause:1"
