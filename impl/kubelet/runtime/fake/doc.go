// Package fake is the kubelet's runtime without processes: containers are state machines driven by a clock that the
// caller advances, so that a simulated run can be repeated byte for byte.
//
//	state     enters                 leaves
//	created   CreateContainer        StartContainer → running, or → exited where it cannot be; StopSandbox leaves it
//	running   StartContainer         its [Program] ends → exited; TERM, KILL → exited; a crash of the machine → exited
//	exited    the end of a process   RemoveContainer
//
// The machine outlives the kubelet, as containerd does: a kubelet that has crashed finds everything as it was. What a
// container does is said by its command: "run" (until TERM), "exit CODE [after DURATION]", "ignore-term". The IDs are
// numbers in the order of creation.
//
// **Not done**: Unknown as a state of its own accord (a test sets it with [Machine.Lose]); streaming; resources.
package fake
