package actions

import (
	"maps"
	"reflect"
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
	"orrery/model/endpoints"
)

var endpointsTable = table{
	model: "endpoints",
	rows: []row{
		{endpoints.Select, "Select", "a service has another selector, or none", changes(theServices, change.stays, change.reselected)},
		{endpoints.Publish, "Publish", "a service comes to publish what is not ready, or no longer does", changes(theServices, change.stays, func(c change) bool {
			return c.was.Spec.PublishNotReadyAddresses != c.is.Spec.PublishNotReadyAddresses
		})},
		{endpoints.Leave, "Leave", "a service is being deleted, and is still there", changes(theServices, change.leaves)},
		{endpoints.Vanish, "Vanish", "a service is gone", changes(theServices, change.goes)},
		{endpoints.Again, "Again", "there is a service of a name that another had", changes(theServices, change.returns)},
		{endpoints.Appear, "Appear", "a pod is made that a service selects", changes("pods", change.appears, func(c change) bool { return c.served(c.is) })},
		{endpoints.Begin, "Begin", "such a pod gets an address", changes("pods", change.stays, func(c change) bool {
			return c.served(c.is) && len(c.was.Status.PodIPs) == 0 && len(c.is.Status.PodIPs) > 0
		})},
		{endpoints.Ready, "Ready", "such a pod that has an address becomes ready, or no longer is", changes("pods", change.stays, func(c change) bool {
			return c.served(c.is) && len(c.was.Status.PodIPs) > 0 && isReady(c.was) != isReady(c.is)
		})},
		{endpoints.Relabel, "Relabel", "a pod's labels change so that a service selects it, or no longer does", changes("pods", change.stays, func(c change) bool {
			return c.served(c.was) != c.served(c.is)
		})},
		{endpoints.End, "End", "such a pod has ended", changes("pods", change.ends, func(c change) bool { return c.served(c.is) })},
		{endpoints.Delete, "Delete", "such a pod is being deleted", changes("pods", change.leaves, func(c change) bool { return c.served(c.is) })},
		{endpoints.RemovePod, "RemovePod", "such a pod is gone", changes("pods", change.goes, func(c change) bool { return c.served(c.was) })},
		{endpoints.Edit, "Edit", "somebody else changes what one of the controller's slices holds", changes(theSlices, change.stays, change.byUser, change.ofController, func(c change) bool {
			return !reflect.DeepEqual(c.was.Endpoints, c.is.Endpoints)
		})},
		{endpoints.Disown, "Disown", "somebody changes who manages a slice", changes(theSlices, change.stays, func(c change) bool { return managed(c.was) != managed(c.is) })},
		{endpoints.Erase, "Erase", "somebody else deletes one of the controller's slices", changes(theSlices, change.goes, change.byUser, change.ofController)},
		{endpoints.Foreign, "Foreign", "there is a slice that somebody else manages", changes(theSlices, change.appears, func(c change) bool { return !managed(c.is) })},
		{endpoints.Collect, "Collect", "one of the controller's slices is gone after its service was", changes(theSlices, change.goes, change.ofController, change.collected)},
		{endpoints.SeeService, "SeeService", "the controller's watch tells of a service", seen(theServices, ofSlices)},
		{endpoints.SeePod, "SeePod", "the controller's watch tells of a pod", seen("pods", ofSlices)},
		{endpoints.See, "See", "the controller's watch tells of a slice", seen(theSlices, ofSlices)},
		{endpoints.Work, "Work", "the controller's step for a service sends requests to create, delete or update slices", planned(isSliceWrite, ofSlices)},
		{endpoints.Arrive, "Arrive", "such a request, which is answered, changes a slice", bySlices.arrived},
		{endpoints.Answer, "Answer", "such a request is answered", bySlices.heard},
		{endpoints.LoseAnswer, "LoseAnswer", "it is given up, and had changed the slice", bySlices.unheard},
		{endpoints.GiveUp, "GiveUp", "it is given up, and changes the slice later", bySlices.open},
		{endpoints.Land, "Land", "a slice is changed as only such requests can have that were given up, or whose issuer had crashed", bySlices.landed},
		{endpoints.Drop, "Drop", "such a request changes nothing", bySlices.dropped},
		{endpoints.Resolve, "Resolve", "the controller's step without a key: it reads, or sends again", resolving(theSlices, "", ofSlices)},
		{endpoints.Crash, "Crash", "the controller's process exits", lives(running(ofSlices), "exit")},
		{endpoints.Start, "Start", "the controller's process starts", lives(running(ofSlices), "start")},
		{endpoints.Heal, "Heal", "the phase heal begins", healed},
	},
	exceptions: []exception{
		{"Leave", Rare, "a user must put a finalizer on a service, and then delete it"},
		{"Edit", Rare, "a user must change one of the few slices (fuzz/workload, Publishers)"},
		{"Publish", Rare, "a user must want the addresses that are not ready of one of the few services, or no longer (fuzz/workload, Publishers)"},
		{"Erase", Story, "a user must delete one of the few slices (fuzz/workload, Publishers)"},
		{"Disown", Rare, "a user must take over one of the few slices (fuzz/workload, Publishers)"},
		{"LoseAnswer", Rare, fewRequests},
		{"GiveUp", Rare, fewRequests},
		{"Land", Rare, fewRequests},
		{"Drop", Story, fewRequests},
		{"Resolve", Rare, fewRequests},
	},
}

// ofSlices is the component that the model is of.
const (
	ofSlices    = "endpoint-slice-controller"
	theServices = "services"
	theSlices   = "endpointslices"
)

// bySlices are its requests that change slices.
var bySlices requests = func(r *run, op *history.Operation) bool {
	return op.Writes() && op.Resource == theSlices && r.runs(op.Process, ofSlices)
}

func isSliceWrite(e trace.Effect) bool { return e.Verb != "get" && e.Object.Resource == theSlices }

func isReady(pod *object.Object) bool {
	status, _ := pod.Condition("Ready")
	return status == "True"
}

// reselected: the service selects by other labels.
func (c change) reselected() bool {
	return !maps.Equal(c.was.Spec.Selector.Labels, c.is.Spec.Selector.Labels)
}

// served: a service of the pod's namespace selected it when it was changed.
func (c change) served(pod *object.Object) bool {
	prefix, known := c.run.Log.Prefix(theServices, c.Object.Namespace)
	return known && slices.ContainsFunc(c.run.Log.Live(prefix, c.Revision), func(v *history.Version) bool {
		service := content(v)
		return service != nil && service.Selects(pod.Metadata.Labels)
	})
}

// managed: the slice's labels say that it is this controller's.
func managed(slice *object.Object) bool {
	return slice.Metadata.Labels["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io"
}

func (c change) ofController() bool { return managed(c.was) }

// collected: the service to which the slice belonged was gone, and it was neither its controller nor a user that deleted it.
func (c change) collected() bool {
	ref, owned := c.was.Controller()
	service := history.At(c.run.Log.Of(history.ObjectName{Resource: theServices, Namespace: c.Object.Namespace, Name: ref.Name}), c.Revision)
	return owned && (service == nil || service.UID != ref.UID) && !c.byUser() && !c.run.runs(c.by(), ofSlices)
}
