// Package etcd is the process of one etcd member: `orrery etcd`, a command around [etcd.Start] of impl/store.
//
// The contract:
//
//  1. It speaks mutual TLS with clients and peers, by a certificate that it issues to itself from the cluster's authority.
//  2. It ends with one clear line where it cannot start, and by itself when the member stops.
//
// **Not done**: changing the members of a cluster that runs; etcd's own tools can, the certificates fit.
//
// Sources: etcd v3.7 configuration options, kubeadm's certificates for etcd.
package etcd
