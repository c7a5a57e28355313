package cluster

import "orrery/model/kubelet"

// work is what a kubelet does about one name at once: what becomes of the containers, and what it writes.
type work struct {
	stage Stage
	verb  Verb // Report, Finish, or nothing
	shown Shown
	ended Pod
	// refused: one of the plans that it is made of is not allowed.
	refused bool
}

// kubeletKey is what a kubelet's decision about a name depends on, in eight bits. What is shown as ready with another address is not what
// runs.
func kubeletKey(seen Pod, l Life) int {
	if seen.shown() == Ready && l.stage() == Alive && seen.address() != l.address() {
		seen = seen.withShown(Down)
	}
	key := int(seen & (shownField | ended | leaving | there) >> 3) // 8 bits, of which three are owner and matches
	key = key&1 | key>>3&0x1e
	if l != 0 && l.uid() != seen.uid() {
		key |= 1 << 5
	}
	return key | int(l.stage())<<6
}

func (t *tables) fillKubelet(policy kubelet.Policy) {
	for _, shown := range []Shown{Waiting, Ready, Down} {
		for _, flags := range []Pod{0, there, there | ended, there | leaving, there | ended | leaving} {
			for stage := None; stage <= Rests; stage++ {
				for _, uid := range []uint8{1, 2} {
					seen := (1 | flags).withShown(shown)
					if flags == 0 {
						seen = 0
					}
					l := lifeOf(uid, stage, 0)
					t.kubelet[kubeletKey(seen, l)] = kubeletWork(policy, seen, l)
				}
			}
		}
	}
}

// kubeletWork has a kubelet decide again and again, and the runtime do what it is told at once, until nothing is to be called. What is
// written to the API is the first news that there is, so that an end is told before the next beginning. Of a stranger all is torn down, and
// then it is decided anew.
func kubeletWork(policy kubelet.Policy, seen Pod, l Life) (w work) {
	stranger := l != 0 && l.uid() != seen.uid()
	has := oneOf(l.stage())
	const most = 10 // calls; no pod takes so many
	for range most {
		v := kubeletView(policy, seen, has, stranger)
		p := v.Decide()
		w.refused = w.refused || v.Refuses(p) != ""
		if p.Report != nil && w.verb == 0 {
			w.verb, w.shown = Report, shownOf(p.Report.Statuses[0])
			if p.Report.Phase.Terminal() {
				w.ended, w.shown = ended, Down
			}
		}
		if p.Finish {
			w.verb = Finish
		}
		for _, c := range p.Calls {
			has = has.after(c)
		}
		if len(p.Calls) == 0 || stranger && has == (one{}) {
			w.stage = has.stage()
			return w
		}
	}
	panic("cluster: a kubelet calls its runtime for ever")
}

func shownOf(s kubelet.Status) Shown {
	switch s.Stage {
	case kubelet.None:
		return Waiting
	case kubelet.Alive:
		return Ready
	}
	return Down
}

// after is what the runtime has after a call. A process that is told to stop obeys.
func (o one) after(c kubelet.Call) one {
	switch c.Verb {
	case kubelet.RunSandbox:
		o.sandbox = kubelet.Sandbox{Number: c.Sandbox, Ready: true}
	case kubelet.StopSandbox:
		o.sandbox.Ready = false
	case kubelet.RemoveSandbox:
		o = one{}
	case kubelet.Create:
		o.record = kubelet.Record{Stage: kubelet.Created, Attempt: c.Attempt, Sandbox: c.Sandbox}
	case kubelet.Start:
		o.record.Stage = kubelet.Alive
	case kubelet.Stop:
		o.record.Stage = kubelet.EndedBadly
	case kubelet.Remove:
		o.record = kubelet.Record{}
	}
	return o
}

// UIDs of a kubelet's view: those of the pod that it sees, and of one that only the runtime has.
const (
	ofPod      = 1
	ofStranger = 2
)

// one is what the runtime has of a pod, in the words of package kubelet: one sandbox, and one attempt of one container.
type one struct {
	sandbox kubelet.Sandbox
	record  kubelet.Record
}

func oneOf(g Stage) one {
	switch g {
	case Alive:
		return one{kubelet.Sandbox{Number: 1, Ready: true}, kubelet.Record{Stage: kubelet.Alive, Sandbox: 1}}
	case Dead:
		return one{kubelet.Sandbox{Number: 1, Ready: true}, kubelet.Record{Stage: kubelet.EndedBadly, Sandbox: 1}}
	case Rests:
		return one{kubelet.Sandbox{Number: 1}, kubelet.Record{Stage: kubelet.EndedBadly, Sandbox: 1}}
	}
	return one{}
}

// stage is the inverse of oneOf, for whatever comes of it.
func (o one) stage() Stage {
	switch {
	case o.record.MayRun():
		return Alive
	case o.sandbox.Ready:
		return Dead
	case o.sandbox.Number != 0:
		return Rests
	}
	return None
}

// kubeletView is a kubelet's of one name: the pod that it sees, and what the runtime has, of that pod or of a stranger.
func kubeletView(policy kubelet.Policy, seen Pod, has one, stranger bool) kubelet.View {
	v := kubelet.View{Listed: true, Policy: policy}
	if stranger {
		v.Strangers = []kubelet.Stranger{{UID: ofStranger, Sandbox: has.sandbox, Records: []kubelet.Record{has.record}}}
		has = one{}
	}
	if !seen.is(there) {
		return v
	}
	v.UID, v.Leaving, v.Sandbox = ofPod, seen.is(leaving), has.sandbox
	status := kubelet.Status{Stage: [...]kubelet.Stage{kubelet.None, kubelet.Alive, kubelet.EndedBadly}[seen.shown()]}
	switch {
	case seen.is(ended):
		v.Phase = kubelet.Failed
	case seen.shown() != Waiting:
		v.Phase = kubelet.Running
	}
	v.Containers = []kubelet.Container{{Shown: status, Record: has.record}}
	return v
}
