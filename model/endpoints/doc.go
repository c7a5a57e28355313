// Package endpoints is the specification of the controller of EndpointSlices: one service, the pods that it selects, and one controller
// that sees the past.
//
// There are three layers. [View.Wanted] is what the slices of a service are to hold, as a function of the service and its pods, and
// [View.Refuses] says which plan is allowed in a view: they are all that a judge needs of a recorded decision. The machine, [New], puts a
// controller that decides so into a world: its cache is late, its requests and their answers are lost or land late, it crashes, services
// are deleted and created again, pods come and go and take over addresses, and users write into slices. The properties say what must come
// of it.
//
//	action            enabled when                                              changes
//	Select            the service is there                                      whether it has a selector
//	Publish           the service is there                                      whether it publishes what is not ready
//	Leave             the service is there                                      it is being deleted
//	Vanish            the service is there                                      it is gone; its slices stay
//	Again             the service is gone                                       a service of the same name, with another UID
//	Appear            the name of a pod is free                                 a pod that matches and has no address
//	Begin             a pod has no address                                      it has the lowest that no living pod has, and is ready
//	Ready, Relabel    a pod lives                                               whether it is ready, whether it matches
//	End               a pod lives                                               it has failed or succeeded; its address is free
//	Delete            a pod lives                                               it is being deleted
//	RemovePod         a pod is being deleted or has ended                       it is gone
//	Edit, Erase       a slice is ours                                           it holds nonsense, or is gone
//	Disown            a slice is there                                          whether it is ours
//	Foreign           the name of a slice is free                               a slice that somebody else manages
//	Collect           the service that a slice belongs to is gone               the slice is gone
//	SeeService        the cache shows another service than there is             the cache shows the service
//	SeePod, See       the cache shows another pod, or slice, than there is      the cache shows it
//	Work              no request is open, and there is something to do          a plan that the view does not refuse is sent
//	Arrive            a request is on its way                                   what it asks for, if its precondition holds; an answer is on its way
//	Answer            an answer is on its way                                   the controller knows
//	LoseAnswer        an answer is on its way                                   the outcome is unknown
//	GiveUp            a request is on its way                                   the outcome is unknown, and the request still is on its way
//	Land, Drop        a request is on its way that was given up                 it arrives, or never will
//	Resolve           an outcome is unknown                                     a create: the name is read; any other: it is sent again
//	Crash             the controller is up                                      all that it knows is gone; what it sent is on its way
//	Start             it is down                                                its cache shows what there is
//	Heal              nobody has healed the world                               nothing is lost or crashes any more, and nobody changes anything
//
// What must not be put off for ever are Collect, the three kinds of seeing, each for itself, Work, Arrive, Answer, Resolve, Start, Heal,
// and that what was given up lands or is dropped.
//
// # How it decides
//
// In one round the first of these that is called for:
//
//	write    each endpoint that is wanted stays in the slice that holds it, with what is to be said of it now; what is not wanted goes; what
//	         is missing goes where there is room, and else into new slices; a service without endpoints has one empty slice
//	delete   if nothing is to be written and all answers were heard: slices of a service that had the same name, and empty ones but for one
//
// So an endpoint that is wanted is never withdrawn, not even for a moment ([Kept]). Upstream: one round does both, creations first; where
// one of them fails the deletions are carried out all the same (endpointslice/reconciler.go, finalize).
//
// Only a slice with this controller's labels and this service's UID as owner is updated. One with the labels and another owner is a
// leftover, and deleted. One that others manage is left alone, whatever it holds; so is everything if the service has no selector, also the
// slices from when it had one: their addresses go stale, and that is upstream's contract (row 100).
//
// Upstream: deletes without a precondition, and tells what it has written from what the cache shows by a tracker of generations
// (util/endpointslice_tracker.go). Here every update and deletion requires the resourceVersion, and the name of what is created is the first
// free one, so that a create of unknown outcome can be sent again. So an endpoint is in two slices only if somebody else or a late request
// puts it there ([Single], stricter than row 101).
//
// # Where it begins, and what is claimed then
//
// A world begins well, as its [Domain] says, or anyhow (row 123): with slices of a service that is gone, slices that name pods that are not there,
// say the same twice, have a stale readiness or hold more than they have room for; see [anyhow]. From there, too, the slices come to hold what is
// wanted, and stay so ([Stable], [Quiet], row 119). Of all claims [Single] and [Kept] are not made, as neither what is there twice nor what is there
// by chance is the controller's doing.
//
// Answers that nobody can lose and late requests that would be refused are taken alone where nothing is claimed eventually; see local. That
// saves up to two states in five.
//
// # Not modelled
//
//   - several sets of ports and families of addresses: each pair has slices of its own, and is a world like this one;
//   - topology hints and zones: they are written like conditions, and lead to no other decision;
//   - pods on nodes that are not known: upstream leaves them out and tries again;
//   - the Endpoints of old in the machine: [View.OldWanted] and [View.OldRefuses] say what they are to hold and which write is allowed in the same view.
//     As they are one object, made, updated and deleted with its version as precondition, nothing can go wrong between two of them, and what can with
//     one the machine shows of slices. Which ports they have is not said;
//   - slices with finalizers;
//   - batches and backoff: they bound how fast, not what;
//   - a list that is older than what an earlier process of the controller has seen (row 39): it would show a service that is gone, and all
//     slices of the present one as leftovers.
//
// Sources: INVARIANTS.md, rows 33, 37, 40, 97 to 102, 119, 123; BUGS.md, P01 to P10; upstream's pkg/controller/endpointslice and
// staging/src/k8s.io/endpointslice of v1.37; KEP-1672 for terminating endpoints.
package endpoints
