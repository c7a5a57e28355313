// Package endpoints writes down which addresses stand behind a service: EndpointSlices, of at most 100 endpoints each.
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
// # Not done
//
// The Endpoints of old; topology zones and hints; annotations of the service are not copied, nor is the time of the last change told; a pod whose
// node is not known is not left out; changes are not gathered up for a while before they are written.
//
// Sources: pkg/controller/endpointslice and staging/src/k8s.io/endpointslice of v1.37; KEP-752 and KEP-1672.
package endpoints
