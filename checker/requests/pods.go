package requests

import (
	"math"
	"net/netip"
	"slices"
	"time"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// drift is how much too early the time of an exit may be: it is told by the wall clock.
const drift = int64(time.Second)

// pod is what is known of all pods of one name, of whatever namespace.
type pod struct {
	uids      []string
	addresses []netip.Addr
	// ends are those of containers by ID: when one had ended at the latest, or never.
	ends map[string]int64
	// answers are when each answer was asked for and when it was there.
	answers []span
}

type span struct{ from, to int64 }

// readPods reads the pods that answered a request.
func (j *judge) readPods() {
	for _, l := range j.h.Requests {
		if name := l.Request.Answer; name != "" {
			if j.pods[name] == nil {
				j.pods[name] = &pod{ends: map[string]int64{}}
			}
			j.pods[name].answers = append(j.pods[name].answers, span{l.Request.Begin, l.Time})
		}
	}
	for _, v := range j.h.Log.All("pods") {
		p, content := j.pods[v.Object.Name], contentOf(v)
		if p == nil || content == nil {
			continue
		}
		if !slices.Contains(p.uids, v.UID) {
			p.uids = append(p.uids, v.UID)
		}
		for _, a := range addressesOf(content) {
			if !slices.Contains(p.addresses, a) {
				p.addresses = append(p.addresses, a)
			}
		}
	}
	for _, l := range j.h.Containers {
		c := l.Container
		p := j.pods[c.Pod]
		if p == nil || c.Container == "" {
			continue
		}
		if _, known := p.ends[c.ID]; !known {
			p.ends[c.ID] = math.MaxInt64
		}
		if c.State == "exited" || c.State == "removed" {
			end := l.Time
			if c.At != 0 {
				end = c.At
			}
			p.ends[c.ID] = min(p.ends[c.ID], end)
		}
	}
}

// contentOf is what a version holds; nil for a deletion and what cannot be read.
func contentOf(v *history.Version) *object.Object {
	content, err := v.Content()
	if err != nil {
		return nil
	}
	return content
}

func addressesOf(pod *object.Object) (all []netip.Addr) {
	for _, ip := range pod.Status.PodIPs {
		if a, err := netip.ParseAddr(ip.IP); err == nil {
			all = append(all, a)
		}
	}
	return all
}

// ended is when the last container had ended; false: one may not have, or none is known.
func (p *pod) ended() (at int64, all bool) {
	at = math.MinInt64
	for _, end := range p.ends { // order does not matter: the greatest
		at = max(at, end)
	}
	return at, len(p.ends) > 0 && at != math.MaxInt64
}

// served: whoever has the address served, from one time to another, for certain.
func (j *judge) served(address netip.Addr, from, to int64) bool {
	// order does not matter: any will do
	for _, p := range j.pods {
		if len(p.uids) == 1 && len(p.ends) == 1 && len(p.addresses) == 1 && p.addresses[0] == address &&
			slices.ContainsFunc(p.answers, func(s span) bool { return s.to <= from }) &&
			slices.ContainsFunc(p.answers, func(s span) bool { return s.from >= to }) {
			return true
		}
	}
	return false
}

// settledPhase is from when to when nobody interferes and nothing moves; empty where that never was.
func (j *judge) settledPhase() (from, to int64) {
	phase, ok := j.h.Phase(trace.Settled)
	if !ok {
		return math.MaxInt64, math.MinInt64
	}
	return j.h.Line(phase.From).Time, j.h.Line(phase.To).Time
}
