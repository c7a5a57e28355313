// Package converge judges what must come true once faults have ended and nobody interferes: eventually stable
// reconciliation (row 55 and 119 of INVARIANTS.md), end to end from the owner to the process on a node.
//
// A run has a phase "liveness", which begins when all faults are healed and all clients have stopped. Its runner waits
// until nothing moves and then begins the phase "settled", in which it only looks. What is judged is the last state:
//
//  1. settled was reached, within the bound that the scenario sets itself;
//  2. every owner that is not being deleted, nor its namespace, has as many active pods as it wants, and its status says so;
//  3. nothing is left half deleted: no object with a deletionTimestamp and without finalizers, no namespace that is being deleted and that nobody
//     holds, nor anything in it;
//  4. every pod that wants to run, and was not found unschedulable, is bound, Running, Ready, and each of its containers
//     runs on that node, a mirror's under the UID of the static pod that it shows; no other container of a pod runs anywhere; and no node that is Ready has room for one that was found
//     unschedulable, or would have without the pods of lower priority that it may preempt, where resources, taints and a node selector are
//     all that decides; room that was promised to another of at least its priority is none;
//  5. the slices of every service that has a selector, and whose namespace is not being deleted, have each pod that it selects once, as ready, serving and terminating as it is, and nothing else;
//     where the controller of Endpoints runs, so have its Endpoints, but for pods that are being deleted, and none stay of a service that is gone;
//  6. a node whose lease is renewed is not in doubt; of the pods on one that is, nothing is known: no kubelet says what has become of them, so that
//     they may stay as they are, being deleted or not;
//  7. where a garbage collector took part: nothing has owners that are all gone, and no owner waits for dependents without need;
//  8. where the controller of accounts runs, every namespace that is not being deleted has a service account named default and the same root
//     certificates as all others, and every secret in one that is to hold a token of an account holds one, of an account that is there;
//  9. the rules that each proxy put into its kernel last are those that follow from services and slices, as package checker/rules has it;
//  10. an address is claimed for a service that has it, unless no API server has had the time to look: each looks from time to time, and removes
//     what it has seen twice;
//  11. while settled nothing but heartbeats is written (Leases, the status of Nodes, Events), and no process ends.
//
// A run that never settled is Illegal if it stood still in the wrong state or wrote one object again and again, and
// Unknown if it was still on its way.
//
// **Not done**: of a service the ports, and of its slices a pod's second address. Objects with finalizers
// may stay for ever, which is their owners' business.
//
// Sources: Anvil (OSDI 2024) for eventually stable reconciliation; Jepsen for healing before liveness is judged; INVARIANTS.md
// rows 30, 34, 51, 52, 55, 70, 75 to 77, 94, 95, 97 to 99, 102 to 104, 106, 108, 110 to 113, 119.
package converge
