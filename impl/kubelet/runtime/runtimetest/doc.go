// Package runtimetest is the rapid machine that every side of the kubelet's runtime contract is run against: the fake many
// times, the real containerd a few.
//
// It makes and ends sandboxes and containers of two pods, with few names and attempts so that they collide, and compares
// every answer, and the list after every action, with a plain model. The numbers are those of package runtime.
//
//	action           does                                                       the model then says
//	run sandbox      of a UID and attempt, perhaps one that exists              1: refused as existing, or a new ID
//	create           in a sandbox, perhaps dead or unknown, of an image         1: refused with a reason that holds, or created
//	start            a container in any state, perhaps unknown                  2: only a Created one, in a live sandbox
//	stop             with no grace, a short or a very long one                  3: what may become of it, and whether it must
//	remove           a container in any state, perhaps unknown                  4: it is gone
//	stop sandbox     perhaps unknown                                            4: not ready, and nothing runs in it
//	remove sandbox   perhaps unknown                                            4: it and its containers are gone
//	kill             the process of a container or sandbox, from outside        2: exited; the containers of a sandbox go on
//	exec             in a container in any state, perhaps unknown               only where one runs
//	crash            kills the runtime; processes may end before it is back     6: every call fails as unavailable meanwhile; the rest as for kill
//	settle           waits for what must end                                    3: it ends
//
// After every action: 5, the list shows exactly what the model has, in the order that it promises; a container that has
// exited is shown in the same words for ever; Inspect shows what List does.
//
// **Not done**: calls whose context ends, and kills in the middle of a call, have an outcome that no model knows beforehand:
// see the test of package cri about them. Images are set before and not pulled.
//
// Sources: package runtime; DESIGN.md section 2; rapid's example_statemachine_test.go.
package runtimetest
