// Package invariant judges what must be true of every single state of a run: of the store at every revision, of watch
// caches, and of the containers on the nodes. It knows nothing of how a component decides.
//
// The guarantees are those of INVARIANTS.md; each is one sentinel whose text is the guarantee:
//
//	rows 9, 13-18, 28, 83   metadata.go     each version of an object against the one before
//	rows 29, 107            namespace.go    every namespace that is gone, against what it held
//	row 30                  address.go      the cluster IPs and node ports of Services
//	row 26                  cache.go        the digest of a watch cache against the log at that revision
//	rows 31, 46, 49, 50     binding.go      every binding, and what each node carries after it
//	row 52                  preemption.go   whom the scheduler deleted, and for whom; that it made room says package refine
//	row 44                  leading.go      who acted, against who had come to lead
//	row 37                  identity.go     what a component decided about an object, against the object it was done to
//	rows 57-59, 64          replication.go  what the replication controller's steps did to pods
//	rows 68, 71-75          lifecycle.go    what the node lifecycle controller decided, against what the store held when it last read it
//	rows 109-111            garbage.go      what the garbage collector's requests did, against its owners and dependents in the store
//	rows 104, 106           account.go      what the controller of accounts purged, and how many tokens it generated
//	rows 97-100             endpoints.go    what the controller of Endpoints wrote and deleted, against all that it can have seen
//	rows 78-82, 85, 87-89   node.go         the containers that ran against the log
//	row 86                  grace.go        what the kubelets decided that kills at once, against the containers that ran then
//	row 114                 proxy.go        the rules of each node's proxy: what it had listed before
//
// What is taken as true: the store's log (the checker wellformed has found it without gaps), and the runtime's own account
// of its containers. A version was committed at some time before it was observed, and a container changed its state at
// the time that the runtime gives; whatever the observers' lag, nothing is called illegal that these bounds leave open.
//
// That clocks go at rates which differ by less than LeaseDuration/RenewDeadline is taken as true as well: row 44 promises nothing otherwise.
//
// **Not judged here**: rows 1-5, 7, 8, 10, 11, 19, 20 (package linear), 5, 21-25 (package watch), 55 and 95 (package
// converge); of row 86 how long the grace was, since no runtime reports the signals it sends; rows 84 and 92, which need the times and causes of
// what the kubelet did; whatever belongs to components that do not exist yet.
//
// **Not promised, and not asserted**: the list at the end of INVARIANTS.md. In particular the processes of an owner may
// exceed its replicas, a pod with restartPolicy Never that never ended may be started again after a kubelet crash, and a
// node whose pods were put there by anyone but the scheduler may be overcommitted.
//
// **Not done**: the two lists above.
//
// Sources: INVARIANTS.md, which names upstream's file, KEP or issue for each row.
package invariant
