// Package store is the specification of the store: etcd as one client of a single, healthy member sees it.
//
// The log is the whole truth. Every write that takes effect appends one change to it, at the next revision; what a key
// holds now or held then, who wins a compare-and-swap, what a watch is told next, all follow from the log. Compaction
// removes nothing from it here: it only forbids questions.
//
//	action    enabled when                                      changes
//	Put       always                                            if the key's revision is the expected one, and those of
//	                                                            the guards' keys are: log, revision
//	Delete    always                                            likewise, if there is something to delete
//	Get       always                                            nothing
//	List      always                                            nothing
//	Count     always                                            nothing
//	Compact   always                                            if after the last and not in the future: compacted
//	Open      no watch has that number                          a watch that is to be told what comes after a revision
//	Deliver   a change the watch has not been told waits,       the watch's position; or the watch ends
//	          or compaction has passed the watch
//	Notice    all up to its revision has been told, and the     the watch's position
//	          revision is past the one the watch began after
//	Pass      the watch waits at changes it does not ask for    the watch's position
//	Stop      the watch is open                                 the watch is gone
//
// [Next] says what state an action leads to, [AnswerTo] what its issuer is told. Delivery is an action of its own, so
// that it may come as late as it likes; a store that delivers at once takes it at once.
//
// # Not modelled
//
//   - several keys written in one transaction, leases: the API server has no use for them;
//   - members that lag, and answers that are lost: what a write of unknown outcome means belongs to the judge, which
//     tries both;
//   - the moment at which etcd moves a watch past changes that do not concern it. It matters only if compaction comes
//     between, and Pass may or may not have been taken by then.
//
// Sources: etcd's "KV API guarantees" (website v3.6, learning/api_guarantees); server/storage/mvcc of v3.7 for the edges.
package store
