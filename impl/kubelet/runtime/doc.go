// Package runtime is the contract between the kubelet and what runs containers: upstream's CRI, reduced to what the
// kubelet decides on.
//
// What a [Runtime] promises, and what one rapid machine (package runtimetest) checks of every side of it:
//
//  1. A sandbox, and a container of a pod, is named by its metadata (namespace, name, UID, attempt; container name,
//     attempt). While one of that name exists, another cannot be made: [ErrExists]. So a create of unknown outcome can
//     be repeated.
//  2. A container is Created, then Running, then Exited, and never goes back; from any of them it may become Unknown,
//     and from there only Exited. StartContainer starts a Created container once; it is refused on any other. One that
//     could not be started, also for want of a live sandbox, has Exited: code 128, reason StartError, no time of a start.
//  3. StopContainer begins to stop and returns at once: TERM now, KILL when the grace has passed, as long as the caller
//     lives and also where the runtime died meanwhile, which may cost a second TERM. Said again with a shorter grace, the
//     shorter one holds. It is no error on what has stopped or is gone.
//  4. StopSandbox kills every container in it and takes its network away. RemoveSandbox also forgets the sandbox and its
//     containers. RemoveContainer kills and forgets. All are no error on what is gone. A sandbox whose own process died is
//     not ready and has no address, and its containers go on until they are stopped.
//  5. List shows everything that the kubelet of any life has made here and that was not removed; what an answered call has
//     done is in every List that begins later. It shows nothing that other users of the runtime made.
//  6. The death of the caller changes nothing. The death of the runtime stops no container: calls fail with an error that
//     wraps [ErrUnavailable] until it is back, and then List shows what became of them meanwhile. One that ended
//     meanwhile may be shown with code 255, reason Unknown: nobody saw it.
//  7. A call whose context ended may be done, or may still be done later.
//
// The messages of configuration are upstream's own (k8s.io/cri-api, runtime.v1); what is observed are plain values of this
// package.
//
// **Not done**: metrics, checkpoints, resources that change while a container runs.
//
// Sources: kubernetes/cri-api pkg/apis/runtime/v1/api.proto (v0.37); INVARIANTS.md rows 81, 92, 94, 95.
package runtime
