// Package nemesis hurts a real cluster: it draws faults, lets each last, ends it, and records what it really did.
//
//	fault             target                       what is observed
//	cut-worker        a worker from all others     packets dropped
//	cut-member        a control plane from all     packets dropped
//	                  others, one way or both
//	cut-zone          a control plane and one       packets dropped
//	                  worker or two together,
//	                  from all others
//	stall-disk        the disk of the etcd leader  fsyncs held
//	power-member      an etcd member that loses    operations undone on its disk
//	                  what was not synced
//	replace-member    an etcd member that loses    the new member's ID
//	                  all its data: another takes
//	                  its place
//	kill-apiserver    an API server                the process has another number
//	kill-scheduler    a scheduler, it may lead     "
//	                  or stand by
//	kill-controllers  controllers, likewise        "
//	kill-kubelet      a kubelet                    "
//	kill-containerd   a containerd                 "
//	kill-proxy        a proxy, of any machine      "
//	pause             any of these processes       the kernel says that it is stopped
//	outlast           the scheduler or the         another holds the lease, while the kernel says
//	                  controllers that lead, for   that it is stopped
//	                  longer than the lease lasts
//	lag-apiserver     an API server's connection   by how many revisions its cache is behind the
//	                  to the etcd member that      store, while it answers
//	                  feeds its cache
//	compact           an API server is parted      how many of the revisions that were forgotten
//	                  from etcd, which meanwhile   it had not seen: it must list anew, and end
//	                  forgets its past             its watches with 410
//	lose-worker       a worker, for good; at the   its containers were stopped, and none came back
//	                  end its Node is deleted
//
// The contract:
//
//  1. One fault at a time, in turn, in an order drawn from the run's choices; every kind once before any comes again. What cannot
//     be done twice, lose-worker, is not; two workers always stay.
//  2. A fault that did not bite is recorded as such: the judge then knows that the run does not show what it should.
//  3. When [Run] returns, however it ends, every fault has been ended, but for the loss of a worker.
//
// **Not done**: two faults at once; clocks that drift (all processes of a host share one clock); the faults of a simulated
// world, which belong to that world.
//
// Sources: Jepsen's nemeses; etcd tests/robustness/failpoint.
package nemesis
