package script

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"orrery/fuzz/simulation"
	"orrery/model/machine"
	"orrery/model/scheduler"
)

// binder is the scheduler's process.
const binder = "scheduler"

// room is how many pods a simulated worker can run.
const room = 2

// scheduling makes a script of a path of model/scheduler.
type scheduling struct {
	watched
	// workers are the names of the model's nodes; empty: there is none.
	workers [scheduler.NodeNames]string
	// order is that in which pods are first decided about: the scheduler takes them in the order in which it hears of them.
	order []int
}

// Scheduler makes a script of a path of model/scheduler.
func Scheduler(ctx context.Context, path machine.Path[scheduler.State, scheduler.Action]) (Script, error) {
	nodes := 0
	for _, n := range path.Init.Nodes {
		if n.There {
			nodes++
		}
	}
	r := &scheduling{watched: watched{player: begin(ctx, simulation.Size{ControlPlanes: 1, Workers: max(nodes, 1)}), process: binder,
		minor: [][]string{feeds, answered(binder + " create events"), answered(binder + " update pods/status")}}}
	for i := range scheduler.PodNames {
		r.names = append(r.names, fmt.Sprintf("pod-%d", i))
	}
	r.Names = r.names
	for _, step := range path.Steps {
		if step.Action.Kind == scheduler.Choose && !slices.Contains(r.order, step.Action.Pod) {
			r.order = append(r.order, step.Action.Pod)
		}
	}
	for i := range r.names {
		if !slices.Contains(r.order, i) {
			r.order = append(r.order, i)
		}
	}
	if why := r.begins(path.Init); why != "" {
		r.comment("   not so: %s", why)
		r.Missing = append(r.Missing, "0. the beginning: "+why)
	}
	return walk(r.player, path, r.step)
}

// begins is the initial state: nodes with so much room, pods without a node, and a scheduler that has seen all that. Where a node of the
// model has less than a worker, another pod is on it already.
func (r *scheduling) begins(s scheduler.State) (why string) {
	r.comment("0. there are nodes and pods, and the scheduler has just started")
	filled := map[string]int{}
	var workers []string
	for i := range r.Size.Workers {
		workers = append(workers, fmt.Sprintf("worker-%d", i+1))
	}
	for i, n := range s.Nodes {
		if n.There && n.Allocatable == 1 {
			name := fmt.Sprintf("filler-%d", i)
			r.take("user create pod "+name+" run", "settle")
			filled[r.now.objects[key("pods", name)].Spec.NodeName]++
		}
	}
	for i, n := range s.Nodes {
		if !n.There {
			continue
		}
		at := slices.IndexFunc(workers, func(w string) bool { return int(n.Allocatable) == room-filled[w] })
		if at < 0 {
			return fmt.Sprintf("a simulated worker has room for %d pods", room)
		}
		r.workers[i] = workers[at]
		workers = slices.Delete(workers, at, at+1)
	}
	r.written = r.now.writes
	for _, i := range r.order {
		if s.Pods[i].Request > 1 {
			why = "all simulated pods ask for the same"
		}
		if s.Pods[i].Phase == scheduler.Present {
			r.user("create pod " + r.names[i] + " run")
		}
	}
	r.all("step deliver " + binder + " pods")
	r.written = r.now.writes
	return why
}

// step takes an action, or says why not.
func (r *scheduling) step(before scheduler.State, a scheduler.Action, after scheduler.State) (why string) {
	i := a.Pod
	bind := words(binder, "create", "pods/binding", r.names[i])
	switch a.Kind {
	case scheduler.Create:
		return possible(r.user("create pod "+r.names[i]+" run") && r.wrote(i, after.Pods[i].Version))
	case scheduler.Touch:
		return possible(r.user(fmt.Sprintf("label pod %s touched=%d", r.names[i], after.Pods[i].Version)) && r.wrote(i, after.Pods[i].Version))
	case scheduler.Delete:
		return possible(r.user("delete pod "+r.names[i]) && r.wrote(i, after.Pods[i].Version))
	case scheduler.Remove:
		return possible(r.remove(i) && r.wrote(i, after.Pods[i].Version))
	case scheduler.See:
		return r.see(i, func(pod int) uint8 { return after.Seen[pod].Version })
	case scheduler.SeeNode:
		r.all("step deliver " + binder + " nodes")
		return ""
	case scheduler.Choose:
		return r.choose(a, after)
	case scheduler.Arrive:
		return possible(r.arrives(bind) && r.wrote(i, after.Pods[i].Version))
	case scheduler.Answer:
		return possible(r.take("step answer " + bind))
	case scheduler.LoseAnswer:
		return possible(r.take("break " + bind))
	case scheduler.GiveUp:
		return possible(r.take("late 0 " + bind))
	case scheduler.Land:
		return possible(r.lands(bind) && r.wrote(i, after.Pods[i].Version))
	case scheduler.Drop:
		return possible(r.take("drop " + bind + " late"))
	case scheduler.Repeat:
		return possible(r.sends(bind))
	case scheduler.Look:
		request := words(binder, "get", "pods", r.names[i])
		return possible(r.work("step arrive "+request) && r.heard(request))
	case scheduler.Crash:
		return possible(r.take("crash " + binder))
	case scheduler.Start:
		r.unseen = nil
		return possible(r.take("start "+binder) && r.follows(binder, "pods", "nodes", "namespaces"))
	case scheduler.Heal:
		return "" // when the script is over, everything is healed
	}
	return noLine
}

// choose has the scheduler decide about a pod, and compares. Of a pod that fits nowhere it tells so, which is a write to the pod.
func (r *scheduling) choose(a scheduler.Action, after scheduler.State) (why string) {
	n := len(r.now.decided[binder])
	if !r.works() || len(r.now.decided[binder]) == n {
		return "the scheduler has nothing to decide"
	}
	decided := r.now.decided[binder][n]
	switch e := decided.Plan[0]; {
	case e.Object.Name != r.names[a.Pod]:
		return "the scheduler decides about " + e.Object.Name
	case a.Node == 0 && e.Subresource != "status":
		return "the scheduler chooses " + decided.Why
	case a.Node == 0:
		told := answered(words(binder, "update", "pods/status", r.names[a.Pod]))
		return possible(r.take(told...) && r.fed() && r.wrote(a.Pod, after.Pods[a.Pod].Version))
	case !strings.HasPrefix(decided.Why, r.workers[a.Node-1]+","):
		return "the scheduler chooses otherwise: " + decided.Why
	}
	return ""
}
