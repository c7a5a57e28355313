// Package node is the specification of who looks after nodes: kubelets that renew a lease, and one controller that says of a node that
// is silent that its condition is unknown, gives it a taint, evicts the pods that do not tolerate that, and collects the pods of nodes that
// are gone. Upstream these are three controllers; they know the same and so are one here.
//
// There are three layers. [View.Refuses] says which plan is allowed in a view: it is all that a judge needs of a recorded decision.
// The machine, [New], puts a controller that decides so into a world: its cache is late, its requests are lost or land late, it crashes,
// machines die and come back, and users change the same objects. The properties say what must come of it.
//
//	action      enabled when                                            changes
//	Cut, Link   a machine is linked, or is not                          it dies or is cut off, or is back
//	Ail         a linked node is ready                                  its kubelet says that it is not
//	Mark        a node is there                                         whether it has the taint, by a user
//	Retire      a node is there                                         whether it is out of service, as a user says
//	Unregister  a node is there                                         it is gone; its pods stay
//	Register    a node is gone                                          a node of the same name, with another UID, ready and linked
//	Appear      a pod is gone                                           a pod of the same name, with another UID, bound to the same node
//	Tolerate    a pod runs                                              it tolerates the taint for ever
//	Delete      a pod runs                                              it is being deleted, by a user
//	Renew       a linked node was not renewed since time passed         its lease
//	Report      a linked node, or a pod of its, is not ready            its kubelet says that it is ready
//	Remove      a pod of a linked node is being deleted                 it is gone, as its kubelet says
//	SeeRenewal  a node was renewed since the cache saw it renewed       it is quiet for 0
//	See         the cache shows an older version of an object           the cache shows the object
//	Look        all that a decision lacks is a live read of a node      the cache shows the node and when its lease was renewed, as of now
//	Work        the view does not refuse it                             what is decided is sent
//	Arrive      a request is on its way                                 what it asks for, if its precondition holds; the controller knows
//	GiveUp      a request is on its way                                 the outcome is unknown, and the request still is on its way
//	Land, Drop  a request is on its way that was given up               it arrives, or never will
//	Resolve     an outcome is unknown                                   it is sent again, with the same precondition
//	Crash       the controller is up                                    all that it knows is gone; what it sent is on its way
//	Start       it is down                                              its cache shows what there is, and it has measured nothing
//	Heal        nobody has healed the world                             nothing is lost or crashes any more, and nobody changes anything
//	Tick        see below                                               all that is measured grows
//
// What must not be put off for ever are Renew, Report, Remove, SeeRenewal, See, Look, Work, Resolve, Arrive, Start, Heal, Tick, and that what
// was given up lands or is dropped. Heal ends faults and does not raise the dead: a machine that is cut off stays so.
//
// # Time
//
// There is no clock, but there are durations: for how long a node is silent, for how long the controller has known it to be quiet. A tick adds
// to all of them, up to the longest that anything depends on, and so the machine stays finite and time goes on for ever. A kubelet that is
// linked renews its lease before the next tick. Everybody else may be as late as they like, until the faults have ended; from then on time
// passes only if nothing else is to be done. So what eventually comes to be comes as soon as the durations allow.
//
// The controller measures by its own clock, from when it saw what a duration begins with: clocks of different machines are never compared.
//
// # How it decides
//
// What is measured is never too long, as it was seen late and never early ([Measured]); a controller that has just started has measured nothing,
// and so does nothing. But what the watch shows may be over: a kubelet has renewed its lease, a user has taken the taint away. So before a
// node is doubted, and before a pod is evicted or collected, the node and its lease are read live, and what was read must be no more than
// what the cache shows. Time must not pass between that read and the decision.
//
// What is left is the time between the read and the write. A node that renews its lease within it is doubted all the same, and ready
// again when its kubelet reports; a taint that is taken away within it does not save the pods of which an eviction is on its way. The precondition of
// a write (UID and resourceVersion of its object) covers its own object only.
//
// Zones, paces and what is spared are pure functions: see [Policy.Paces]. The pace is that of decisions: two that are late may land together.
//
//   - Upstream: measures at the observer, so that a watch that hangs for the grace period makes a node unknown that is well (nodelifecycle, N03);
//   - Upstream: evicts by the taint in its cache, and deletes by name without a precondition (tainteviction, N05);
//   - Upstream: taints a node at once that was unknown when it started. Here it watches the node for the grace period first;
//   - Upstream: evicts on while all zones are down until the taints are taken off. Here it does not;
//   - Upstream: pods are said to be unready as soon as the node is doubted. Here not before the cache shows the doubt, as otherwise the
//     controller and a kubelet that is back could contradict each other for as long as that request is on its way;
//   - the pace goes on over restarts: a controller that has just started counts as one that has just tainted.
//
// # Where it begins, and what is claimed then
//
// A world begins well, as its [Domain] says, or anyhow (row 123): with a taint without the condition for it or the condition without the taint, with
// nodes out of service that are well, silent ones that nobody doubts, and pods whose node is not there; see [anyhow]. Everything is claimed there as
// well. From there, too, it comes to where all is as it should be, stays so, and nothing more is written (row 119).
//
// Late requests that would be refused are taken alone where nothing is claimed eventually; see local. That saves up to one state in six.
//
// # Not modelled
//
//   - lease and status apart: a renewal is one of either, and both are lost together. A kubelet that manages one of them is alive;
//   - nodes that have never reported: the registration counts as the first renewal, with the same grace;
//   - the other conditions, and taints of other keys and effects: what is said of one NoExecute taint is true of each;
//   - a node's pods that are started after the taint: they have been tolerating for as long as the controller has seen it;
//   - monitoring in passes (N07): every node may be decided about at any time, and is, once the faults have ended;
//   - nodes that were there and went unseen between two looks of the cache: the quarantine goes on then, and only the live read tells;
//   - a list that is older than what an earlier process of the controller has seen (row 39);
//   - two controllers at once (row 44): a controller that crashed, and whose requests land late, is one.
//
// Sources: INVARIANTS.md, rows 33, 37, 40, 43, 68 to 76, 119, 123; BUGS.md, N01 to N12 and P09; upstream's pkg/controller/nodelifecycle,
// pkg/controller/tainteviction and pkg/controller/podgc of v1.37; KEP-589 for leases, KEP-5647 for the live read.
package node
