// Package kubelet is the specification of a kubelet: the pods that the API has bound to one node, a runtime that makes containers of them,
// and one process between the two that sees the past of both.
//
// There are four layers. [View.Refuses] says which plan is allowed in a view: it is all that a judge needs of a recorded decision, and whoever
// keeps to it is safe. [View.Decide] is one kubelet that keeps to it, and makes progress. The machine, [New], puts that kubelet into a world:
// its cache and its look at the runtime are late, its calls and writes are lost or land late, it crashes, the node reboots, and users and other
// components change the same pods. The properties say what must come of it.
//
//	action        enabled when                                   changes
//	Bind          a name is free, and a UID is left              a pod of that name is in the API
//	Delete        a pod is there                                 it is being deleted
//	Force         a pod is there                                 it is gone from the API at once
//	Impose        a pod has not ended                            the API says that it has failed, by another's word
//	End           a container runs                               its process has exited
//	Die           a sandbox is ready                             it is not; its containers run on
//	Tidy          the API shows how a container ended            the runtime's record of it is gone
//	Succeed       an init container runs                         it has exited with 0
//	Obey          a container was sent TERM                      it has exited with 0
//	Kill          and who told it to stop is still there         it was killed, as its grace is over
//	Boot          the kubelet is down                            it is up, and knows nothing
//	ListPods      it has not listed the pods                     its cache shows what there is
//	ListRuntime   it has not listed the runtime                  its look shows what there is
//	See           the cache shows another pod than there is      the cache shows the pod
//	Look          the look shows another, or is stale            the look shows what the runtime has of the name
//	Work          all that the last plan sent is answered        a call and a write are sent
//	Arrive        a call is on its way                           what it asks for, if it can be; the look is stale
//	GiveUp        a call is on its way                           it still is, and the kubelet does not wait; the look is stale
//	Land, Drop    a call is on its way that was given up         it is carried out, or never will be
//	WriteArrives  a write is on its way                          the pod, if it is as it was; the cache shows it
//	WriteUnheard  a write is on its way                          the same, but for the cache
//	WriteGivenUp  a write is on its way                          it still is, and the kubelet does not wait
//	WriteLands, WriteDropped   likewise                          it arrives, or never will
//	Crash         the kubelet is up                              all that it knows is gone; what it sent is on its way
//	Reboot                                                       the same, and every process has ended; the runtime's records stay
//	Heal          nobody has healed the world                    nothing is lost or crashes any more, and no user changes anything
//
// Every call is an action of its own, so that a crash can come between any two, and before or after each. It does not matter whether a
// call is answered: an answer says little, a look all, and until there is one nothing is decided. Nor does it matter for a write: it
// carries the pod from which it was decided as its precondition, and so it can be sent again.
//
// What must not be put off for ever are Succeed, Kill, Boot, the lists, See, Look, Work, Arrive, WriteArrives, Heal, and that what was given
// up lands or is dropped.
//
// # Not modelled
//
//   - probes, postStart hooks, volumes, images, admission (row 91) and changes of a pod's spec: they say whether a container may be begun or must be
//     stopped, and a view takes their word ([Container.Unfit], [View.Rejected]);
//   - time: when a pod has been active for too long ([View.Limited]), backoff (row 84), and the length of a grace. Of row 86 the order is left, which is TERM, then KILL. preStop hooks come before;
//   - the runtime's own death: containers run on and calls fail, which is GiveUp and Drop. That it loses records (row 94) before the API
//     shows what they say: then a start is lost, and may be made once more, as row 82 allows;
//   - removing older attempts and sandboxes while a pod runs (row 95): the runtime here keeps of each container the newest attempt, and the
//     newest that ended until the next has begun;
//   - other nodes (row 79), and so what force costs: on one node a name has one pod even then. A list that shows the past (A01, K19) is
//     the API's;
//   - sidecars, static pods, several main containers: the machine has at most one init and one main container. [View.Refuses] knows no
//     such bound, but it knows no sidecars.
//
// Sources: INVARIANTS.md, rows 77, 78, 80 to 83, 85 to 90, 92, 93; BUGS.md, K01 to K07, K10 to K12, K18; upstream's pkg/kubelet of v1.37
// (pod_workers.go, kuberuntime, status).
package kubelet
