// Package store is the specification of the store: etcd, as its clients see it. There are two layers.
//
// [State] is the store alone: one member, of which nobody is ahead. Its log is the whole truth. Every write that takes effect appends one
// change to it, at the next revision; what a key holds now or held then, who wins a compare-and-swap, what a watch is told next, all follow
// from the log. Compaction removes nothing from it here: it only forbids questions. [Next] says what state an action leads to,
// [AnswerTo] what its issuer is told; they are held against a memory store and a real etcd, and are all that a judge needs.
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
// [World] is the store as it is: members that each are the store alone, only later. What they have in common is the order of the writes that
// were agreed on; each has carried out the first of them. The machine, [New], lets members lag, leaders be lost, clients give up and watches
// break off. The properties say what can be relied on all the same.
//
//	move     enabled when                                         changes
//	Ask      a client is idle, and a request is left              a request is at a member
//	Commit   a write is on its way, and there is a leader         it has the next place in the order: it is agreed on
//	Confirm  a list that is not serializable is on its way, and   its member must carry out all that is agreed on now
//	         there is a leader
//	Apply    a member has not carried out every entry             it carries out the next; who waits for that has an answer
//	Reply    a write was carried out where it was asked for, or   the client knows what became of the write, or what the member holds
//	         the member of a list has come far enough
//	Refuse   a request is on its way, and there is no leader      the client knows that it was not done
//	Lose     a client waits for a write, and a loss is left, or   the client does not know what became of it, nor ever will; if it has no
//	         the write is on its way, and there is no leader      place in the order, it is late
//	Land     a write is late, and there is a leader               it has the next place in the order
//	Drop     a write is late                                      it never will have one
//	Attach   a watcher has no watch                               it has one at a member, for what comes after all that it was told
//	Tell     the watch has a change to tell, or compaction has    the watcher knows it, or that history is gone
//	         passed it
//	Mark     the watch has nothing left to tell                   the watcher knows that: a progress notice
//	Skip     the watch waits at changes it does not ask for       the watch's position
//	Break    a watch is open, and a cut is left                   it is not
//	Depose   there is a leader, and an election is left           there is none
//	Elect    there is no leader                                   there is one
//	Heal     nobody has healed the world                          nothing is asked for or lost any more, watches stay, and so does a leader
//
// What must not be put off for ever are Commit, Confirm, Apply, Reply, Attach, Tell, Elect and Heal, and that what is late lands or is dropped.
//
// # Three ideas
//
// The order of entries is that of row 1. A write takes its place at the end, when all that anybody was told of is agreed on already
// ([Agreed]), and places are kept ([Grows]); so real time allows the order. That each answer is the one of its place ([Answered]), and that a
// list which is not serializable shows all that was known when it was asked for ([Fresh]), makes the store strictly serializable.
//
// An outcome that nobody knows is a write that is late. It has its effect at any later moment or never, but not twice (row 3), and it is
// told as not done only if it never will be ([NotDone]).
//
// A watcher knows one number: up to where it believes that it was told everything. That it was, at all times and over all breaks and members
// ([Complete]), is most of row 5. If compaction takes what it was not told, it can only be told so.
//
// # Not modelled
//
//   - several keys written in one transaction, leases: the API server has no use for them;
//   - guards, gets, counts, prefixes and pages of lists are the store's alone: members differ in how far they are, and in nothing else. That is
//     what [Replicated] says, and what is compared with a real etcd one by one;
//   - how members come to agree: votes, terms and what was proposed, but not agreed on. A client cannot tell a proposal that a lost leader had
//     from a request that is still on its way;
//   - a crash of a member, and its disk (row 2): what is agreed on is on the disks of most members. Its clients see a watch that breaks off,
//     answers that are lost, and a member that lags; it serves nobody before it has carried out again what it had. A snapshot from the leader
//     is several entries at once. A store that was restored from a backup (E17) is another store;
//   - what is under way from a member to a watcher: a break loses it, and it is told in order, so it is as if it had not been sent;
//   - what a watcher does that was told that history is gone: it lists, and is another. See model/api;
//   - a request to compact what is compacted already, but for races, or the future;
//   - the moment at which etcd moves a watch past changes that do not concern it. It matters only if compaction comes between, and Pass may or
//     may not have been taken by then.
//
// Sources: INVARIANTS.md, rows 1 to 5; BUGS.md, E02 to E13; etcd's "KV API guarantees" (website v3.6, learning/api_guarantees);
// server/storage/mvcc of v3.7 for the edges; Ongaro, Consensus: Bridging Theory and Practice (2014), section 6.4 for lists that show the
// present.
package store
