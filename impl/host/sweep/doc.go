// Package sweep removes from the host whatever a cluster has put there: at the end of one, and after one that was killed.
//
// The contract:
//
//  1. Everything is recognised by what the kernel says of it, so it does not matter who made it and whether that still
//     lives. See the table. Nothing else is touched.
//  2. It is idempotent, and names what it removed.
//  3. It is called only by who holds the lock of the machines: what it finds is nobody's.
//
// How each is recognised, in the order in which they are removed:
//
//	processes   are in a network namespace of ours: a machine's, or one mounted below [RunDir] (a pod's)
//	cgroups     are those below the parents that [CgroupParent] names, and those of containers of which containerd keeps state below RunDir
//	mounts      lie below RunDir or the data directory that it names; disks there are aborted first
//	namespaces  and links have names of ours: see package machine
//	files       are RunDir, and CNI's results for our network
//
// **Not done**: the data directory, which is its user's.
//
// Sources: proc(5), network_namespaces(7), cgroups(7).
package sweep

// RunDir is where a running cluster keeps sockets and mounts. It is short, because paths of sockets must be.
const RunDir = "/run/orrery"
