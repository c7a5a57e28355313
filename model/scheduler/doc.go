// Package scheduler is the specification of the scheduler: pods that have no node, nodes of which each has so much, and one scheduler that
// gives the pods their nodes, and sees the past.
//
// There are three layers. [View.Refuses] says which choice is allowed in a view: it is all that a judge needs of a recorded decision. The
// machine, [New], puts a scheduler that chooses so into a world: its cache is late, its requests and their answers are lost or land late, it
// crashes, and users, kubelets and whoever looks after the nodes change the same objects. The properties say what must come of it.
//
//	action      enabled when                                            changes
//	Create      a name is free                                          a pod without a node, and with another UID than the last
//	Place       likewise, and users may choose nodes                    a pod with a node, with room for it or without
//	Touch       a pod is there                                          its version only: somebody wrote to it
//	End         a pod has a node                                        it has ended
//	Delete      a pod is there                                          it is being deleted, by a user; gone, if it had ended
//	Remove      a pod is being deleted                                  it is gone, as its kubelet says
//	Shut, Open  a node is there                                         it is cordoned or tainted, or no longer
//	Resize      a node is there                                         what is allocatable on it
//	Vanish      a node is there                                         it is gone; its pods stay
//	Return      a node is gone                                          a node of the same name
//	See         the cache shows another pod of that name than there is  the cache shows that pod
//	SeeNode     likewise a node                                         the cache shows that node
//	Choose      a pod is due, and its last bind is answered             a bind that the view does not refuse is sent; or the pod waits
//	Arrive      a bind is on its way                                    the pod has its node, if the precondition holds; an answer is on its way
//	Answer      an answer is on its way                                 the scheduler knows
//	LoseAnswer  an answer is on its way                                 the outcome is unknown
//	GiveUp      a bind is on its way                                    the outcome is unknown, and the bind still is on its way
//	Land, Drop  a bind is on its way that was given up                  it arrives, or never will
//	Repeat      an outcome is unknown                                   the same bind is sent again, with the same precondition
//	Look        a repeated bind was refused                             a live read of the pod tells what became of the first
//	Crash       the scheduler is up                                     all that it knows is gone; what it sent is on its way
//	Start       it is down                                              its cache shows what there is
//	Heal        nobody has healed the world                             nothing is lost or crashes any more, and no user changes anything
//
// What must not be put off for ever are Remove, See, SeeNode, Choose, Repeat, Look, Arrive, Answer, Start, Heal, and that what was given up
// lands or is dropped.
//
// # The ledger
//
// A bind is charged to its node from when it is chosen until the cache shows a later version of the pod than the one that the bind requires.
// [Charged] says that no bind takes room, or may come to, without being charged. So an unknown bind is not read about but repeated: while the
// first is on its way, a read tells only that it has not arrived yet. Of two binds that require the same version one at most takes effect, so
// when the repeat is answered the first is harmless. If the repeat is refused, the pod has changed, and perhaps by the first: then, and only
// then, reading tells.
//
// Two things carry this. A bind requires the version and not only the UID: else somebody's write to the pod, once the cache shows it, would
// look as if the bind could not happen any more, and it could. And the versions of a name only grow, also when it passes to another pod.
//
// # Waking
//
// A pod that fits nowhere waits until the view changes in a way that may help: a node comes, or its taints or what is allocatable change; a
// pod leaves a node or ends; a bind turns out not to have happened; or the pod itself changes. There is no timer: that no pod waits in vain
// ([Settled]) is shown from these alone. As the verdict and the wait are one step, no change can come between them unseen (S10).
//
// # Where it begins, and what is claimed then
//
// A world begins well, as its [Domain] says, or anyhow (row 123): with pods on nodes that are full, cordoned or not there, and perhaps with a bind
// on its way that nobody remembers; see [anyhow]. Everything is claimed there as well. From there, too, it comes to where no pod waits
// in vain, and stays so ([Settled], [Rests], row 119).
//
// Answers that nobody can lose and that change no view, and late binds that would be refused, are taken alone where nothing is claimed eventually;
// see local. That saves up to two states in five.
//
// # Not modelled
//
//   - preemption in the machine (row 54, and how rows 52 and 53 hold over time): pods there are of one priority, and waiting is all that one without
//     room can do. What a judge needs is modelled: which victims a view allows ([View.RefusesPreemption], row 52), and that what is promised
//     to a pod is charged to its node for all that it does not come after ([View.Used], row 53). Not the order of nodes: any preemption will do
//     that deletes none in vain;
//   - scores and the order of the queue: any pod that is due may be next, and any node that is not refused may be chosen;
//   - affinity between pods, topology spread, volumes and claims: they are further reasons to refuse. A host port is not: it is a
//     resource of which a node has one;
//   - a pod's requests that change while it runs: who raises them answers for it, as who places a pod does;
//   - what waiting pods are told (the condition PodScheduled): a write to the same pod, one after the other with its binds;
//   - backoff and the periodic flush of the queue: they bound when, not what;
//   - the order of events of one watch: each object is seen by itself, and may be seen late, which is more than can happen;
//   - refusals that are not about the pod, such as those of admission: a repeat that is refused so tells nothing about the first bind;
//   - two schedulers at once (row 44): one that crashed, and whose binds land late, is one, and it is enough to break row 50. See [tempting].
//
// Sources: INVARIANTS.md, rows 31, 43, 46 to 51, 119 and 123; BUGS.md, S01 to S12 and S17; upstream's pkg/scheduler, backend/cache/interface.go and
// backend/queue of v1.37.
package scheduler
