// Package garbage is the specification of the garbage collector: a few objects that own each other, and one collector that deletes what
// has no owner left, and lets owners go that are deleted with a wish for their dependents.
//
// There are three layers. [View.Refuses] says which plan is allowed in a view: it is all that a judge needs of a recorded decision.
// The machine, [New], puts a collector that decides so into a world: its cache is late, its requests are lost or land late, it crashes, and
// users change, delete and create the same objects. The properties say what must come of it.
//
//	action      enabled when                                            changes
//	Create      a name is free                                          an object, with an owner or without; the owner may be gone by now
//	Own         an object has no reference to an owner                  it has one, which blocks the owner's deletion or does not
//	Disown      an object has a reference to an owner                   it has not
//	Delete      an object is there                                      it is gone, or being deleted: in the background, in the foreground, orphaning;
//	            or it is being deleted, and the wish is another         the wish is taken away
//	Hold        an object is not being deleted                          another finalizer keeps it
//	LetGo       an object that is held is being deleted                 the other finalizer is gone
//	See         the cache shows another object of a name than there is  the cache shows that object; all suspects are in the queue
//	Begin       the collector is idle, and the object is in the queue   it is read live
//	Look        something else is to be read for the decision           it is read live; if there turns out to be nothing to do, the collector is idle
//	Work        all that is needed was read                             the plan's requests are on their way; the collector is idle
//	Arrive      a request is on its way                                 what it asks for, if its preconditions hold; the suspects are in the queue
//	GiveUp      a request is on its way                                 it is late; the suspects are in the queue
//	Land, Drop  a request is late                                       it arrives, or never will
//	Crash       the collector is up                                     all that it knows is gone; what it sent is late
//	Start       it is down                                              its cache shows what there is; all suspects are in the queue
//	Heal        nobody has healed the world                             nothing is lost or crashes any more, and no user changes anything
//
// What must not be put off for ever are LetGo, See, what the collector does, Arrive, Start, Heal, and that what was given up lands or is
// dropped.
//
// # What is decided
//
// An object is a suspect if there would be something to do about it if the cache were true. A suspect is read live, then its owners, and if
// it has a wish for its dependents, everything else. What is then decided carries the UID and the version that were read. So three kinds
// of knowledge are enough. That an owner of some UID is gone stays true, as no UID is given twice. That an object refers to those owners, or
// has that wish, is the version's to say, when the request arrives. And that nothing refers to an owner that is being deleted stays true,
// but for who makes a reference to it after its deletion began, which row 60 forbids and nobody enforces: see [Link]. The object itself might as
// well be taken from the cache, as its version is a precondition; to read it saves requests that would be refused.
//
// Upstream: pkg/controller/garbagecollector orphans, finalizes and breaks circles by its graph, that is, by its cache. There a dependent
// that the graph does not show yet is not orphaned but collected, and an owner in the foreground does not wait for it (rows 110, 111).
// A circle is broken there before its member is deleted, if one of its dependents waits: where users have deleted all members
// in the foreground, all wait for ever. Here a circle is broken if all of its members wait, and never what merely is between two that do.
//
// # Where it begins, and what is claimed then
//
// A world begins well, as its [Domain] says, or anyhow (row 123): with objects that own themselves and each other, that have owners that are gone, and
// that are being deleted with every wish at once; see [anyhow]. Everything is claimed there as well. From there, too, nothing comes to dangle, what is
// being deleted comes to be gone, and the collector to rest ([Collected], [Vanishes], [Rests], row 119).
//
// Late requests that would be refused are taken alone where nothing is claimed eventually; see local. That saves up to one state in six.
//
// # Not modelled
//
//   - answers: nothing is decided from them, as every decision reads first; a request of unknown outcome is resolved so, too;
//   - two attempts at once: an attempt reads and then sends, and what it sends may arrive after later attempts; so it could have read before them;
//   - several references to one owner's name: each is judged by its UID alone;
//   - namespaces and kinds of owners: to a judge, what nobody can look for stays; what is in another namespace than its name says is gone;
//   - a wish that stands among the finalizers of an object that is not being deleted: with it the object is collected;
//   - grace: a pod that is being deleted is an object that is held;
//   - the order of events of one watch, or of several kinds: each object is seen by itself, and may be seen late (row 33).
//
// Sources: INVARIANTS.md, rows 16, 17, 33, 37, 40 to 43, 60, 109 to 112, 119, 123; BUGS.md, G05 to G11; upstream's
// pkg/controller/garbagecollector of v1.37; Anvil's garbage collector for the deletion with a UID.
package garbage
