// Package cluster is the composition of the models: one world, from the store to the rules of the proxies, in which the controller of
// replicas, the scheduler, the controller of endpoints, the kubelets and the proxies of one or two nodes decide each for itself, and each sees
// another past.
//
// None of them is specified here. What a component decides is what its own package says of the view that it has: whatever is not refused by
// [orrery/model/replication.View.Refuses] and [orrery/model/scheduler.View.Refuses], what [orrery/model/kubelet.View.Decide] does, and what
// [orrery/model/endpoints.View.Wanted] and [orrery/model/proxy.View.Wanted] want. They are asked once, about everything that can be seen, and
// what they said is kept in tables; TestTables asks them again. What is said here is how they meet: an owner, up to three names of pods,
// a slice, and what the nodes run and do with packets.
//
//	action       enabled when                                        changes
//	Scale        the owner is there                                  how many pods it wants
//	Vanish       the owner is there                                  it is gone; its pods stay
//	Again        the owner is gone                                   an owner of the same name, with another UID
//	Appear       a name is free                                      a pod of a user's, which matches; with another UID, if it was used
//	Delete       a pod is there                                      it is being deleted; gone, if no kubelet has it or it has ended
//	Relabel      a pod is there                                      whether it matches
//	Force        a pod has a node, and users may                     it is gone
//	Erase        the slice is there                                  it is gone
//	End          containers run                                      they have exited
//	Collect      the owner of a pod is gone                          the pod is being deleted, by the garbage collector
//	SeeOwner     a cache shows another owner than there is           it shows the owner
//	See          a cache shows another pod of a name than there is   it shows the pod
//	SeeSlice     a cache shows another slice than there is           it shows the slice
//	Look         all that a decision lacks is a live read            the controller knows the owner as of now
//	Work         a component has something to do                     its request is on its way; a kubelet has seen to containers, a proxy to rules
//	Arrive       a request is on its way                             what it asks for, if its precondition holds; its author knows
//	Unheard      the same                                            the same, but the author does not know
//	GiveUp       the same                                            it still is, and the author waits no longer
//	Repeat       nobody knows what became of a request               it is sent again
//	Land, Drop   a request was given up, or its author has crashed   it arrives, or never will
//	Crash        a component runs                                    it does not, and knows nothing; its request is late
//	Start        it does not run                                     it runs, and its caches show what there is
//	Cut, Mend    a node is linked, or is not                         its kubelet and its proxy neither see nor are heard, or do and are
//	Stall        the store works                                     it accepts no write
//	Resume       it does not                                         it does
//	Lag          the API servers are up to date                      the one that those ask who start is behind, and they wait for it
//	CatchUp      one is behind                                       it is not
//	Heal         something is left that may happen                   no fault begins any more, and users rest
//
// Every fault is an action, and so is its end: of a loss that the request is sent again, and that what was late lands or is dropped; of
// a crash Start, of a cut Mend, of a stall Resume, of a lag CatchUp. An end need not come before the next fault begins, but must not be put off
// for ever; nor must Heal, after which none begins. So whatever holds eventually is said of the time when all faults are over. What else must
// not be put off for ever are Collect and, of each component for itself, seeing, working (with Look and Repeat), starting, and that its
// requests arrive.
//
// A component has one request under way at most, and decides nothing until it knows what became of it: it repeats what was not answered,
// and if that is refused reads the object.
//
// # What the composition adds
//
//   - Several write to one object: what one of them decided from is changed by another, before, while and after its request is on its way
//     ([AsSeen], [Lasting]).
//   - Names are used again, by the owner, by pods, by addresses. On the way from a pod to a rule it is named by UID, then by address; a proxy
//     knows addresses only. So rules may lead to a pod that never was ready (see [tempting]); that the slice has once named the address is all
//     that can be had ([Truthful], [Past]).
//   - What one needs another gives: a pod that is being deleted takes its room until its kubelet has stopped it and the API has heard of
//     that; the next of its name is safe because that comes last ([GoneRests], [OneOfName]).
//   - Two caches of one component may show times that never were one. An owner that is gone and whose controller does not know is given pods
//     as fast as the garbage collector takes them away, and nothing but seeing ends that.
//   - Reconciliation of the whole: from the owner and the service to the rules of every node, whatever has happened ([Replicated] to
//     the last of what holds eventually), and also from a world that nothing could have led to (TestRecovery).
//
// # Seeing
//
// A cache holds of a pod what its component decides from, and what it does not decide from changes unseen: TestSeen shows that this makes no
// difference to any decision. The precondition of a request is what was seen, not a version. A server that compares versions refuses more; its
// client then sees the new version and decides again, so that here the request just comes later. A change that is undone before it is seen
// would be refused by version and is not here, so the server of this model does more, and what is claimed holds all the same.
//
// # Symmetry
//
// There is none that is used. Names of pods are taken in order, so that a creation that was forgotten is repeated under its name, and not
// interchangeable. Nodes are, but fairness tells their components apart.
//
// # Not modelled
//
//   - how a kubelet brings up and tears down a pod: its calls, sandboxes, attempts and restarts are model/kubelet's. Here the containers of a
//     pod run or have exited, a kubelet sees its runtime at once, and what [orrery/model/kubelet.View.Decide] asks for one call after another
//     is done in one step; then it reports. So no crash comes between two calls, and a process that is told to stop has stopped. A crash
//     comes between what is done and the report of it;
//   - the flows of clients, writes to the kernel that fail, and the listing of services: model/proxy's. Here rules are replaced at once;
//   - services that come, go or change, and more slices than one: model/endpoints' and model/proxy's. Readiness that is probed: a pod is ready
//     if its containers run and the API shows it;
//   - nodes that come and go, and who evicts pods from those that are silent: model/node's. What that comes to here is a user who deletes a
//     pod on a node that is cut off;
//   - the garbage collector's view: model/garbage's. Here it knows the truth;
//   - an owner that is being deleted and stays, its status and observed generation, plans of several effects: model/replication's. Several
//     effects are several decisions here. Waking, and two binds at once: model/scheduler's;
//   - resource versions, and watches that break off or skip: model/api's. Lists are never from the past: who starts waits for a server that
//     is behind. That they must be so is shown by the mutant of that name;
//   - namespaces, accounts and tokens: nothing here depends on them;
//   - more than one request that is late, in the whole world: it has come to its end before the next one is given up;
//   - two of a kind at once (row 44): one that has crashed, and whose request lands late, is one.
//
// Sources: INVARIANTS.md, rows 9, 10, 14, 31, 37, 44, 46, 50, 51, 55, 57, 60, 61, 64, 65, 67, 77 to 79, 87, 88, 90, 92, 95 to 99, 102, 112,
// 113, 117 to 119, 121 and 123; Anvil's model of a cluster (proof/liveness/spec.rs, next_with_wf) for faults that are switched off and
// fairness; Sieve for lists from the past; upstream's v1.37.
package cluster
