package refine

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/model/endpoints"
)

// What the labels of an EndpointSlice say.
const (
	ofService      = "kubernetes.io/service-name"
	managedBy      = "endpointslice.kubernetes.io/managed-by"
	slicesManager  = "endpointslice-controller.k8s.io"
	slicesResource = "endpointslices"
	// sliceRoom is how many endpoints a slice holds at most.
	sliceRoom = 100
)

// publishes judges the steps of the controller of EndpointSlices. Each family of addresses is a world of its own, in which the slices of the
// others are somebody else's. A service of which slices have different ports is not judged, as each set of ports would be one more.
func publishes(j *judge, s *step) opinion {
	namespace, name, ok := strings.Cut(s.Key, "/")
	if !ok {
		return opinion{}
	}
	p := &publishing{judge: j, step: s, service: history.ObjectName{Resource: "services", Namespace: namespace, Name: name},
		at: map[history.ObjectName]int{}, numbers: map[string]uint16{}}
	p.see()
	o := opinion{known: true}
	for family, plan := range p.plans() { // order does not matter: the least reason is told
		o.any = true
		if p.ports(family) > 1 {
			o.known = false
			continue
		}
		view := p.of(family)
		if why := p.named(view.Refuses(plan)); why != "" && (o.why == "" || why < o.why) {
			o.why, o.allowed = why, "write what its pods are into its own slices, each pod into one, and delete what then holds nothing"
		}
	}
	if !o.known {
		o.why = ""
	}
	return o
}

func servicesReads(j *judge, s *step) map[string][]*history.Version {
	namespace, name, _ := strings.Cut(s.Key, "/")
	return map[string][]*history.Version{
		"services": j.h.Log.Of(history.ObjectName{Resource: "services", Namespace: namespace, Name: name}),
		"pods":     j.h.Log.All("pods"), slicesResource: j.h.Log.All(slicesResource),
	}
}

// publishing is one step of the controller of EndpointSlices, or of that of Endpoints.
type publishing struct {
	*judge
	*step
	service history.ObjectName
	uid     string
	shown   *object.Object // the service

	view  endpoints.View
	names []history.ObjectName // of the view's slices
	held  []*object.Object     // what they are; nil: there is none
	at    map[history.ObjectName]int
	// numbers are those by which the model knows UIDs and addresses.
	numbers map[string]uint16
}

func (p *publishing) number(text string) uint16 {
	if text == "" {
		return 0
	}
	if p.numbers[text] == 0 {
		p.numbers[text] = uint16(len(p.numbers) + 1)
	}
	return p.numbers[text]
}

// see makes the view: what the store held at the caches' revisions, and the own writes over it.
func (p *publishing) see() {
	p.view.Room = sliceRoom
	p.seeService()
	if prefix, known := p.h.Log.Prefix(slicesResource, p.service.Namespace); known {
		for _, v := range p.h.Log.Live(prefix, p.View[slicesResource]) {
			p.put(v.Object, p.content(v), false)
		}
	}
	for name, o := range p.owned(p.step, slicesResource) { // order does not matter: each is laid over its own slice
		switch {
		case name.Namespace != p.service.Namespace:
		case o.version != nil:
			p.put(name, p.content(o.version), false)
		case o.gone:
			p.put(name, nil, false)
		default:
			p.put(name, p.sent(o.request), true)
		}
	}
}

func (p *publishing) seeService() {
	if p.shown = p.content(history.At(p.h.Log.Of(p.service), p.View["services"])); p.shown != nil {
		p.uid = p.shown.Metadata.UID
		p.view.Service = endpoints.Service{UID: p.number(p.uid), Selects: p.shown.Spec.Selector.Any() && p.shown.Spec.Type != "ExternalName",
			Publishes: p.shown.Spec.PublishNotReadyAddresses, Leaving: p.shown.Metadata.DeletionTimestamp != ""}
	}
}

// put lays what is known of a slice over what was.
func (p *publishing) put(name history.ObjectName, slice *object.Object, open bool) {
	i, there := p.at[name]
	if !there {
		i = len(p.names)
		p.at[name], p.names, p.held = i, append(p.names, name), append(p.held, nil)
		p.view.Slices = append(p.view.Slices, endpoints.Slice{})
	}
	was := p.view.Slices[i]
	p.view.Slices[i] = p.slice(slice)
	if open && slice == nil {
		p.view.Slices[i] = was // it is being deleted
	} else {
		p.held[i] = slice
	}
	p.view.Slices[i].Open = open && (was.Ours || p.view.Slices[i].Ours) // else it is another service's
}

func (p *publishing) slice(o *object.Object) endpoints.Slice {
	if o == nil {
		return endpoints.Slice{}
	}
	s := endpoints.Slice{There: true, Ours: o.Metadata.Labels[ofService] == p.service.Name && o.Metadata.Labels[managedBy] == slicesManager}
	if owner, ok := o.Controller(); ok {
		s.Owner = p.number(owner.UID)
	}
	for _, e := range o.Endpoints {
		if len(e.Addresses) > 0 {
			s.Endpoints = append(s.Endpoints, p.endpoint(e))
		}
	}
	return s
}

func (p *publishing) endpoint(e object.Endpoint) endpoints.Endpoint {
	ready, serving, terminating := e.Said()
	return endpoints.Endpoint{Address: p.number(e.Addresses[0]), Pod: p.number(e.TargetRef.UID), Ready: ready, Serving: serving, Terminating: terminating}
}

// sent is the slice that a request asks for; nil: it is no request to write one.
func (p *publishing) sent(op *history.Operation) *object.Object {
	slice := new(object.Object)
	if op == nil || json.Unmarshal(op.Call.Body, slice) != nil {
		return nil
	}
	return slice
}

// plans are what the step decided, by the family of addresses. What was held back, as the outcome of the last write was open, was not sent and is
// left out; so is what changes of a slice only what the model does not speak of.
func (p *publishing) plans() map[string][]endpoints.Effect {
	plans := map[string][]endpoints.Effect{}
	for _, e := range p.Plan {
		name, op := history.NameOf(e.Object), p.operations[e.Call]
		if e.Object.Resource != slicesResource || e.Verb == "get" || op == nil {
			continue
		}
		if _, there := p.at[name]; !there {
			p.put(name, nil, false)
		}
		i, sent := p.at[name], p.sent(op)
		effect := endpoints.Effect{Slice: i}
		switch family := ""; {
		case e.Verb == "delete":
			if effect.Verb = endpoints.Remove; p.held[i] != nil {
				family = p.held[i].AddressType
			}
			plans[family] = append(plans[family], effect)
		case sent != nil:
			if effect.Verb = endpoints.Create; e.Verb == "update" {
				effect.Verb = endpoints.Update
			}
			effect.Endpoints = p.slice(sent).Endpoints
			if old := p.held[i]; old != nil && slices.Equal(effect.Endpoints, p.view.Slices[i].Endpoints) &&
				!(reflect.DeepEqual(old.Endpoints, sent.Endpoints) && maps.Equal(old.Metadata.Labels, sent.Metadata.Labels)) {
				continue
			}
			plans[sent.AddressType] = append(plans[sent.AddressType], effect)
		}
	}
	return plans
}

// ports is how many sets of ports the service's slices of a family have that hold something, or are to.
func (p *publishing) ports(family string) int {
	sets := map[string]bool{}
	add := func(slice *object.Object) {
		// What a user has written into a slice is of no pod.
		if slice != nil && slice.AddressType == family && slices.ContainsFunc(slice.Endpoints, func(e object.Endpoint) bool { return e.TargetRef.UID != "" }) {
			sets[fmt.Sprint(slice.Ports)] = true
		}
	}
	for i, slice := range p.held {
		if p.view.Slices[i].Ours && p.view.Slices[i].Owner == p.view.Service.UID {
			add(slice)
		}
	}
	for _, e := range p.Plan {
		add(p.sent(p.operations[e.Call]))
	}
	return len(sets)
}

// of is the view of a family.
func (p *publishing) of(family string) endpoints.View {
	v := p.view
	v.Slices = slices.Clone(v.Slices)
	for i, slice := range p.held {
		if slice != nil && slice.AddressType != family {
			v.Slices[i] = endpoints.Slice{There: true, Open: v.Slices[i].Open}
		}
	}
	if prefix, known := p.h.Log.Prefix("pods", p.service.Namespace); known && p.shown != nil {
		for _, at := range p.h.Log.Live(prefix, p.View["pods"]) {
			if pod := p.content(at); pod != nil {
				v.Pods = append(v.Pods, p.pod(pod, family))
			}
		}
	}
	return v
}

// pod is a stored pod in the words of the model.
func (p *publishing) pod(o *object.Object, family string) endpoints.Pod {
	ready, _ := o.Condition("Ready")
	pod := endpoints.Pod{UID: p.number(o.Metadata.UID), Phase: endpoints.Alive, Ready: ready == "True", Leaving: o.Metadata.DeletionTimestamp != "",
		Matches: p.shown.Selects(o.Metadata.Labels)}
	if o.Terminal() {
		pod.Phase = endpoints.Ended
	}
	pod.Address = p.number(o.Address(family))
	return pod
}

// named puts the names of slices, pods and addresses in the place of their numbers.
func (p *publishing) named(why string) string {
	for i := len(p.names) - 1; i >= 0; i-- {
		why = strings.ReplaceAll(why, fmt.Sprintf("slice %d:", i), p.names[i].String()+":")
		why = strings.ReplaceAll(why, fmt.Sprintf("slice %d is", i), p.names[i].String()+" is")
	}
	for text, n := range p.numbers { // order does not matter: each has a number of its own
		why = strings.ReplaceAll(why, fmt.Sprintf("address %d ", n), "address "+text+" ")
		why = strings.ReplaceAll(why, fmt.Sprintf("pod %d ", n), "the pod with UID "+text+" ")
	}
	return why
}
