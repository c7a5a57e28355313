// Package cache is the watch cache: what one API server knows of the store, and the place from which its lists and
// watches are served.
//
// A [Cache] holds one resource; a [Set] holds all of them and is fed from one list and one watch over the whole store.
// Both are plain structs: whoever shares one locks it. What they hand out ([Item], [Snapshot], events) is shared and
// never changes, so it is read without the lock.
//
//  1. A Cache at revision r equals the store at r.
//  2. A [Snapshot] is one revision's state; [Cache.At] serves every revision of the window.
//  3. A watch after r delivers every matching change with a greater revision, in order, each once, or fails with 410
//     Expired "too old resource version". The bound is exact: the window serves r if and only if no change after r has
//     left it.
//  4. What a selector does not match does not exist for the watcher: an object that stops matching is DELETED, one that
//     starts to is ADDED.
//  5. A DELETED event shows the last state with the resourceVersion of the deletion.
//  6. A bookmark is made only for a watcher that has read everything, with the revision up to which that is true.
//  7. No event is ever dropped: a watcher is a place in the shared window and not a queue. One that is so slow that the
//     window passes it by, or before which a relist puts a gap, ends with 410.
//  8. An object that cannot be decoded makes its resource unready, and no other, until a list without it.
//
// An event that several watchers are sent carries one [api.Encodings], so that it is serialized once per encoding.
//
// Not done: an index for field selectors (every watcher looks at every event of its resource).
//
// Upstream (staging/src/k8s.io/apiserver/pkg/storage/cacher, v1.37) has one watch per resource, a queue per watcher and a
// window that grows with the load; see also KEP-2340 (consistent reads), KEP-3157 (watch list), KEP-956 (bookmarks) and
// KEP-4988 (lists from snapshots).
package cache
