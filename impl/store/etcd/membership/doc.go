// Package membership moves the members of an etcd cluster from what they are to what is wanted, one safe change at a time.
//
// [Next] decides: a pure function of the members as they are, with which of them answer, and as they are wanted. [Converge] asks etcd, carries
// the decision out and asks again, so that it may be begun anew at any time by anybody.
//
//	decision   when
//	refuse     fewer than a quorum of the voting members answer: nothing can be changed, and nothing should
//	promote    a learner is wanted
//	remove     a learner is not wanted; a voting member is not wanted, the remaining ones that answer are a quorum of those that remain, and
//	           it does not answer, or its address is wanted for another, or all that are wanted vote already
//	lead       the one to be removed leads: another that answers and stays leads first
//	add        one is missing: as a learner, which has no vote until it has caught up
//	wait       a learner was added and has not caught up
//
// The contract:
//
//  1. After each change the voting members that answer are a quorum, if they were one before.
//  2. At most one learner at a time, and no change while one that is wanted has not caught up.
//  3. What is as it is wanted is left alone. A member is known by its ID: one whose data is lost is a new one, though it has the same name.
//
// # Not done
//
// Changing where a member that stays serves its peers; several learners; telling whether a member that does not answer is gone for good: who asks
// says so by not wanting it.
//
// Sources: etcd's design of learners and its runtime reconfiguration guide, v3.7; the Raft thesis, section 4, for one change at a time.
package membership
