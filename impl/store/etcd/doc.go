// Package etcd is the [orrery/impl/store.Store] contract over a real etcd, and a starter of members for clusters of our
// own.
//
// [Open] makes a client:
//
//  1. A write is sent at most once. The client library is kept from repeating anything; reads are repeated here, a bounded
//     number of times.
//  2. What is known of a write that failed is decided on evidence: whether any of it was handed to a connection, and what
//     the server answered. See the table.
//  3. Every request ends after RequestTimeout at the latest, and names a member without a leader at once. A connection on
//     which nothing is heard is closed after KeepAliveTime plus KeepAliveTimeout.
//  4. A watch has a stream of its own, is confirmed by etcd before Watch returns, and carries the version that each change
//     replaced. All changes of one revision come together: etcd splits an answer only where fragments are asked for.
//
// What a failed request becomes:
//
//	what happened                                           write            read
//	compacted, future revision, too large                   the error of that name
//	no part of it was handed to a connection                ErrUnavailable   ErrUnavailable
//	answered: no leader, no space, too many requests,       ErrUnavailable   ErrUnavailable
//	  not permitted, not a voting member
//	answered: timed out, leader changed, stopped, cancelled ErrUnknown       ErrUnavailable
//	connection lost, no answer in time                      ErrUnknown       ErrUnavailable
//	the caller's context ended                              ErrUnknown       the context's error
//
// [Start] runs a member in this process. It reports what etcd would end the process with as an error of one line.
//
// # Not done
//
//   - following changes of the cluster's membership: the endpoints are those given to Open;
//   - lower priority for some requests, leases, authentication by user: see package store.
//
// Sources: etcd v3.7 client/v3/retry_interceptor.go (what the library repeats), server/etcdserver/v3_server.go and
// api/v3rpc/interceptor.go (which errors come before a proposal), server/storage/mvcc/watchable_store.go (progress);
// Kubernetes v1.37 staging/src/k8s.io/apiserver/pkg/storage/storagebackend/factory/etcd3.go (timeouts).
package etcd
