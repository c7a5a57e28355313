// Package script makes of a path through a model a script that the simulation runs: what the model says can happen, the real component does.
//
//	player.go    writes a script line by line, each tried before it is kept
//	world.go     what a run has come to when its script ends
//	watched.go   what the models of one component and its pods have in common
//	replication.go, scheduler.go, kubelet.go    a model each: its actions, in lines
//
// The contract:
//
//  1. Every line is possible where it stands: `orrery sim --script` runs the script to its end.
//  2. Before the lines of each action is a comment that says which it is. An action that the lines do not take has a comment that says why,
//     and is in [Script.Missing]. If none is missing, then the world is, when the script ends, in the state in which the path ends.
//  3. Nothing happens but what the lines say: no time goes on, and nobody else works, unless an action needs it.
//
// How an action of model/replication is taken; R is the request in words:
//
//	Scale, Vanish, Again     user scale|delete|create rc web
//	Appear                   user create pod and user label pod, under the name that the controller would choose next
//	Relabel, Delete          user label pod, user delete pod
//	RemovePod                the kubelet works until it has asked for the final deletion, and that is answered
//	SeeOwner, See            step deliver replication owners|pods, until the watch has told it
//	Look                     step work replication, and the live read is answered
//	Work                     step work replication; that it decides as the path says is looked at
//	Arrive                   step arrive R, until answer R; then the server's caches are fed. A pod that will be deleted is also bound
//	Answer                   step answer R
//	LoseAnswer, GiveUp       break R, late 0 R
//	Land, Drop               step arrive R late, drop R late
//	Resolve                  time goes on until it reads, or sends again
//	Crash, Start             crash replication; start replication, and it lists and watches
//	Heal                     nothing: everything is healed when a script ends
//	Leave, End               not taken: the simulation's users give owners no finalizers, and their pods do not end
//
// That of model/scheduler is likewise. Its Touch is user label pod, its Choose step work scheduler, and its Repeat is Resolve. Nodes are workers;
// as those have room for two pods, there is another pod beforehand on one that has less. Users of the simulation do nothing to nodes and
// choose none, so that Place, End, Shut, Open, Resize, Vanish and Return are not taken.
//
// That of model/kubelet; C is a call to the runtime in words:
//
//	Bind, Delete, Force      user create pod, and the scheduler binds it; user delete pod; user delete pod with a grace of 0
//	End, Tidy                kill worker-1, collect worker-1
//	Obey, Kill               time goes on until the container has exited
//	Boot                     start kubelet-worker-1, and it lists and watches all but pods
//	ListPods, ListRuntime    it lists and watches pods; step look kubelet-worker-1
//	See, Look                step deliver kubelet-worker-1 pods; step look, unless the end of a call has shown it
//	Work                     step work kubelet-worker-1 until what the path says is sent; volumes, images and other statuses go before
//	Arrive                   step perform kubelet-worker-1 C, step done kubelet-worker-1 C
//	GiveUp, Land, Drop       lose-answer worker-1 if it lands at once, lose-call worker-1 if it never does, and then C
//	WriteArrives, ...        step arrive R, until answer R, step answer R; break R; late 0 R; step arrive R late; drop R late
//	Crash, Reboot            crash kubelet-worker-1, reboot worker-1
//	Impose, Die, Succeed     not taken: nobody in the simulation does that; nor does a container end by itself with 0
//
// # Not done
//
// The watch keeps the order of the writes, as a model's need not; where a path has the component see a later write first, the script shows it
// both and says so. The scheduler takes pods in the order in which it hears of them, and the controller deletes the pod of its choice: a path with
// another is not taken from there on. Nor is one of a kubelet's whose pods are restarted: those of simulated users are not. Initial states other than those that `orrery explore` has.
//
// Sources: DESIGN.md section 3; Stateright's assert_discovery, for counterexamples that are tests.
package script
