//lint:file-ignore SA1019 Endpoints are deprecated, and there are clients that write them

package workload

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"orrery/impl/api"
)

// Publishers make services of the pods that owners have, and meddle with the slices that say where those are.
var Publishers = Kind{Name: "publishers", perMinute: 30, requests: []weighted{
	{6, createService},
	{2, deleteService},
	{2, selectOther},
	{1, publishAll},
	{2, holdService},
	{4, listSlices},
	{2, editSlice},
	{1, disownSlice},
	{1, eraseSlice},
	{1, foreignSlice},
	{8, askAddress},
	{2, exposeService},
	{1, editEndpoints},
	{1, disownEndpoints},
	{1, eraseEndpoints},
	{2, foreignEndpoints},
}}

var (
	services       = served("services")
	endpointSlices = served("endpointslices")
	endpoints      = served("endpoints")
)

// createService creates a service of an owner's name, which selects the owner's pods.
func createService(_ *Client, choose Choices) (api.Request, bool) {
	return CreateService(someService(choose)), true
}

func someService(choose Choices) string { return owners[choose.IntN(len(owners))].name }

// servedAt is the port at which the test server serves.
const servedAt = 8080

// CreateService is the request that creates a service of the pods that [CreateOwner]'s owner of that name makes.
func CreateService(name string) api.Request {
	return api.Request{Verb: api.Create, Resource: services, Namespace: Namespace, Name: name, Object: &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: Namespace},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": name},
			Ports:    []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(servedAt)}},
		},
	}}
}

// askAddress creates a service at one of few addresses, which another may have, and which it may keep while it is being deleted.
func askAddress(_ *Client, choose Choices) (api.Request, bool) {
	req := CreateService(someService(choose))
	svc := req.Object.(*corev1.Service)
	svc.Spec.ClusterIP = [...]string{"10.96.0.2", "10.96.0.3"}[choose.IntN(2)]
	if choose.IntN(2) == 0 {
		svc.Finalizers = []string{finalizer}
	}
	return req, true
}

// exposeService gives a service a port on every node, or takes it away.
func exposeService(_ *Client, choose Choices) (api.Request, bool) {
	return patchService(someService(choose), [...]string{`{"spec":{"type":"NodePort"}}`, `{"spec":{"type":"ClusterIP"}}`}[choose.IntN(2)]), true
}

func deleteService(_ *Client, choose Choices) (api.Request, bool) {
	return api.Request{Verb: api.Delete, Resource: services, Namespace: Namespace, Name: someService(choose)}, true
}

// selectOther has a service select by other labels, or by none, or by its own again.
func selectOther(_ *Client, choose Choices) (api.Request, bool) {
	name := someService(choose)
	return patchService(name, [...]string{`{"spec":{"selector":null}}`, `{"spec":{"selector":{"app":"once"}}}`,
		`{"spec":{"selector":{"app":"` + name + `"}}}`}[choose.IntN(3)]), true
}

func publishAll(_ *Client, choose Choices) (api.Request, bool) {
	return patchService(someService(choose), [...]string{`{"spec":{"publishNotReadyAddresses":true}}`, `{"spec":{"publishNotReadyAddresses":false}}`}[choose.IntN(2)]), true
}

// holdService gives a service a finalizer, so that it stays while it is being deleted, or takes it away.
func holdService(_ *Client, choose Choices) (api.Request, bool) {
	return patchService(someService(choose), [...]string{`{"metadata":{"finalizers":["` + finalizer + `"]}}`, `{"metadata":{"finalizers":null}}`}[choose.IntN(2)]), true
}

func patchService(name, patch string) api.Request {
	return api.Request{Verb: api.Patch, Resource: services, Namespace: Namespace, Name: name, PatchType: types.MergePatchType, Patch: []byte(patch)}
}

func listSlices(*Client, Choices) (api.Request, bool) {
	return api.Request{Verb: api.List, Resource: endpointSlices, Namespace: Namespace}, true
}

func (c *Client) someSlice(choose Choices) (string, bool) {
	if len(c.slices) == 0 {
		return "", false
	}
	return pick(choose, c.slices), true
}

func patchSlice(name, patch string) api.Request {
	return api.Request{Verb: api.Patch, Resource: endpointSlices, Namespace: Namespace, Name: name, PatchType: types.MergePatchType, Patch: []byte(patch)}
}

// editSlice writes into a slice what nobody wants.
func editSlice(c *Client, choose Choices) (api.Request, bool) {
	name, ok := c.someSlice(choose)
	return patchSlice(name, `{"endpoints":[{"addresses":["192.0.2.1"]}]}`), ok
}

// disownSlice changes who manages a slice.
func disownSlice(c *Client, choose Choices) (api.Request, bool) {
	name, ok := c.someSlice(choose)
	manager := [...]string{"somebody", "endpointslice-controller.k8s.io"}[choose.IntN(2)]
	return patchSlice(name, `{"metadata":{"labels":{"`+discoveryv1.LabelManagedBy+`":"`+manager+`"}}}`), ok
}

func eraseSlice(c *Client, choose Choices) (api.Request, bool) {
	name, ok := c.someSlice(choose)
	return api.Request{Verb: api.Delete, Resource: endpointSlices, Namespace: Namespace, Name: name}, ok
}

// foreignSlice creates a slice of a service that somebody else manages.
func foreignSlice(_ *Client, choose Choices) (api.Request, bool) {
	service := someService(choose)
	name := service + "-foreign"
	return api.Request{Verb: api.Create, Resource: endpointSlices, Namespace: Namespace, Name: name, Object: &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: Namespace,
			Labels: map[string]string{discoveryv1.LabelServiceName: service, discoveryv1.LabelManagedBy: "somebody"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"192.0.2.2"}}},
	}}, true
}

func patchEndpoints(name, patch string) (api.Request, bool) {
	return api.Request{Verb: api.Patch, Resource: endpoints, Namespace: Namespace, Name: name, PatchType: types.MergePatchType, Patch: []byte(patch)}, true
}

// editEndpoints writes into the Endpoints of old what nobody wants.
func editEndpoints(_ *Client, choose Choices) (api.Request, bool) {
	return patchEndpoints(someService(choose), `{"subsets":[{"addresses":[{"ip":"192.0.2.1"}],"ports":[{"port":80}]}]}`)
}

// disownEndpoints changes who is said to have made them.
func disownEndpoints(_ *Client, choose Choices) (api.Request, bool) {
	label := [...]string{`null`, `"endpoint-controller"`}[choose.IntN(2)]
	return patchEndpoints(someService(choose), `{"metadata":{"labels":{"endpoints.kubernetes.io/managed-by":`+label+`}}}`)
}

func eraseEndpoints(_ *Client, choose Choices) (api.Request, bool) {
	return api.Request{Verb: api.Delete, Resource: endpoints, Namespace: Namespace, Name: someService(choose)}, true
}

// foreignEndpoints makes Endpoints by hand, whether there is a service of the name or not.
func foreignEndpoints(_ *Client, choose Choices) (api.Request, bool) {
	name := someService(choose)
	return api.Request{Verb: api.Create, Resource: endpoints, Namespace: Namespace, Name: name, Object: &corev1.Endpoints{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: Namespace},
		Subsets:    []corev1.EndpointSubset{{Addresses: []corev1.EndpointAddress{{IP: "192.0.2.2"}}, Ports: []corev1.EndpointPort{{Port: 80}}}},
	}}, true
}
