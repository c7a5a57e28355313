// Package pki makes the certificates of a cluster: one authority in one directory, and leaf certificates from it.
//
// The contract:
//
//  1. A directory holds one authority for ever: ca.crt and ca.key are made by whoever calls [Ensure] first and never
//     replaced. Any number of processes may call Ensure and Issue on one directory at once.
//  2. A file is there whole or not at all, whatever crashes when.
//  3. The key NAME.key of a leaf is made once; NAME.crt is renewed when it is asked for and no longer says what it should
//     or has less than a third of its life left. So a certificate never stands beside the key of another.
//  4. The key sa.key that signs service accounts' tokens is made once, too, by whoever calls EnsureAccountKey first, and never replaced.
//  5. Identities are upstream's: the user is the common name, the groups are the organizations.
//
// **Not done**: intermediate authorities, revocation and signing requests (no component needs them, upstream's certificates
// API would).
//
// Sources: kubernetes/website, setup/best-practices/certificates; cmd/kubeadm/app/util/pkiutil (v1.37) for lifetimes.
package pki
