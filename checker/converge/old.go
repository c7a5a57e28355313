package converge

import (
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// oldController is the component that writes the Endpoints of old: where it does not run, nobody does.
const oldController = "endpoints-controller"

// cut is the annotation of Endpoints in which there is no room for all.
const cut = "endpoints.kubernetes.io/over-capacity"

// old judges the Endpoints of every service: what is in them, and that it is as the pods are; and that none stay whose service is gone.
func (j *judge) old(live []*history.Version) {
	if !slices.ContainsFunc(j.h.Steps, func(l *trace.Line) bool { return l.Step.Component == oldController }) {
		return
	}
	at := map[history.ObjectName]*history.Version{}
	for _, v := range live {
		at[v.Object] = v
	}
	for _, v := range live {
		named := v.Object
		switch obj := j.read(v); {
		case obj == nil:
		case named.Resource == "endpoints":
			if named.Resource = "services"; obj.MadeByController() && obj.Metadata.DeletionTimestamp == "" && at[named] == nil {
				j.broken(Addressed, 97, v.Seq(), "%s is there, and its service is gone", v.Object)
			}
		case named.Resource == "services" && obj.Metadata.DeletionTimestamp == "" && obj.Spec.Selector.Any() && obj.Spec.Type != "ExternalName":
			named.Resource = "endpoints"
			j.addressed(v, obj, at[named], live)
		}
	}
}

// addressed judges the Endpoints of one service.
func (j *judge) addressed(v *history.Version, service *object.Object, at *history.Version, live []*history.Version) {
	e := j.read(at)
	if e == nil || !e.MadeByController() {
		j.broken(Addressed, 97, v.Seq(), "%s has no Endpoints that the controller has made", v.Object)
		return
	}
	type said struct {
		uid, ip string
		ready   bool
	}
	wanted := map[said]bool{} // false: it is not there
	var order []said
	for _, p := range live {
		pod := j.read(p)
		if p.Object.Resource != "pods" || p.Object.Namespace != v.Object.Namespace || pod == nil || !service.Selects(pod.Metadata.Labels) || pod.Terminal() {
			continue
		}
		publishes := service.Spec.PublishNotReadyAddresses
		status, _ := pod.Condition("Ready")
		if ip := pod.Address(service.Family()); ip != "" && (publishes || pod.Metadata.DeletionTimestamp == "") {
			w := said{p.UID, ip, publishes || status == "True"}
			wanted[w], order = false, append(order, w)
		}
	}
	for _, a := range e.Addressed() {
		is := said{a.TargetRef.UID, a.IP, a.Ready}
		if _, ok := wanted[is]; !ok {
			j.broken(Addressed, 97, at.Seq(), "%s has %s of pod %s (UID %s), ready %v, and no pod that the service selects is so", at.Object, a.IP, a.TargetRef.Name, a.TargetRef.UID, a.Ready)
		}
		wanted[is] = true
	}
	for _, w := range order {
		if !wanted[w] && !service.PortsDecide() && e.Metadata.Annotations[cut] == "" {
			j.broken(Addressed, 97, at.Seq(), "%s selects the pod with UID %s at %s, ready %v, and its Endpoints do not say so", v.Object, w.uid, w.ip, w.ready)
		}
	}
}
