package script

import (
	"context"
	"fmt"
	"slices"

	"orrery/fuzz/simulation"
	"orrery/model/machine"
	"orrery/model/replication"
)

// The owner, and the controller's process.
const (
	owner      = "web"
	owners     = "replicationcontrollers"
	controller = "replication"
)

// replicating makes a script of a path of model/replication.
type replicating struct {
	watched
	// deleted are the UIDs of the model's pods that will be deleted: those must be bound, as a pod that is not is gone at once.
	deleted map[uint8]bool
}

// Replication makes a script of a path of model/replication.
func Replication(ctx context.Context, path machine.Path[replication.State, replication.Action]) (Script, error) {
	twoWorkers := simulation.Size{ControlPlanes: 1, Workers: 2} // they can run as many pods as the model has
	r := &replicating{deleted: map[uint8]bool{}, watched: watched{player: begin(ctx, twoWorkers), process: controller, names: make([]string, replication.Names),
		minor: [][]string{feeds, answered(controller + " create events"), answered(controller + " update " + owners + "/status")}}}
	for _, step := range path.Steps {
		for _, pod := range step.State.Pods {
			r.deleted[pod.UID] = r.deleted[pod.UID] || pod.Phase == replication.Leaving
		}
	}
	r.begins(path.Init)
	r.Names = r.names
	return walk(r.player, path, r.step)
}

// begins is the initial state: an owner with so many pods, and a controller whose cache shows all that.
func (r *replicating) begins(s replication.State) {
	n := 0
	for _, pod := range s.Pods {
		if pod.Phase != replication.Absent {
			n++
		}
	}
	r.comment("0. the owner wants %d pods and has %d, and the controller has just started", s.Owner.Replicas, n)
	wants := fmt.Sprintf("scale rc %s %d", owner, s.Owner.Replicas)
	if n == 0 {
		wants = fmt.Sprintf("create rc %s %d", owner, s.Owner.Replicas)
	} else if r.take(fmt.Sprintf("user create rc %s %d", owner, n), "settle") {
		copy(r.names, r.now.planned(controller, "create"))
		r.written = r.now.writes
	}
	if n == 0 || n != s.Owner.Replicas {
		r.user(wants)
	}
	r.all("step deliver " + controller + " owners")
}

// step takes an action, or says why not.
func (r *replicating) step(before replication.State, a replication.Action, after replication.State) (why string) {
	i := a.Pod
	switch a.Kind {
	case replication.Scale:
		return possible(r.user(fmt.Sprintf("scale rc %s %d", owner, a.N)))
	case replication.Vanish:
		return possible(r.user("delete rc " + owner))
	case replication.Again:
		return possible(r.user(fmt.Sprintf("create rc %s %d", owner, after.Owner.Replicas)))
	case replication.Appear:
		return possible(r.appear(i) && r.came(after, i))
	case replication.Relabel:
		label := map[bool]string{true: owner, false: "nobody"}[after.Pods[i].Matches]
		return possible(r.user(fmt.Sprintf("label pod %s app=%s", r.names[i], label)) && r.wrote(i, after.Pods[i].Version))
	case replication.Delete:
		return possible(r.user("delete pod "+r.names[i]) && r.wrote(i, after.Pods[i].Version))
	case replication.RemovePod:
		return possible(r.remove(i) && r.wrote(i, after.Pods[i].Version))
	case replication.SeeOwner:
		r.all("step deliver " + controller + " owners")
		return ""
	case replication.See:
		return r.see(i, known(after))
	case replication.Look:
		request := words(controller, "get", owners, owner)
		return possible(r.work("step arrive "+request) && r.heard(request))
	case replication.Work:
		return r.decide(a)
	case replication.Arrive:
		return possible(r.arrives(r.request(before.Writes[i], i)) && r.carried(before, after, i))
	case replication.Answer:
		return r.answer(before, after, i)
	case replication.LoseAnswer:
		return possible(r.take("break " + r.request(before.Writes[i], i)))
	case replication.GiveUp:
		return possible(r.take("late 0 " + r.request(before.Writes[i], i)))
	case replication.Land:
		return possible(r.lands(r.request(before.Late[i], i)) && r.carried(before, after, i))
	case replication.Drop:
		return possible(r.take("drop " + r.request(before.Late[i], i) + " late"))
	case replication.Resolve:
		return possible(r.resolve(before.Writes[i], i))
	case replication.Crash:
		return possible(r.take("crash " + controller))
	case replication.Start:
		r.unseen = nil
		return possible(r.take("start "+controller) && r.follows(controller, "owners", "pods"))
	case replication.Heal:
		return "" // when the script is over, everything is healed
	}
	return noLine
}

// known are the versions of pods that the controller's cache shows.
func known(s replication.State) func(int) uint8 {
	return func(pod int) uint8 { return s.Seen[pod].Version }
}

// request is a write of the controller's, in the words of a script.
func (r *replicating) request(w replication.Write, pod int) string {
	return words(controller, verbs[w.Verb], "pods", r.names[pod])
}

// verbs are the API's for the model's.
var verbs = map[replication.Verb]string{replication.Create: "create", replication.Remove: "delete", replication.Adopt: "update", replication.Release: "update"}

// appear has a user create a pod that the owner would adopt: under the name that the controller would choose next, as the model's names are
// the controller's.
func (r *replicating) appear(pod int) bool {
	if r.names[pod] == "" {
		r.names[pod] = r.foretold(pod)
	}
	return r.user("create pod "+r.names[pod]+" run") && r.user("label pod "+r.names[pod]+" app="+owner)
}

// foretold is the name that the controller would choose for a pod: it is seen in a run in which it does choose. If there is no owner, any
// name will do.
func (r *replicating) foretold(pod int) string {
	nth := 0 // of those names that are free
	for i := range pod {
		if r.names[i] == "" {
			nth++
		}
	}
	if w, ok := r.try(fmt.Sprintf("user scale rc %s %d", owner, replication.Names), "settle"); ok {
		for _, name := range w.planned(controller, "create") {
			if slices.Contains(r.names, name) {
				continue
			}
			if nth--; nth < 0 {
				return name
			}
		}
	}
	return fmt.Sprintf("%s-%d", owner, pod)
}

// came notes that there is a pod, and has it bound if it will be deleted.
func (r *replicating) came(s replication.State, pod int) bool {
	p := s.Pods[pod]
	return r.wrote(pod, p.Version) && (!r.deleted[p.UID] || r.bind(pod) && r.wrote(pod, p.Version))
}

// decide has the controller decide, and compares.
func (r *replicating) decide(a replication.Action) (why string) {
	verb := verbs[a.Verb]
	n := len(r.now.planned(controller, verb))
	var pods []string
	for range len(r.minor) { // it may write its status first
		if !r.works() {
			return "the controller has nothing to decide"
		}
		if pods = r.now.planned(controller, verb)[n:]; len(pods) > 0 {
			break
		}
	}
	for i := range r.names {
		if a.Pods&(1<<i) == 0 {
			continue
		}
		at := slices.Index(pods, r.names[i])
		if a.Verb == replication.Create && r.names[i] == "" && len(pods) > 0 {
			at, r.names[i] = 0, pods[0]
		}
		if at < 0 {
			return fmt.Sprintf("the controller decides to %s %v", verb, pods)
		}
		pods = slices.Delete(pods, at, at+1)
	}
	if len(pods) > 0 {
		return fmt.Sprintf("the controller decides to %s %v, too", verb, pods)
	}
	return ""
}

// carried notes what a request has done to a pod.
func (r *replicating) carried(before, after replication.State, pod int) bool {
	switch was, is := before.Pods[pod], after.Pods[pod]; {
	case was == is:
		return true
	case was.UID != is.UID:
		return r.came(after, pod)
	default:
		return r.wrote(pod, is.Version)
	}
}

// answer has the controller hear. If the pod was bound after its creation, the answer does not show that, and the watch must.
func (r *replicating) answer(before, after replication.State, pod int) (why string) {
	if !r.take("step answer " + r.request(before.Writes[pod], pod)) {
		return cannot
	}
	if r.deleted[after.Seen[pod].UID] {
		return r.see(pod, known(after))
	}
	return ""
}

// resolve has the controller find out what became of a write: a creation is read, another write is sent again.
func (r *replicating) resolve(w replication.Write, pod int) bool {
	if w.Verb != replication.Create {
		return r.sends(r.request(w, pod))
	}
	request := words(controller, "get", "pods", r.names[pod])
	return r.work("step arrive "+request) && r.heard(request)
}
