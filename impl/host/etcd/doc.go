// Package etcd is the process of one etcd member, and what an administrator of the members does: `orrery etcd`, commands around [etcd.Start] of
// impl/store and its package membership.
//
//	etcd                                    run a member
//	etcd member list|add|remove|replace     move the members from what they are to what is wanted, one safe step after the other
//	etcd snapshot save|restore              save the store; make the data of a new cluster of that, its revision raised and its past marked as gone
//
// The contract:
//
//  1. A member speaks mutual TLS with clients and peers, by a certificate that it issues to itself from an authority which should be
//     etcd's alone: whoever has a certificate of it may do everything.
//  2. It ends with one clear line where it cannot start, and by itself when the member stops.
//  3. A change of the members that would leave no quorum of those that answer is refused, with what would help; one that was interrupted can be asked for
//     again.
//
// **Not done**: moving a member to another address; a snapshot of a member that does not run.
//
// Sources: etcd v3.7 configuration options, runtime reconfiguration and disaster recovery guides; kubeadm's certificates for etcd; KEP-3904 for why
// a restored store's revision is raised.
package etcd
