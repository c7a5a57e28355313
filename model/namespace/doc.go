// Package namespace is the specification of the namespace controller, and of the admission that it relies on: one name of a namespace, two
// API servers that create objects in it and see it late, and one controller that empties it when it is deleted.
//
// There are three layers. [View.Refuses] says which plan is allowed in a view, and [Namespace.Admits] whether a server that knows the
// namespace so may create an object in it: they are all that a judge needs of a recorded decision. The machine, [New], puts such servers and
// such a controller into a world: their caches are late, requests are lost or land late, the controller crashes, and users create and delete the
// namespace. The properties say what must come of it.
//
//	action      enabled when                                          changes
//	Open        the namespace is not there                            it is Active, with another UID
//	Close       it is Active                                          it is being deleted: Terminating
//	Touch       it is there                                           its version
//	Hold        it is Active                                          a foreign finalizer keeps it
//	Release     a foreign finalizer keeps it                          none does; it is gone if it is being deleted and finalized
//	LetGo       a slow object is being deleted                        it is gone
//	Ask         a server is idle                                      it works on the creation of an object
//	ServerSees  a server's cache shows another namespace than is      it shows what is
//	Admit       a creation was received                               it is on its way, guarded by the cached version; or doubted
//	Consult     it is doubted                                         it is on its way, guarded by the version read; or refused
//	Commit      it is on its way to the store                         the object is there, if the guard holds and its name is free; if the guard
//	                                                                  does not, the store tells the namespace, as for Consult
//	Lose        a creation is worked on                               nobody waits for it any more; if it is on its way, it still is
//	Wash, Sink  a creation that nobody waits for is on its way        it arrives, or never will
//	See         the cache shows another namespace than there is       the cache shows what is there
//	Begin       the cache shows that it is being deleted, and not     the controller is busy with that namespace
//	            finalized; the controller is idle, and no request
//	            of it is unanswered
//	Look        it is busy, and has not listed all                    one more name is read live; it is idle if what is left is going already
//	Confirm     it has found what is to be deleted                    the namespace is read live; if it is another, the controller is idle
//	Work        all that is needed was read                           the plan's requests are on their way; the controller is idle
//	Arrive      a request is on its way                               what it asks for, if its preconditions hold
//	GiveUp      a request is on its way                               it is late
//	Land, Drop  a request is late                                     it arrives, or never will
//	Crash       the controller is up                                  all that it knows is gone; what it sent is late
//	Start       it is down                                            its cache shows what there is
//	Heal        nobody has healed the world                           nothing is lost or crashes any more, and no user does anything
//
// What must not be put off for ever are LetGo, ServerSees, See, what servers and the controller do, Commit, Arrive, Start, Heal, and that
// what was given up arrives or is lost.
//
// # What it rests on
//
// The guard: an object is written in one transaction with the condition that the namespace's version is the one that was admitted. So nothing
// comes into a namespace once it is being deleted, one list that shows nothing is enough to finalize it, and what any cache shows is a
// suggestion only. What a cache would refuse is read live first, so that a server that is late refuses nobody wrongly.
//
// Upstream (plugin/pkg/admission/namespace/lifecycle) believes its cache, and writes without a guard: row 28 is not promised
// there, and an object can be left in a namespace that is gone (k/k#37431, k/k#131421). Upstream
// (pkg/controller/namespace/deletion) deletes collections, by the namespace's name alone. A controller that has read a namespace that was
// being deleted, and is slow, or whose request is, then deletes from another one that has been created under the name since. Here each object is
// deleted by its UID, and only after the namespace was read live once more.
//
// # Where it begins, and what is claimed then
//
// A world begins well, as its [Domain] says, or anyhow (row 123): with objects that outlived their namespace, in the one that has its name now or in
// none; with servers whose caches show a namespace that is gone, and creations guarded by what they show; see [anyhow], also for the states from
// which nobody recovers. From all others, too, what is being deleted comes to be gone, but for what is stuck, and nothing more is written
// ([Vanishes], [Rests], row 119). Of all claims [HasNamespace] alone is not made.
//
// Nothing is local. That the controller decides could be taken alone, as what it has read is its own; but then one that had two decisions to choose
// from would be seen to make one only. All else that it does reads what servers and users write. A late request that would be refused could be taken
// alone, too, and is one state in five hundred.
//
// # Not modelled
//
//   - the order of kinds: pods go first, so that one that is stuck holds up all else as well (KEP-5080); and the time that upstream's estimates
//     wait: an attempt that finds something left is followed by another one;
//   - conditions in the status: Touch stands for whoever writes them;
//   - users who finalize by force: they take rows 29 and 107 upon themselves;
//   - users who delete or change objects in the namespace: it is no worse than what the controller and those who let go do;
//   - a bound on how often one creation is tried again: a server that gives up tells so, and nothing was written;
//   - objects without a namespace; several namespaces, which have nothing to do with each other.
//
// Sources: INVARIANTS.md, rows 16, 17, 28, 29, 37, 40, 73, 107, 108, 119, 123; BUGS.md, G01 to G04; impl/apiserver/request/admit.go for the guard;
// upstream's pkg/controller/namespace and plugin/pkg/admission/namespace/lifecycle of v1.37.
package namespace
