// Package node looks after nodes: it says of a node that is silent that its condition is unknown, gives it taints, evicts the pods that do not
// tolerate them, and removes the pods of nodes that are gone. Upstream these are three controllers (node lifecycle, taint eviction, pod GC); they
// know the same and so are one here. It is written after model/node, and keeps its order of cases.
//
// All is decided by the name of a node, whether there is such a node or not. In every round the first of these that is called for is done, and
// the rest follows in the next round:
//
//	doubt      the condition Ready (and the kubelet's others) becomes Unknown: quiet for the grace period, and read live (row 68)
//	taint      NoSchedule as the conditions call for, at once; not-ready or unreachable with NoExecute, one node of a zone each pace (row 72);
//	           both taken back when the node is ready, and NoExecute also when no node of any zone is
//	unready    the pods of a node in doubt are said to be not ready (P09)
//	evict      a pod whose toleration of a NoExecute taint has run out is deleted, gracefully (rows 71, 73), after a live read
//	retire     a pod that is being deleted from a node that is out of service, and not ready, is removed at once, after a live read (row 74)
//	orphans    the pods of a node that is missing for the quarantine are removed at once, after a live read (rows 74, 75)
//
// Every write requires the UID and resourceVersion that were seen. A node or pod is left alone while the outcome of the last write to it is unknown.
//
// # How time is measured
//
// By the controller's own clock, from the first decision that saw what a duration begins with: a lease of another resourceVersion, a status that
// says something else, a taint of another time, no node. That is later than when it began, so that nothing is measured too long; clocks of
// different machines are never compared. A controller that has just started has measured nothing and waits for everything once more, and counts
// as one that has just tainted a node of each zone.
//
// What the watch shows may be over, and a watch that hangs looks like nodes that do (N03). So before a node is doubted, and before a pod is
// evicted or removed, the node and its lease are read live, and unless they are the very versions that the cache shows nothing is decided but to
// look again. See testdata/stories/deaf.txt.
//
// When no node of any zone was ready and one is again, each of the others has its grace period once more.
//
// # Deviations
//
// They are marked `// Upstream:`; model/node lists the same. Those that only the implementation has: pods of a node that itself says that it is not
// ready stay as their kubelet says, which is there to say it; of several taints each is tolerated from when it was seen itself. A node
// that has never said anything of itself counts as not ready, and is tainted only once it is doubted, as upstream.
//
// # Not done
//
//   - the condition DisruptionTarget of a pod that is evicted, and the phase Failed of one that is removed;
//   - a taint that is taken off and put on again between two looks of the cache, without a time of its own, counts as the same;
//   - the operators Lt and Gt of tolerations; --use-service-account-credentials and the like of kube-controller-manager;
//   - the collection of pods that have ended (--terminated-pod-gc-threshold), and of pods that were deleted before they were bound;
//   - the labels that upstream copies (beta.kubernetes.io/os).
//
// Sources: model/node; pkg/controller/nodelifecycle, pkg/controller/tainteviction, pkg/controller/podgc of v1.37; KEP-589, KEP-5647; INVARIANTS.md,
// rows 68 to 75 and 123; BUGS.md, N01 to N10.
package node
