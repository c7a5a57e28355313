// Package kubelet runs the pods of one node: what the API binds to the node becomes sandboxes and containers in a runtime,
// and what becomes of them is shown in the API.
//
// # The contract
//
//  1. Exactly the pods with spec.nodeName = this node are run. A pod is its UID: of one name at most one UID has processes,
//     and the next is begun only when nothing of the one before is left (rows 77, 80, 87).
//  2. Nothing is stopped or started before the API's pods and the runtime have been listed once (row 90), nor while the
//     runtime does not answer, nor on a view of a pod older than the kubelet's own last call on it (K06).
//  3. At most one attempt of a container may run; an attempt is started at most once. It is recorded in the runtime before
//     it is started: a kubelet that crashed between the two starts the attempt it finds, and makes no other (K05). Only
//     where the runtime itself lost the start may a process be started again: at least once, as row 82 allows.
//  4. A phase that is terminal in the API stays, and no container is started then (row 78). With restartPolicy Never a
//     container that the API or the runtime knows to have run is not started again (K04).
//  5. The delay before a restart is 0, 10 s, 20 s, ... 300 s, back to 0 after a run of 10 min, and is remembered with the
//     container's record: the kubelet's restart changes nothing (row 84, K20). restartCount never decreases (row 83).
//  6. A deleted pod: preStop, TERM, at least its grace, KILL; terminal phase in the API; removal; final DELETE with its UID
//     as precondition (rows 86, 88, 89, K11, K12). A pod that vanished from the API is stopped with the grace of its spec.
//  7. With a node authorizer before it a kubelet reads only the config maps and secrets to which its pods refer, each by its name
//     ([Config].OneByOne). A pod waits until they were read, silently at first; where that is refused, or goes wrong, again and again, the pod says
//     so, and goes on when it is not. What was read counts until something else is.
//  8. What a file of the node asks for, a static pod, runs whether or not there is an API, by the laws above; only that with restartPolicy Never the
//     runtime's records are all that tells of a container that has run. Where there is an API it is shown by one mirror, which nobody runs, and whose
//     end ends nothing. A file that comes again with the same content is the same pod, which ends first and then begins anew (K09). A pod of the
//     API that has the name is rejected, unless it was begun before: then the file's waits.
//  9. The death of the kubelet or of the runtime disturbs no container: all that matters is in the API and in the runtime's
//     records (row 92).
//
// # Files
//
//	reconcile.go   ring 1: the sources, the keys, and which decision belongs to which key
//	pod.go         what to do for the pods of one name; run.go, terminate.go, deadline.go, poststart.go, token.go, probe.go are its parts
//	status.go      what the API should show of a pod
//	spec.go        what the runtime is told about a pod; env.go, security.go, volume.go
//	node.go        the Node and its Lease; admit.go whether a pod fits, suit.go whether it may be here
//	reference.go   the config maps and secrets that pods refer to, and which are to be read
//	static.go      the static pods, and their mirrors; manifest.go their files
//	local.go       ring 3: the local sources; perform.go, images.go, prober.go, hooks.go, tokens.go the effects on the node;
//	               follow.go what reads the references
//	shell.go       what keeps the local sources fed; command.go the process; events.go its Events
//
// # Not done
//
// Eviction; ephemeral containers; preStop hooks of a container that is
// stopped while its pod goes on; subPath, CSI and other
// volumes (such pods wait with CreateContainerConfigError or FailedMount and a message that says so); in-place resize; pull
// secrets; seccomp profiles of the node; owners of volumes by
// fsGroup; security contexts of sandboxes; cgroups of pods (those of all
// containers are below one parent, --cgroup-root); device plugins; log rotation; image garbage collection.
//
// Sources: kubernetes v1.37 pkg/kubelet (kubelet_pods.go, kuberuntime, status, images, prober, pod_workers.go); INVARIANTS.md
// rows 77-96; BUGS.md K01-K20, D01-D04, N12.
package kubelet
