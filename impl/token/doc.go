// Package token is the tokens of service accounts: what they say, how they are signed, and when one is accepted.
//
//  1. Signing is a function of a key and of what is said: the same [Claims] make the same text, whenever and wherever. Time is an argument.
//  2. There are two kinds, with upstream's claims. A bound token says until when and for whom it is good and may live with a pod, a secret or a
//     node; a legacy token stands in a secret and lives with it, without an end. [Claims.Legacy] tells them apart.
//  3. [Verifier.Verify] returns what a text says only if one of the keys has signed it, by RS256, and its issuer is one of the two. Nothing that
//     an unsigned text says is believed, not even the algorithm that it names.
//  4. [Claims.Accept] is when what is said holds, in the order of model/account ([RefusesToken] there): the audience, the time, the account, what
//     it is bound to. How late it may be is up to who looks the objects up: the API server reads them live, so not at all.
//
// Why RS256 (RSASSA-PKCS1-v1_5): its signature follows from key and text. That of ES256 is different every time, so that a decision to write a
// secret could not be repeated; and EdDSA, which could, is none of the algorithms that upstream accepts.
//
// # Not done
//
// Keys are not changed while a cluster lives, though a [Verifier] takes several. Nothing is told of tokens that are used after they should have
// been renewed (warnafter). There is no OpenID discovery document.
//
// Sources: pkg/serviceaccount of Kubernetes v1.37 (claims.go, legacy.go, jwt.go); KEP-1205 and KEP-4193; RFC 7519.
//
// [RefusesToken]: ../../model/account/accept.go
package token
