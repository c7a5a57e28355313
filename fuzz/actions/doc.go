// Package actions tells which actions of the models a recorded run has taken.
//
// A model proves something about the implementation only as far as what it speaks of happens there. So each action of each model of a component
// that exists is in a table, with what in a trace shows that it was taken: lines of calls and answers, of the store's log, of watches, steps,
// containers and processes. [Find] finds all of them in a trace, [Tally] adds traces up, and [Command] prints that.
//
//	table.go                                   the form of the tables
//	store.go, replication.go, scheduler.go,    a table each
//	account.go
//	api.go, read.go                            one; lists and watches
//	kubelet.go, container.go, call.go          one; ends of containers; calls to the runtime
//	namespace.go, proxy.go                     one each
//	change.go                                  changes of objects, as the log shows them
//	write.go                                   what became of a request of whose end nobody heard: most faults are told by that
//
// The contract:
//
//  1. The tables name every action of each model exactly once. The tests read the models' source and explore their machines, so that a new
//     action is missed before it is forgotten.
//  2. Only what surely was taken is found. Where a trace allows two explanations, the action is found only if both have it. Of two actions
//     that change the same, such as that a late request is lost and that it arrives and is refused, the one that the model always allows
//     stands for both.
//  3. An action that is not taken is listed with the reason: [Rare], [Story], [Real], [Nowhere], [Unseen]. The tests say when a reason has become untrue.
//
// # Not done
//
// Whether a step is allowed where it is taken: that is for checker/refine. Parameters of actions: that a number was changed to 0, or a pod
// deleted twice, is not told apart. The models of components that do not exist yet, and model/cluster, whose actions are those of its parts.
//
// Sources: DESIGN.md section 6; TLC's coverage of actions; etcd raft's trace validation.
package actions
