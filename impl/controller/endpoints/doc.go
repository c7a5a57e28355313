// Package endpoints writes down which addresses stand behind a service: EndpointSlices, of at most 100 endpoints each, and the Endpoints of old.
//
// # EndpointSlices
//
// In every round the first of these that is called for is done, and the rest follows in the next round, as model/endpoints has it:
//
//	wait     nobody knows yet what became of a write to one of the service's slices
//	write    what is to be said of each endpoint stays in the slice that holds it, what is not wanted goes, what is missing goes where there is
//	         room, and else into new slices; a service without endpoints has one empty slice for each of its families
//	delete   slices of a service that had the same name, and those that hold nothing that is wanted, but for one (rows 100, 101)
//
// So an endpoint that is wanted is never withdrawn, not even for a moment. Endpoints are the pods that the selector selects, that have an address
// of the slice's family and have not ended (row 97); one that is being deleted stays, serving as long as it is ready (98, 99). Pods for which a
// named port means different numbers are in different slices. A service without a selector, or that is the name of something outside, is
// left alone, and so is every slice that another manages (100).
//
// Upstream: deletes without a precondition, and creates under names that the server chooses. Here every update and deletion requires the
// resourceVersion, deletions the UID too, and a name follows from the service's UID, so that a create of unknown outcome can be sent again.
//
// # Endpoints
//
// A service with a selector has one object Endpoints, of its own name, with its labels and that of the controller. The first of these that is called for:
//
//	wait     nobody knows yet what became of the last write to the Endpoints
//	delete   the service is gone, and the Endpoints have the controller's label: exactly what was seen is deleted
//	create   there are none
//	update   they do not say what is wanted; what somebody else has made under the service's name is taken over
//
// The pods are those that have an address of the service's first family and have not ended; one that is being deleted is among them only if the service
// publishes what is not ready, and then all are ready. A subset has the ports that the same pods have, equally ready, in an order that follows from what
// is in it. There are at most 1,000 addresses, those that are ready first; where some are left out an annotation says so.
//
// Endpoints have no owner, so that the garbage collector leaves them to this controller. It knows what is its own by the label
// endpoints.kubernetes.io/managed-by: where there is no service all else is left alone (row 100). Where the service has no selector everything is, also the
// Endpoints of the service kubernetes, which API servers keep.
//
// Upstream: deletes without a precondition, so that it may hit what was made for a service that has the name by then; and deletes, with a service that it
// sees go, also Endpoints that somebody else has made, and when it starts all that have no service, which hits those that are there before their service
// is, or before it is seen (BUGS.md, P10).
//
// # Not done
//
// Topology zones and hints; annotations of the service are not copied to slices, nor is the time of the last change told (upstream's
// endpoints.kubernetes.io/last-change-trigger-time): it would have to be remembered of each pod when it last changed, and a view does not tell. A pod whose
// node is not known is not left out; changes are not gathered up for a while before they are written. No Endpoints are mirrored to slices: those of
// services with a selector need none, as their slices come from the pods, and of a service without a selector the user makes slices.
//
// Sources: pkg/controller/endpointslice, staging/src/k8s.io/endpointslice, pkg/controller/endpoint and pkg/api/v1/endpoints of v1.37; KEP-752, KEP-1672
// and KEP-4974.
package endpoints
