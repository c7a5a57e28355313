// Package scheduler gives every pod that has none a node: one pod at a time, the highest priority first, then the oldest.
//
//	filter   the nodes on which the pod may run; every other one with upstream's reason
//	score    the feasible nodes, by what would be left free; ties fall to the node with fewer of the owner's pods, then by name
//	bind     with the pod's UID and resourceVersion as preconditions (row 31, S07, S17)
//
// It decides only on pods without a node, with its schedulerName, not terminating and not ended (row 46). A node's pods are
// those that the cache shows on it, overlaid with the binds of the ledger, terminating ones included, ended ones not: at no
// time do their requests and the new pod's exceed what is allocatable (rows 49, 50). There is no assume cache of its own that
// could expire (S01, S02) or be keyed by a name that passes to another pod (S08), and no snapshot that could keep a node
// that is gone (S04).
//
// A pod that fits nowhere gets the condition PodScheduled=False with upstream's message, and an Event. It is tried again
// when something changes that could help: a node comes or changes its labels, taints or allocatable, a pod leaves a node
// or ends. No verdict is remembered, so a change that comes between verdict and waiting is seen like any other (S10).
//
// # Not done
//
// Preemption and nominated nodes; preferred pod affinity; topology spread constraints; volumes; resource claims. A pod that
// asks for a volume claim or a resource claim is filtered everywhere, rather than put where it cannot run.
//
// Upstream: breaks ties at random. Here the order is fixed, so that a run can be repeated.
//
// Sources: pkg/scheduler of v1.37, plugins noderesources, nodeaffinity, nodeports, tainttoleration, nodeunschedulable,
// interpodaffinity; component-helpers for requests, node affinity and tolerations.
package scheduler
