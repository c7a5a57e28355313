// Package scenario is the main job: it brings up a real cluster, lets clients use it and a nemesis hurt it, records
// everything, and has the recording judged.
//
// The cluster has three control planes and three workers, one of which may be lost on the way; schedulers and controllers run twice, and leases say who
// acts. The clients are those of package workload: they use objects, delete and re-create a namespace with all its contents, and service accounts
// with their tokens and pods, always under the same names. Each worker also has a static pod.
//
// A run has the phases of package trace, in this order:
//
//	setup     the cluster comes up, its workers become Ready, the workload's namespace is made, and the shop opens
//	safety    clients and watchers work, one fault after another
//	heal      clients stop, every fault is ended but the loss of a worker, and the shop is given its pods
//	liveness  nobody interferes; ends when nothing but heartbeats has been written for [quiet], or after [bound]
//	settled   nobody writes: the runner only looks
//	end
//
// The shop is a service that a pod on each worker asks from setup to the end, ten times a second, while a client changes which pods it has (see
// workload.Shops). Each request is recorded with what came of it, and judged by package checker/requests. It is the runner that asks, in the pod's
// network: that hangs on nothing which a fault can take away but the pod, and needs no clock but the trace's.
//
// What the run leaves in its folder: trace.jsonl.zst (the whole trace), report.txt, verdict (one word), parts/ (the traces
// of the single processes) and cluster/ (logs, disks).
//
// **Not done**: other clients of services than pods, as TestService of fuzz/world has; replaying a real run; a seed repeats what the clients and the nemesis choose, not what the machine does.
//
// Sources: DESIGN.md sections 4 to 6; Jepsen and TigerBeetle's VOPR, for the phases.
package scenario
