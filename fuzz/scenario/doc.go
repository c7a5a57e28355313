// Package scenario is the main job: it brings up a real cluster, lets clients use it and a nemesis hurt it, records
// everything, and has the recording judged.
//
// A run has the phases of package trace, in this order:
//
//	setup     the cluster comes up, its workers become Ready, the workload's namespace is made
//	safety    clients and watchers work, one fault after another
//	heal      clients stop, every fault is ended
//	liveness  nobody interferes; ends when nothing but heartbeats has been written for [quiet], or after [bound]
//	settled   nobody writes: the runner only looks
//	end
//
// What the run leaves in its folder: trace.jsonl.zst (the whole trace), report.txt, verdict (one word), parts/ (the traces
// of the single processes) and cluster/ (logs, disks).
//
// **Not done**: replaying a real run; a seed repeats what the clients and the nemesis choose, not what the machine does.
//
// Sources: DESIGN.md sections 4 to 6; Jepsen and TigerBeetle's VOPR, for the phases.
package scenario
