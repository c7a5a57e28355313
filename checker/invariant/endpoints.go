package invariant

import (
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
)

// oldController is the component that writes the Endpoints of old.
const oldController = "endpoints-controller"

// endpoints judges rows 97 to 100 of the Endpoints of old: what their controller wrote, by all that it can have seen, and what it deleted.
func (j *judge) endpoints() {
	operations := j.operations()
	for _, l := range j.h.Steps {
		if l.Step.Component != oldController {
			continue
		}
		for _, e := range l.Step.Plan {
			op := operations[e.Call]
			if e.Object.Resource != "endpoints" || e.Verb == "get" || op == nil || !op.OK() || op.Return.Object == nil {
				continue
			}
			v := j.h.Log.Entry(op.Return.Object.Revision)
			switch {
			case v == nil || v.Object != op.Object():
			case !v.Deleted:
				j.published(v, op.ReturnLine)
			default:
				if was := j.object(before(v)); was != nil && !was.MadeByController() {
					j.broken(LeavesOthers, op.ReturnLine, "%s was deleted, at revision %d, and its label does not say that the controller has made it", v.Object, v.Revision)
				}
			}
		}
	}
}

// published judges a version of Endpoints that the controller wrote.
func (j *judge) published(v *history.Version, line int64) {
	e := j.object(v)
	if e == nil {
		return
	}
	named := v.Object
	named.Resource = "services"
	services := j.selecting(named, v.Revision)
	if len(services) == 0 {
		j.broken(LeavesOthers, line, "%s was written, at revision %d, and no service of the name had had a selector", v.Object, v.Revision)
		return
	}
	for _, a := range e.Addressed() {
		pods := j.h.Log.Of(history.ObjectName{Resource: "pods", Namespace: v.Object.Namespace, Name: a.TargetRef.Name})
		if !slices.ContainsFunc(pods, func(p *history.Version) bool {
			return !p.Deleted && p.Revision < v.Revision && p.UID == a.TargetRef.UID && behind(j.object(p), services, a)
		}) {
			j.broken(PublishesAsIs, line, "%s was written, at revision %d, with %s of pod %s (UID %s), ready %v, which no version of that pod before was", v.Object, v.Revision, a.IP,
				a.TargetRef.Name, a.TargetRef.UID, a.Ready)
		}
	}
}

// selecting are the versions of a service, before a revision, that had a selector.
func (j *judge) selecting(name history.ObjectName, revision int64) (services []*object.Object) {
	for _, v := range j.h.Log.Of(name) {
		if v.Revision >= revision || v.Deleted {
			continue
		}
		if s := j.object(v); s != nil && s.Spec.Selector.Any() && s.Spec.Type != "ExternalName" {
			services = append(services, s)
		}
	}
	return services
}

// behind: one of the services stands for the pod as the address says.
func behind(pod *object.Object, services []*object.Object, a object.SubsetAddress) bool {
	if pod == nil || pod.Terminal() {
		return false
	}
	status, _ := pod.Condition("Ready")
	leaves := pod.Metadata.DeletionTimestamp != ""
	return slices.ContainsFunc(services, func(s *object.Object) bool {
		publishes := s.Spec.PublishNotReadyAddresses
		return s.Selects(pod.Metadata.Labels) && pod.Address(s.Family()) == a.IP && (publishes || !leaves) && a.Ready == (publishes || status == "True")
	})
}
