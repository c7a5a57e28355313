package actions

import (
	"slices"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// exit is the end of a container that ran.
type exit struct {
	run *run
	*trace.Container
	line *trace.Line
	// started is when it did, at when it ended, on the clock of [run.when].
	started, at int64
}

// when is when something happened to a container: the runtime's own account, where the observer may have heard of it late.
func (r *run) when(l *trace.Line) int64 {
	if !r.simulated() && l.Container.At != 0 {
		return l.Container.At
	}
	return r.Clock(l)
}

// finished calls f for every container that was started and has exited; sandboxes are left out.
func (r *run) finished(f func(e exit)) {
	started := map[string]int64{}
	for _, l := range r.Containers {
		c := l.Container
		switch id := c.Node + "/" + c.ID; {
		case c.Container == "":
		case c.State == "started":
			started[id] = r.when(l)
		case c.State == "exited":
			if began, ran := started[id]; ran {
				f(exit{r, c, l, began, r.when(l)})
			}
			delete(started, id)
		}
	}
}

// ended finds the ends of containers for which holds is true.
func ended(holds func(e exit) bool) finder {
	return func(r *run, at func(int64)) {
		r.finished(func(e exit) {
			if holds(e) {
				at(e.line.Seq)
			}
		})
	}
}

// want is an effect that a kubelet plans for a pod, and the step that plans it.
type want struct {
	line *trace.Line
	trace.Effect
}

// about: it is about that container. Older traces name it by the container's name only.
func (w want) about(c *trace.Container) bool {
	return w.Object.Key == c.Container && (w.Object.ID == "" || w.Object.ID == c.ID)
}

// wantsOf are those of a container's kubelet for its pod.
func (r *run) wantsOf(c *trace.Container) []want {
	return r.wants[[2]string{"kubelet-" + c.Node, c.PodUID}]
}

// wanted reports whether the kubelet of a container wanted an effect of one of those verbs between two times, on it or on its sandbox.
func (r *run) wanted(c *trace.Container, from, to int64, verbs ...string) bool {
	return slices.ContainsFunc(r.wantsOf(c), func(w want) bool {
		sandbox := w.Verb == "stop sandbox" || w.Verb == "remove sandbox"
		at := r.Clock(w.line)
		return from < at && at < to && slices.Contains(verbs, w.Verb) && (sandbox || w.about(c))
	})
}

// told: it was told to stop, by itself.
func (e exit) told() bool { return e.run.wanted(e.Container, e.started, e.at, "stop container") }

// watched: likewise, by the kubelet that was there when it ended.
func (e exit) watched() bool {
	return slices.ContainsFunc(e.run.wantsOf(e.Container), func(w want) bool {
		at := e.run.Clock(w.line)
		return w.Verb == "stop container" && w.about(e.Container) && e.started < at && at < e.at &&
			e.run.life(w.line.Process, w.line.Seq) == e.run.life(w.line.Process, e.line.Seq)
	})
}

// undisturbed: nobody has told it to end, and the node was not rebooted.
func (e exit) undisturbed() bool {
	return !e.run.wanted(e.Container, e.started, e.at, "stop container", "remove container", "stop sandbox", "remove sandbox") && e.ExitCode != unknownCode
}

// unknownCode is that of a container whose end the runtime has not seen. Upstream: containerd's CRI, v2.4.
const unknownCode = 255

// succeeded: it is an init container, and has exited with 0.
func (e exit) succeeded() bool {
	for _, v := range e.run.Log.Of(history.ObjectName{Resource: "pods", Namespace: e.Namespace, Name: e.Pod}) {
		if o := content(v); o != nil && v.UID == e.PodUID {
			for _, c := range o.Spec.InitContainers {
				if c.Name == e.Container.Container {
					return e.ExitCode == 0
				}
			}
		}
	}
	return false
}

// died finds the sandboxes that have exited by themselves, while a container of theirs ran on.
func died(r *run, at func(int64)) {
	running := map[string]int{} // containers, by node and UID
	for _, l := range r.Containers {
		c := l.Container
		pod := c.Node + "/" + c.PodUID
		switch {
		case c.Container != "" && c.State == "started":
			running[pod]++
		case c.Container != "" && c.State == "exited":
			running[pod]--
		case c.Container == "" && c.State == "exited" && running[pod] > 0 && !r.wanted(c, 0, r.when(l), "stop sandbox", "remove sandbox"):
			at(l.Seq)
		}
	}
}

// tidied finds the records that nobody in the cluster has asked to remove.
func tidied(r *run, at func(int64)) {
	for _, l := range r.Containers {
		if c := l.Container; c.Container != "" && c.State == "removed" && !r.wanted(c, 0, r.when(l), "remove container", "remove sandbox") {
			at(l.Seq)
		}
	}
}

// rebooted finds the exits of kubelets between which and their next start containers of the node end unseen.
func rebooted(r *run, at func(int64)) {
	for _, l := range r.Lives {
		if l.Life.State != "exit" || !kubeletLife(r, l.Life) {
			continue
		}
		process := names(l.Life)[0]
		if l.Life.Name == theKubelet {
			process = names(l.Life)[1]
		}
		start, starts := after(r.starts[process], l.Seq)
		if starts && slices.ContainsFunc(r.Containers, func(c *trace.Line) bool {
			return "kubelet-"+c.Container.Node == process && c.Container.State == "exited" && c.Container.ExitCode == unknownCode && l.Seq < c.Seq && c.Seq < start
		}) {
			at(l.Seq)
		}
	}
}
