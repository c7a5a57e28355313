// Package refine judges every decision that a component took by the component's model: the plan of a step must be one that the model allows
// in the view that the step says it had.
//
// A step of the trace names the resourceVersion of each of the component's caches and the writes of its own that they did not show yet. The
// store's log tells what was there at those revisions; with the own writes laid over it that is the view, in the words of the model
// (model/replication and so on), which says why it refuses the plan, or does not. A kubelet's step also tells what its runtime showed, and that of the
// node lifecycle controller what it had measured, which is judged in milliseconds. No search is needed, so that judging is linear in the trace.
//
//  1. Only what the trace says is believed: what a step calls its view, what the log held, what was asked for by a request that is in the
//     trace. Where that does not tell what a component saw, its step is not judged; it is never guessed. [Shares] counts those that are.
//     What a live read has shown (of the owner before an adoption; of a namespace and all that it holds) is what the log held at its revision.
//  2. A step without a key repeats a request whose outcome is unknown, or asks what became of it. It decides nothing.
//  3. A component that has no model yet is not judged here. [Components] lists those that are.
//  4. What a process does that tells its steps must have been decided by one of them before, as it is done: the object, its version and UID. So
//     must a container that is made or started on the node of a kubelet.
//  5. Upstream's own components do not tell their views. A step without one is refused only if none of the views that it may have had allows
//     it, each of its caches lagging by itself; a bounded number is tried, and beyond that nothing can be said.
//
// # Not done
//
// Steps that did nothing: whether there was something to do is for converge. Whether a look at a runtime is true: what really ran is for
// invariant, and here a kubelet is only held to look again after each call. Likewise whether what was measured is true. A kubelet's Node and Lease,
// hooks, probes, images, volumes and static pods. What upstream's components write without telling steps.
//
// Sources: DESIGN.md section 6; INVARIANTS.md, "Justified writes".
package refine
