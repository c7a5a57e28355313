// Package replication keeps as many pods as a ReplicationController or a ReplicaSet asks for. One code serves both
// kinds; what differs between them is in kind.go.
//
// In every round the first of these that is called for is done, and the rest follows in the next round:
//
//	claim      release owned pods whose labels no longer match; adopt matching pods without a controller, after a live
//	           read of the owner has shown the same UID and no deletionTimestamp (rows 60, 61; R04)
//	create     what is missing, at most 500, in batches of 1, 2, 4, ... of which the first that fails is the last (63)
//	delete     what is too much, at most 500, in the order of upstream's ActivePodsWithRanks
//	status     when there is nothing else to do, or together with what failed
//
// A create that is refused because the namespace is being deleted is not tried again, nor told of, until something else calls for a round.
//
// An owner with a deletionTimestamp only gets its status (59). Counted are the pods with the owner's UID as controller
// that match and are active: neither Succeeded nor Failed nor terminating (58, 66).
//
// # Names
//
// The controller chooses the whole name of a pod: the owner's name and five letters that follow from the owner's UID and
// a number, the lowest whose name is not taken and was not taken since the process began. Deciding again in the same
// situation therefore chooses the same name. That is what makes a create of unknown outcome safe: if the first
// arrives late, either it or its repeat is met by AlreadyExists, even when the process was killed in between and the
// repeat comes from its successor. Names of deleted pods are not used again, as long as the process remembers them.
//
// Upstream: lets the server choose the name (generateName), so that a repeat creates a second pod; and waits for five
// minutes in the dark for what it expects (rows 62, 64, R01). Here the loop's ledger takes the place of expectations.
//
// Upstream: deletes without preconditions, from a cache that may be stale (k/k#138818). Here every delete requires UID
// and resourceVersion (57, R07).
//
// Upstream: replaces pods that fail at once as fast as they fail. Here a failed pod delays the next create (R08).
//
// # Not done
//
// Co-location counts the owner's own pods, not those of its sibling ReplicaSets, since no Deployments are served.
// status.terminatingReplicas is not set.
//
// Sources: pkg/controller/replicaset/replica_set.go and pkg/controller/controller_utils.go of v1.37;
// design-proposals-archive, controller-ref.md.
package replication
