package script

import (
	"fmt"
	"slices"
)

// watched is a player of a world of pods and one component that watches them.
type watched struct {
	*player
	// process runs the component. minor are what it writes beside what the model has: that may have to be answered before it goes on.
	process string
	minor   [][]string
	// names are those of the model's pods, once they are known.
	names []string
	// written is how many writes to pods are known of, unseen those of them that the watch has not delivered, the oldest first.
	written int
	unseen  []write
}

// write is a write to a pod, and the version that the pod has in the model since then.
type write struct {
	pod     int
	version uint8
}

// works has the component decide once.
func (w *watched) works() bool { return w.work() }

// work has the component decide once, after which the goal is possible, and takes that too. If one decision is not enough, it decides again.
func (w *watched) work(goal ...string) bool {
	decide := []string{"step work " + w.process}
	waits := append(slices.Clone(w.minor), []string{"tick"})
	return w.drive(append(decide, goal...), waits...) || w.drive(goal, append(slices.Clone(w.minor), decide, []string{"tick"})...)
}

// sends has the component decide until it has sent a request once more.
func (w *watched) sends(request string) bool {
	decide := "step work " + w.process
	n := w.now.sent[request]
	sent := func() bool { return w.now.sent[request] > n }
	next := func() bool {
		then, ok := w.try(decide)
		return ok && then.sent[request] > n && w.take(decide)
	}
	return w.until(next, append(slices.Clone(w.minor), []string{"tick"})...) || w.until(sent, append(slices.Clone(w.minor), []string{decide}, []string{"tick"})...)
}

// arrives has a request of the component's carried out. It may be sent only after others were answered.
func (w *watched) arrives(request string) bool {
	return w.drive([]string{"step arrive " + request, "until answer " + request}, w.minor...) && w.fed()
}

// lands has a request carried out that was given up.
func (w *watched) lands(request string) bool {
	return w.take("step arrive "+request+" late") && w.served()
}

// wrote notes the writes to a pod that there were since the last time.
func (w *watched) wrote(pod int, version uint8) bool {
	for ; w.written < w.now.writes; w.written++ {
		w.unseen = append(w.unseen, write{pod, version})
	}
	return w.err == nil
}

// see has the watch deliver what it has of a pod up to the version that is known then, and of the others what comes before: it keeps the order
// of the writes, and the models' do not. Why not, if it tells more than is known.
func (w *watched) see(pod int, known func(pod int) uint8) (why string) {
	last := -1
	for i, u := range w.unseen {
		if u.pod == pod && u.version <= known(pod) {
			last = i
		}
	}
	var other []string
	for range last + 1 {
		if !w.take("step deliver " + w.process + " pods") {
			return "the watch delivers nothing"
		}
		if u := w.unseen[0]; u.version > known(u.pod) {
			other = append(other, w.names[u.pod])
		}
		w.unseen = w.unseen[1:]
	}
	if len(other) > 0 {
		return fmt.Sprintf("the watch, which keeps the order, tells of %v, too", other)
	}
	return ""
}

// bind has the scheduler bind a pod.
func (w *watched) bind(pod int) bool {
	return w.drive(answered(words("scheduler", "create", "pods/binding", w.names[pod])), feeds,
		[]string{"step deliver scheduler pods"}, []string{"step work scheduler"}, answered("scheduler create events")) && w.fed()
}

// remove has the kubelet remove a pod that is being deleted. One without a node is gone already.
func (w *watched) remove(pod int) bool {
	name := w.names[pod]
	o, there := w.now.objects[key("pods", name)]
	if !there {
		w.comment("it had no node, so that it went at once")
		return true
	}
	kubelet := "kubelet-" + o.Spec.NodeName
	return w.drive(answered(words(kubelet, "delete", "pods", name)), feeds, []string{"step deliver " + kubelet + " pods"}, []string{"step done " + kubelet},
		[]string{"step perform " + kubelet}, []string{"step look " + kubelet}, answered(words(kubelet, "update", "pods/status", name)),
		[]string{"step work " + kubelet}, []string{"tick"}) && w.fed()
}

// cannot is why an action is not taken that in general can be.
const cannot = "the simulation cannot do it here"

// noLine is why an action is not taken that never is.
const noLine = "the simulation has no line for it"

// possible is cannot, unless it could.
func possible(ok bool) (why string) {
	if !ok {
		return cannot
	}
	return ""
}
