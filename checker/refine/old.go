package refine

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/model/endpoints"
)

// oldController is the component that writes the Endpoints of old, and oldResource what it writes.
const oldController, oldResource = "endpoints-controller", "endpoints"

// publishesOld judges the steps of the controller of Endpoints. What is written is not judged where it depends on the ports of pods which of them are
// wanted: where a port of the service is the name of one, or where it has none.
func publishesOld(j *judge, s *step) opinion {
	namespace, name, ok := strings.Cut(s.Key, "/")
	if !ok {
		return opinion{}
	}
	p := &publishing{judge: j, step: s, service: history.ObjectName{Resource: "services", Namespace: namespace, Name: name}, numbers: map[string]uint16{}}
	p.seeService()
	have, open := p.old()
	at := endpoints.Old{Open: open}
	if have != nil {
		at.There, at.Ours, at.Addresses = true, have.MadeByController(), p.oldAddresses(have)
	}
	family := ""
	if p.shown != nil {
		family = p.shown.Family()
	}
	o := opinion{known: true}
	for _, e := range p.Plan {
		op := p.operations[e.Call]
		if e.Object.Resource != oldResource || e.Verb == "get" || op == nil {
			continue
		}
		verb, addresses := endpoints.Remove, []endpoints.OldAddress(nil)
		if e.Verb != "delete" {
			sent := p.sent(op)
			if sent == nil {
				continue
			}
			verb, addresses = endpoints.Create, p.oldAddresses(sent)
			if e.Verb == "update" {
				verb = endpoints.Update
			}
			if have != nil && slices.Equal(addresses, at.Addresses) && !sameOld(have, sent) {
				continue // it changes only what the model does not speak of
			}
			o.known = o.known && !(p.view.Service.Selects && p.shown.PortsDecide())
		}
		o.any = true
		if why := p.named(p.of(family).OldRefuses(at, verb, addresses)); o.known && o.why == "" && why != "" {
			o.why, o.allowed = why, "write all that its pods are into the Endpoints of its name, and delete those that it has made when the service is gone"
		}
	}
	return o
}

func oldReads(j *judge, s *step) map[string][]*history.Version {
	namespace, name, _ := strings.Cut(s.Key, "/")
	return map[string][]*history.Version{
		"services":  j.h.Log.Of(history.ObjectName{Resource: "services", Namespace: namespace, Name: name}),
		oldResource: j.h.Log.Of(history.ObjectName{Resource: oldResource, Namespace: namespace, Name: name}), "pods": j.h.Log.All("pods"),
	}
}

// old are the Endpoints that the view shows, the own writes over them; nil: there are none. open: the outcome of the last write is.
func (p *publishing) old() (have *object.Object, open bool) {
	name := history.ObjectName{Resource: oldResource, Namespace: p.service.Namespace, Name: p.service.Name}
	have = p.content(history.At(p.h.Log.Of(name), p.View[oldResource]))
	switch o, written := p.owned(p.step, oldResource)[name]; {
	case !written:
	case o.version != nil:
		have = p.content(o.version)
	case o.gone:
		have = nil
	default:
		open = true
	}
	return have, open
}

// oldAddresses are those of Endpoints in the words of the model, in a fixed order, each once, whatever ports it has.
func (p *publishing) oldAddresses(o *object.Object) (all []endpoints.OldAddress) {
	for _, a := range o.Addressed() {
		all = append(all, endpoints.OldAddress{Address: p.number(a.IP), Pod: p.number(a.TargetRef.UID), Ready: a.Ready})
	}
	slices.SortFunc(all, func(a, b endpoints.OldAddress) int {
		switch {
		case a.Ready && !b.Ready:
			return -1
		case b.Ready && !a.Ready:
			return 1
		}
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Pod, b.Pod))
	})
	return slices.Compact(all)
}

// sameOld: nothing changes.
func sameOld(have, sent *object.Object) bool {
	return reflect.DeepEqual(have.Subsets, sent.Subsets) && maps.Equal(have.Metadata.Labels, sent.Metadata.Labels) &&
		maps.Equal(have.Metadata.Annotations, sent.Metadata.Annotations)
}
