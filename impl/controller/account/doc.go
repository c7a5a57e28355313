// Package account looks after service accounts: every namespace that is active has an account named default and a map with the root certificates
// by which its pods know the API server, and secrets that are to hold the token of an account do.
//
// One reconciliation is about one namespace. All that is called for is done at once, as model/account has it:
//
//	create    the default account, where there is none
//	publish   the map kube-root-ca.crt, where there is none; repair it, where it holds anything else (row 103)
//	generate  a secret with a token for the default account, where that is the policy and it has none (row 106)
//	fill      a secret that names an account that is there, and does not hold its token, or not these certificates
//	purge     a secret whose account is gone, or is another of the name (row 104)
//
// In a namespace that is not active nothing is made. While nobody knows what became of a write to an object, it is left alone, as are the secrets
// of an account of which that is not known.
//
// A purge is the one thing that cannot be undone, so it takes a live read of the account, and one that is later than what is known of the secret:
// the secret is read first, and then the account, and if the secret is still the version that the cache shows, the answer is about it. It
// requires the UID and that version.
//
// The token of a secret follows from the account, the secret's name and the key, so that to write it twice is to write the same (impl/token). The
// name of a generated secret follows from the account's: a create of unknown outcome can be sent again, and there is never a second one (T01).
//
//   - Upstream: three controllers (pkg/controller/serviceaccount, pkg/controller/certificates/rootcacertpublisher);
//   - Upstream: v1.24 and later generate no token; v1.23 and earlier one for every account, under a name that the server makes up;
//   - Upstream: deletes by UID only, and by its cache what an account that was deleted has left.
//
// # Not done
//
// A secret of another type that has the name of a generated one is not seen, and the create that meets it is tried again every half minute. What a
// user has made immutable is not repaired. A token that stands in a secret is not judged: if the key is another now, who wants a new token
// deletes the secret. Tokens that nobody uses are not cleaned up.
//
// Sources: INVARIANTS.md rows 103, 104, 106; BUGS.md T01, T03, T05; upstream's packages named above, and pkg/serviceaccount, of v1.37.
package account
