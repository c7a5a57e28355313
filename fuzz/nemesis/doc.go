// Package nemesis hurts a real cluster: it draws faults, lets each last, ends it, and records what it really did.
//
//	fault             target                       what is observed
//	cut-worker        a worker from all others     packets dropped
//	cut-member        a control plane from all     packets dropped
//	                  others, one way or both
//	stall-disk        the disk of the etcd leader  fsyncs held
//	power-member      an etcd member that loses    operations undone on its disk
//	                  what was not synced
//	replace-member    an etcd member that loses    the new member's ID
//	                  all its data: another takes
//	                  its place
//	kill-apiserver    an API server                the process has another number
//	kill-scheduler    the scheduler                "
//	kill-controllers  the controllers              "
//	kill-kubelet      a kubelet                    "
//	kill-containerd   a containerd                 "
//	kill-proxy        a proxy, of any machine      "
//	pause             any of these processes       the kernel says that it is stopped
//
// The contract:
//
//  1. One fault at a time, in turn, in an order drawn from the run's choices; every kind once before any comes again.
//  2. A fault that did not bite is recorded as such: the judge then knows that the run does not show what it should.
//  3. When [Run] returns, however it ends, every fault has been ended.
//
// **Not done**: two faults at once; clocks that drift (all processes of a host share one clock); the faults of a simulated
// world, which belong to that world.
//
// Sources: Jepsen's nemeses; etcd tests/robustness/failpoint.
package nemesis
