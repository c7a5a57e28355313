// Package memory is etcd in memory, as far as the [orrery/impl/store.Store] contract goes: the store of the simulated
// world.
//
//  1. It answers as a fresh single etcd answers, to the revision: the first write is revision 2, a deletion takes a
//     revision, a read or watch below a compaction fails and one at it does not.
//  2. It starts no goroutine and reads no clock. Watches are delivered to from within the write, in the order in which
//     they were opened, so that a run in one goroutine is repeatable.
//  3. It may be used by several goroutines: one mutex is held over every call, and over the deliveries it makes.
//  4. It is fast: a write or read of the present costs a map access and a tree step, whatever the length of history.
//
// # Not done
//
// Faults: a lagging member, an unknown outcome, a broken watch are put in front of this store by the simulation.
//
// Upstream: where a watch starts at exactly the compacted revision, etcd sends the change of that revision without the
// version it replaced (server/storage/mvcc/watchable_store.go, etcd#19179). Such a watch ends with ErrCompacted here,
// and in store/etcd as well: a change that cannot be told whole is not told.
//
// Sources: etcd v3.7 server/storage/mvcc.
package memory
