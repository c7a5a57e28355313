package refine

import (
	"encoding/json"
	"slices"
	"strconv"

	"orrery/checker/history"
	"orrery/model/kubelet"
)

// see makes the view; false: nobody can say what it was.
func (r *running) see() bool {
	known := true
	if r.shown, known = r.cached(); !known {
		return false
	}
	if r.shown != nil && r.shown.Spec.NodeName != r.node {
		r.shown = nil
	}
	var seen []string
	r.lives, seen = looked(r.Look)
	r.view.Listed = r.View["pods"] > 0 && r.View["runtime"] > 0
	r.view.Stale = r.Look.Stale || r.View["runtime"] <= r.called
	r.uids = []string{""}
	if r.shown != nil {
		r.uids[0] = r.shown.Metadata.UID
		r.describe(r.lives[r.uids[0]])
	}
	for _, uid := range seen {
		if uid != r.uids[0] {
			r.view.Strangers = append(r.view.Strangers, r.lives[uid].stranger(r.number(uid)))
		}
	}
	for i := range r.sidecars {
		r.sidecars[i].Strangers = r.view.Strangers
	}
	return true
}

// cached is the pod that the kubelet saw: what the store held at the cache's revision, or what its last write makes of it.
func (r *running) cached() (p *pod, known bool) {
	chain := r.h.Log.Of(r.name)
	v := history.At(chain, r.View["pods"])
	if o, ok := r.owned(r.step, r.name.Resource)[r.name]; ok {
		last := r.sent[writtenKey{r.line.Process, r.name}]
		op := r.operations[last.Call]
		switch {
		case o.version != nil:
			v = o.version
		case o.effect.Verb != "" && o.gone:
			v = nil // a read has told
		case op != nil && last.Verb == "delete":
			// It is shown until the cache shows that it is gone.
			revision, _ := strconv.ParseInt(last.ResourceVersion, 10, 64)
			v = history.At(chain, revision)
		case o.gone:
			v = nil
		case op == nil:
			return nil, false
		default:
			p = new(pod)
			return p, json.Unmarshal(op.Call.Body, p) == nil
		}
	}
	if v == nil {
		return nil, true
	}
	if p = r.pods[v]; p == nil {
		p = new(pod)
		if json.Unmarshal(v.JSON, p) != nil {
			return nil, false
		}
		p.Metadata.ResourceVersion = strconv.FormatInt(v.Revision, 10)
		r.pods[v] = p
	}
	return p, true
}

// describe puts the pod into the view, with what the runtime has of it.
func (r *running) describe(l *life) {
	if l == nil {
		l = &life{}
	}
	p, v := r.shown, &r.view
	v.UID, v.Policy, v.Phase, v.Leaving, v.Sandbox = 1, p.policy(), p.phase(), p.Metadata.DeletionTimestamp != "", l.sandbox
	v.Limited = p.Spec.ActiveDeadline != nil
	// A pod's definition may be changed, and then what runs is not what is wanted.
	changed := p.Metadata.Generation > 1
	for i, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
		init := i < len(p.Spec.InitContainers)
		one := kubelet.Container{Init: init, Record: l.records[c.Name]}
		s, _ := p.status(init, c.Name)
		one.Shown = s.shown()
		one.Unfit = changed || c.LivenessProbe != nil || c.StartupProbe != nil || c.Lifecycle.PostStart != nil || l.unknown[c.Name]
		if init && c.sidecar() {
			one.Init, one.Unfit = false, true // it is stopped when the others are over
			alone := *v
			alone.Policy, alone.Containers = kubelet.Always, []kubelet.Container{one}
			r.sidecars, r.sidecarNames = append(r.sidecars, alone), append(r.sidecarNames, c.Name)
			continue
		}
		v.Containers, r.names = append(v.Containers, one), append(r.names, c.Name)
	}
	v.Rejected = r.rejected(l)
}

// rejected: the node did not take the pod, by the kubelet's own word, and nothing of it had been begun.
func (r *running) rejected(l *life) bool {
	return len(l.names) == 0 && l.sandbox.Number == 0 && r.next != nil && r.next.Status.Reason != "" &&
		!slices.ContainsFunc(r.view.Containers, func(c kubelet.Container) bool { return c.Shown.Stage != kubelet.None })
}

// number is the model's number of a UID.
func (r *running) number(uid string) uint8 {
	i := slices.Index(r.uids, uid)
	if i < 0 {
		i = len(r.uids)
		r.uids = append(r.uids, uid)
	}
	return uint8(i + 1)
}
