// Package api is the specification of the API: objects of one resource under two names, one store, API servers whose caches lag behind it,
// and clients that write, list and watch.
//
// There are four layers. [Decide] is what a request does to an object. [View.Refuses] says which decision is allowed for who looks at a cache
// or at the store: it is all that a judge needs of a recorded request. [Predict] is what a client is told, and is held against a real server.
// The machine, [New], puts servers that decide so into a world: their caches are late, clients do not hear the answers, servers crash with
// writes on their way, and the store forgets. The properties say what can be relied on all the same.
//
//	action     enabled when                                            changes
//	Ask        a writer is idle, and a change is left                  a request is at a server: a write that was decided on its cache is on its
//	                                                                   way to the store, or the store is to be read
//	Finish     a cache shows an object that has time left              the kubelet, who has stopped it, asks for its removal, by UID
//	Load       the store is to be read for a request                   it is decided on what is stored: a write is on its way, or an answer
//	Swap       a write is on its way                                   what it does, if the object is still the one decided on, and an answer is on
//	                                                                   its way; if not, it is decided again, as by Load
//	Hear       an answer is on its way                                 the client is idle
//	Lose       a write or an answer is on its way                      nobody will hear of it; a write is late
//	Land, Drop a write is late                                         it arrives, and is not tried again; or it never will
//	List       the reader is idle, and a read is left                  a list is at a server, and waits for what it needs, or is answered
//	Count      a consistent list was asked for                         it waits for the cache to come to where the store is
//	Serve      the cache has come to where a list waits for it         it is answered from the cache, or the store's history is to be read
//	TimeOut    the cache has not                                       the store is to be read; or it is refused: its client is ahead of the server
//	LoadList   the store is to be read for a list                      it is answered from the store
//	HearList   a list is answered                                      the reader knows how new it is, and where to go on
//	LoseList   a list is asked for                                     nobody will hear of it
//	Relist     the watcher has no list, a cache is no older than what  it shows what the cache has, and watches from there
//	           it was told
//	Resume     the watcher has no watch, and a cache is so far         it watches from where it was, or has no list any more (410)
//	Tell       the window has a change that the watch has not seen     the watcher is told, if it concerns what it selects
//	Mark       it has none                                             the watcher knows that: a bookmark
//	End        the window has forgotten what the watch needs           the watcher has no list any more (410)
//	Cut        a watch is open                                         it is not
//	Feed       a cache is behind                                       it sees the next change; its window forgets the oldest, if it is full
//	Replace    compaction has passed a cache                           it shows a list of the store; its window begins there
//	Compact    some revision is not compacted                          reads of what is older are refused by the store
//	Crash      a server is up                                          its cache is gone, and so are its requests, but for writes on their way: late
//	Start      a server is down                                        its cache shows a list of the store; its window begins there
//	Heal       nobody has healed the world                             nothing is asked for, lost, compacted or crashes any more
//
// What must not be put off for ever are Finish, what servers do about requests, that clients hear and that what is late lands or is dropped,
// Feed and Replace, what the watcher does but for Cut, Start and Heal.
//
// # Three ideas
//
// A cached object is a suggestion. A write that is decided on it names its version, and the store takes it only if that is the object it has;
// a refusal has no such guard, so before anybody is refused, the store is read. Hence [Alone]: whatever the caches show, a request has the
// effect and the answer that it would have if it were alone with the store for a moment. That is linearizability, one request at a time.
//
// A cache at revision r is the store at revision r, only later. So a list from it is a snapshot, and how old it is is the only
// question: a consistent list asks the store how far it is, and waits.
//
// A watcher is a list and what came after it. What it was told up to r makes up what it selects of the store at r ([Watched]). The order of
// events, that none is missing or repeated, the types that a selector gives them, what a bookmark promises, and that all watches see one order
// (rows 21 to 23, 25) are that one sentence.
//
// # Fewer states
//
// Answers that nobody can lose and late writes that would do nothing are taken alone where nothing is claimed eventually; see local. That saves up
// to four states in five. Worlds begin well: a store that holds what no server would have written is nobody's to repair here.
//
// # Not modelled
//
//   - several resources, namespaces and their guard on a create (rows 28, 29): model/namespace; owners (row 18): model/replication and
//     model/garbage, as well as the finalizers that tell what a deletion means for dependents; binding (row 31): model/scheduler;
//   - the clock: a deadline is when the deletion was asked for, and the grace period later, so that the grace period tells of both deadlines
//     which is later. Where the deadline of a shorter period has passed already, the server says 1 instead;
//   - the period of a pod that has a node, but asks for no grace; the server gives it what a delete asks for;
//   - evictions: one is a delete with the preconditions of its options, as there are no budgets that could refuse it;
//   - generateName, dry runs, patches, collections, and everything that is wrong with a body but for finalizers;
//   - the bound on repetition: a request that has lost 32 races is told of a conflict that it did not ask about;
//   - a cache that is not ready: its server is down here, and a real one reads the store instead, or refuses a watch;
//   - a watch that begins with the present state as events (KEP-3157): Relist does both at once;
//   - a get: it is a list of one name;
//   - errors of the store: what is definite of them changes nothing, and what is not is a write of which nobody hears;
//   - members of the store that lag: see model/store.
//
// Sources: INVARIANTS.md, rows 3, 6 to 17, 19 to 27, 34, 39; BUGS.md, A01 to A19, C01, E04; upstream's staging/src/k8s.io/apiserver of v1.37:
// pkg/storage/interfaces.go, pkg/storage/cacher, pkg/registry/rest/{create,update,delete}.go; KEP-2340, KEP-956, KEP-4988.
package api
