package script

import (
	"context"
	"fmt"
	"slices"

	"orrery/fuzz/simulation"
	"orrery/model/kubelet"
	"orrery/model/machine"
)

// The one worker, and the process of its kubelet.
const (
	worker = "worker-1"
	keeper = "kubelet-" + worker
)

// keeping makes a script of a path of model/kubelet.
type keeping struct {
	watched
	path machine.Path[kubelet.State, kubelet.Action]
	at   int // the number of the step
	// rebooted: the simulation has started the kubelet already.
	rebooted bool
}

// Kubelet makes a script of a path of model/kubelet.
func Kubelet(ctx context.Context, path machine.Path[kubelet.State, kubelet.Action]) (Script, error) {
	k := &keeping{path: path, watched: watched{player: begin(ctx, simulation.Size{ControlPlanes: 1, Workers: 1}), process: keeper,
		// Volumes and images are no part of the model, nor is what the API shows of a container that waits.
		minor: [][]string{feeds, acted("set up volumes"), acted("ensure image"), acted("record events"), acted("clean up"), answered(keeper + " update pods/status")}}}
	for i := range kubelet.Names {
		k.names = append(k.names, fmt.Sprintf("pod-%c", 'a'+i))
	}
	k.Names = k.names
	k.begins(path.Init)
	return walk(k.player, path, func(before kubelet.State, a kubelet.Action, after kubelet.State) string {
		k.at++
		return k.step(before, a, after)
	})
}

// acted are the lines of a call to the runtime.
func acted(call string) []string {
	return []string{"step perform " + keeper + " " + call, "step done " + keeper + " " + call}
}

// begins is the initial state: pods that are bound to the node, whose kubelet has not begun.
func (k *keeping) begins(s kubelet.State) {
	k.comment("0. there are pods on the node, and its kubelet is down")
	k.take("crash " + keeper)
	for i, n := range s.Names {
		if n.Pod.UID != 0 {
			k.take("user create pod "+k.names[i]+" run", "settle")
		}
	}
	if s.Spec.WithInit {
		k.Missing = append(k.Missing, "0. the beginning: simulated users' pods have no init containers")
	}
}

// step takes an action, or says why not.
func (k *keeping) step(before kubelet.State, a kubelet.Action, after kubelet.State) (why string) {
	n := before.Names[a.Name]
	name := k.names[a.Name]
	switch a.Kind {
	case kubelet.Bind:
		return possible(k.user("create pod "+name+" run") && k.bind(a.Name))
	case kubelet.Delete:
		return possible(k.user("delete pod " + name))
	case kubelet.Force:
		return possible(k.user("delete pod " + name + " 0"))
	case kubelet.End:
		if a.Well {
			return noLine
		}
		return possible(k.take(fmt.Sprintf("kill %s %d", worker, running(before, a))))
	case kubelet.Tidy:
		return possible(k.take("collect " + worker + " 0"))
	case kubelet.Kill, kubelet.Obey:
		return possible(k.until(func() bool { return k.now.runs[name] < len(alive(before, a.Name)) }, []string{"tick"}))
	case kubelet.Boot:
		return possible((k.rebooted || k.take("start "+keeper)) &&
			k.follows(keeper, "nodes", "leases", "configmaps", "secrets", "services"))
	case kubelet.ListPods:
		return possible(k.follows(keeper, "pods"))
	case kubelet.ListRuntime, kubelet.Look:
		k.take("step look " + keeper) // a call's end is a look, too
		return ""
	case kubelet.See:
		k.all("step deliver " + keeper + " pods")
		return ""
	case kubelet.Work:
		return k.decide(after.Names[a.Name], name)
	case kubelet.Arrive:
		return possible(k.take(acted(calls[n.Call.Verb])...))
	case kubelet.GiveUp:
		return k.giveUp(n.Call, a.Name)
	case kubelet.Land, kubelet.Drop:
		return "" // so it was given up: see giveUp
	case kubelet.WriteArrives:
		return possible(k.take(answered(k.write(n.Write, name))...) && k.fed())
	case kubelet.WriteUnheard:
		request := k.write(n.Write, name)
		return possible(k.take("step arrive "+request, "until answer "+request, "break "+request) && k.fed())
	case kubelet.WriteGivenUp:
		return possible(k.take("late 0 " + k.write(n.Write, name)))
	case kubelet.WriteLands:
		return possible(k.lands(k.write(n.LateWrite, name)))
	case kubelet.WriteDropped:
		return possible(k.take("drop " + k.write(n.LateWrite, name) + " late"))
	case kubelet.Crash:
		k.rebooted = false
		return possible(k.take("crash " + keeper))
	case kubelet.Reboot:
		k.rebooted = true
		return possible(k.take("reboot " + worker))
	case kubelet.Heal:
		return "" // when the script is over, everything is healed
	}
	return noLine
}

// calls are the kubelet's own words for the model's.
var calls = map[kubelet.Verb]string{kubelet.RunSandbox: "run sandbox", kubelet.StopSandbox: "stop sandbox", kubelet.RemoveSandbox: "remove sandbox",
	kubelet.Create: "create container", kubelet.Start: "start container", kubelet.Stop: "stop container", kubelet.Remove: "remove container"}

// write is a write of the kubelet's, in the words of a script.
func (k *keeping) write(w kubelet.Write, name string) string {
	if w.Next.UID == 0 {
		return words(keeper, "delete", "pods", name)
	}
	return words(keeper, "update", "pods/status", name)
}

// decide has the kubelet decide, until it has sent what the model's has: a call, or a write, or both.
func (k *keeping) decide(n kubelet.Name, name string) (why string) {
	ways := append(slices.Clone(k.minor), []string{"step work " + keeper})
	request := k.write(n.Write, name)
	if n.Call == (kubelet.Call{}) {
		sent := k.now.sent[request]
		return possible(k.until(func() bool { return k.now.sent[request] > sent }, ways...))
	}
	if n.Call.Verb == kubelet.RemoveSandbox {
		ways = append(ways, acted(calls[kubelet.StopSandbox])) // it stops it first, though it may have ended
	}
	if !k.until(func() bool { return k.can("step perform " + keeper + " " + calls[n.Call.Verb]) }, ways...) {
		return cannot
	}
	if n.Write != (kubelet.Write{}) && !k.can("step arrive "+request) {
		return "the kubelet makes the call after its write is answered, and not beside it"
	}
	return ""
}

// giveUp has a call lost, if it never lands, or its answer, if it lands at once.
func (k *keeping) giveUp(call kubelet.Call, name int) (why string) {
	lose := "lose-call "
	for i, step := range k.path.Steps[k.at:] {
		if step.Action.Kind == kubelet.Land && step.Action.Name == name {
			if lose = "lose-answer "; i > 0 {
				return "a simulated call lands at once or never"
			}
		}
	}
	return possible(k.take(append([]string{lose + worker}, acted(calls[call.Verb])...)...))
}

// alive are the UIDs of the pods of a name whose main containers run.
func alive(s kubelet.State, name int) (uids []int) {
	for i, life := range s.Names[name].Runtime {
		if life.Records[kubelet.Main].MayRun() {
			uids = append(uids, i+1)
		}
	}
	return uids
}

// running is the position of a container among all that run.
func running(s kubelet.State, a kubelet.Action) (at int) {
	for name := range s.Names {
		for _, uid := range alive(s, name) {
			if name == a.Name && uid == int(a.UID) {
				return at
			}
			at++
		}
	}
	return at
}
