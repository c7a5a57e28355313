// Package apiserver is the API server without HTTP: requests on objects in, over a [store.Store].
//
//		registry/  ring 1: what a request does to one object (pure)
//		request/   ring 2: one request: its reads, its compare-and-swap, its answer
//		cache/     ring 2: the watch cache, from which lists and watches are served
//		(here)     ring 3: the goroutines: feeding the caches, waiting, watches, housekeeping
//		web/       ring 3: HTTP; pki/: certificates
//
//	 1. A [Server] implements [orrery/impl/client.Transport]. What it returns is shared: nobody may modify it.
//	 2. Only the store holds state: any number of Servers may run over one, and any may be killed at any time.
//	 3. All caches are fed from one list and one watch over the whole store. A watch that breaks is taken up again where it
//	    broke off; only where history is compacted, or a value cannot be decoded, is there a new list, and then the watches
//	    of clients that it puts a gap before end with 410.
//	 4. A watch without a matching event gets a bookmark each BookmarkEvery, if it wants bookmarks. The clock decides only
//	    when one is sent; what it says is the cache's.
//	 5. Every DigestEvery the content of each cache that has moved is summed up in the trace, to be held against the store
//	    at that revision. The calls to the store are recorded by whoever wraps it ([store.Recorded]).
//	 6. History is kept for at least CompactEvery; of several servers one compacts in each period.
//	 7. Events go EventTTL after they were last heard of; addresses that no Service has, and that a broken request has left, in the
//	    second pass of RepairEvery.
//	 8. The namespaces default, kube-system, kube-public and kube-node-lease are made at the start, and not again.
//	 9. The Service kubernetes of the namespace default has the first address, and its Endpoints and EndpointSlice name every
//	    server that advertises an address and has renewed its record within PresenceTTL (presence.go; kubernetes.go). A server
//	    that dies leaves them within PresenceTTL and a RenewEvery of a survivor.
//
// Nothing here decides: a simulation drives [request.Machine] and [cache.Set] step by step, without this package's
// goroutines, clock and locks.
//
// Whether new pods get a service account, and the volume with its token (upstream's admission plugin ServiceAccount), is for [Config].Accounts to
// say. It is off unless it is asked for, because it takes somebody who makes the accounts, and a kubelet that mounts the volume.
//
// With [Config].Authorization a Server says who may do what ([Server.Authorize], which package web asks), from its own caches, which may be stale: a
// binding that was just taken away may count for as long as a watch takes. What a request does to an object is judged once more when it is known
// what is there (NodeRestriction, and that nobody grants what he has not). A request without a user in its context is the server's own, or that of
// a program in the same process such as the simulation, and may do everything. The roles and bindings that every cluster has are made at the start,
// by whichever server comes first, where they are missing.
//
// Not done: the other admission plugins of upstream but for NamespaceLifecycle;
// priority and fairness, limits on requests in flight (web does that); servers of different ports among the endpoints of the Service kubernetes; a
// store that an older version has filled with Services that have addresses and no claims.
//
// Sources: staging/src/k8s.io/apiserver of Kubernetes v1.37 (registry/generic/registry, storage/cacher, storage/etcd3),
// KEP-2340, KEP-3157, KEP-956, KEP-4988.
package apiserver
