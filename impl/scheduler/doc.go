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
// # Preemption
//
// A pod that fits nowhere may preempt pods of lower priority on one node (row 52), unless its preemptionPolicy is Never. Victims are chosen so
// that without them, and without those of lower priority that are being deleted anyway, the pod passes all filters there; each of them is
// needed for that. Of several nodes it is the one where the highest victim is lowest, then the one with the least harm. The pod is nominated first:
// from then on the node's room is charged to it wherever pods of the same priority or a lower one are placed (row 53, S13: the ledger shows
// the nomination before any cache does). Then each victim is deleted, by UID and version. As long as what is leaving the nominated node makes room enough
// nothing more is deleted, and if it does not, because a deletion has failed, what is missing is deleted there (S15). A nomination that has
// become vain is taken away: by the pod itself, when it finds neither place nor victims, and by a pod of higher priority that preempts there.
//
// What pods are deleted for is gone with them, as whoever makes others in their place makes pods of lower priority, to whom the room
// is not given: so no preemption begins anew by its own doing (row 54).
//
// # Not done
//
// PodDisruptionBudgets, which are not served, do not count; the condition DisruptionTarget of victims; nominations for pods that fit, and those by
// others than this scheduler's kind; affinity to pods that are awaited. Preferred pod affinity; topology spread constraints; volumes; resource claims. A pod that
// asks for a volume claim or a resource claim is filtered everywhere, rather than put where it cannot run.
//
// Upstream: breaks ties at random. Here the order is fixed, so that a run can be repeated.
//
// Sources: pkg/scheduler of v1.37, plugins noderesources, nodeaffinity, nodeports, tainttoleration, nodeunschedulable,
// interpodaffinity; component-helpers for requests, node affinity and tolerations.
package scheduler
