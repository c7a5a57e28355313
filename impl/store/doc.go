// Package store is what an API server needs of etcd: one contract, [Store], with two sides.
//
//   - store/memory answers from memory, synchronously and without a goroutine: the store of the simulated world.
//   - store/etcd answers from a real etcd, embedded or elsewhere: the store of the real world.
//
// Beside them store/observe follows a Store and writes down its log, and [Recorded] wraps a Store and writes down what
// one client asked and was told.
//
// # Contract
//
//  1. There is one revision for all keys. A fresh store is at revision 1; every write that takes effect, a deletion too,
//     takes the next one. No write changes more than one key.
//  2. A write takes effect only where the key's modification revision is the expected one at that moment. It is sent at
//     most once: no side repeats a write of unknown outcome.
//  3. A read is linearizable: it sees every write that was answered before the read began. A read at a revision sees
//     exactly the store at that revision.
//  4. A watch delivers each change after its start once and in order, all changes of a revision together, each with the
//     version it replaced; it either goes on or ends with an error, and never skips.
//  5. A progress notice of revision r comes after every change up to r.
//  6. Compaction at revision r takes away reads below r, and watches that would need what is gone. What was asked for and
//     is gone is always an error, never a shorter answer.
//  7. An error tells which of three it is: not done ([ErrUnavailable] and all errors that name a reason), perhaps done
//     ([ErrUnknown], and the error of a context), or, for reads, not answered.
//
// # Not done
//
//   - leases, and several keys in one transaction: upstream's API server uses leases for Events only, and writes one
//     object per transaction;
//   - serializable (possibly stale) reads: nothing in the API needs them;
//   - authentication by user name: mutual TLS is enough between an API server and its etcd.
//
// Sources: etcd v3.7 client/v3/kubernetes/interface.go; etcd's "KV API guarantees"; server/storage/mvcc of the same
// version for what happens at the edges (revision 1, compaction, watches that start in the future).
package store
