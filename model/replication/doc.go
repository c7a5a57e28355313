// Package replication is the specification of the controllers of ReplicationControllers and ReplicaSets: one owner that wants so many
// pods, and one controller that sees the past.
//
// There are three layers. [View.Refuses] says which plan is allowed in a view: it is all that a judge needs of a recorded decision.
// The machine, [New], puts a controller that decides so into a world: its cache is late, its requests and their answers are lost or land
// late, it crashes, and users and kubelets change the same objects. The properties say what must come of it.
//
//	action      enabled when                                            changes
//	Scale       a change is left                                        the owner's number
//	Leave       the owner is there                                      the owner is being deleted
//	Vanish      the owner is there                                      the owner is gone; its pods stay
//	Again       the owner is gone                                       an owner of the same name, with another UID
//	Appear      a name is free                                          a pod that nobody controls and that matches
//	Relabel     a pod is there                                          whether it matches
//	End         a pod runs                                              it has ended
//	Delete      a pod is there                                          it is being deleted, by a user
//	Remove      a pod is being deleted                                  it is gone, as its kubelet says
//	SeeOwner    the cache shows another owner than there is             the cache shows the owner
//	See         the cache shows another pod of that name than there is  the cache shows that pod
//	Look        the view has an orphan that matches                     a live read of the owner is known
//	Work        no request of the last plan is unanswered               a plan that the view does not refuse is sent
//	Arrive      a request is on its way                                 what it asks for, if its precondition holds; an answer is on its way
//	Answer      an answer is on its way                                 the controller knows
//	LoseAnswer  an answer is on its way                                 the outcome is unknown
//	GiveUp      a request is on its way                                 the outcome is unknown, and the request still is on its way
//	Land, Drop  a request is on its way that was given up               it arrives, or never will
//	Resolve     an outcome is unknown                                   a create: the name is read; any other: it is sent again
//	Crash       the controller is up                                    all that it knows is gone; what it sent is on its way
//	Start       it is down                                              its cache shows what there is
//	Heal        nobody has healed the world                             nothing is lost or crashes any more, and no user changes anything
//
// What must not be put off for ever are Remove, SeeOwner, See, Look, Work, Arrive, Answer, Resolve, Start, Heal, and that what was given
// up lands or is dropped.
//
// # Where it begins, and what is claimed then
//
// A world begins well, as its [Domain] says, or anyhow (row 123): with pods of the owner's, too many of them, of an owner that is gone, of
// nobody's, that match or do not, and perhaps with a deletion on its way that nobody remembers; see [anyhow]. From there, too, it comes to what
// is wanted, and stays so ([Stable], [Rests], row 119). Of all claims [NoExcess] alone is not made, as it is no decision that made so many pods.
//
// Answers that nobody can lose and late requests that would be refused are taken alone where nothing is claimed eventually; see local. That
// saves up to one state in two.
//
// # Not modelled
//
//   - several owners: they meet in one pod only, and then one of them is a user here;
//   - status: it is written from what the same view shows, and repaired like everything else;
//   - slow start, batches and backoff: they bound how fast, not what;
//   - the order of events of one watch: each object is seen by itself, and may be seen late; so the controller must not rely on an order,
//     as the contract of informers says (row 33);
//   - two controllers at once (row 44): a controller that crashed, and whose requests land late, is one.
//
// Sources: INVARIANTS.md, rows 33, 37, 55 to 67, 119, 123; Anvil's vreplicaset for eventually stable reconciliation; upstream's
// pkg/controller/replicaset and controller_ref_manager of v1.37.
package replication
