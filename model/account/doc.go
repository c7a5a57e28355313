// Package account is the specification of who looks after service accounts: one namespace, its default account, the map with the root
// certificates and the secrets that hold tokens; one controller that sees the past; and one authenticator that accepts tokens. Upstream
// the controller is three; they share what they see and so are one here.
//
// There are three layers. [View.Refuses] says which plan is allowed in a view, and [Known.Accepts] which token an authenticator accepts by
// what it knows: they are all that a judge needs. The machine, [New], puts both into a world: caches are late, requests are lost or land late,
// the controller crashes, users delete what they should not, and what is deleted is created anew under the same name. The properties say
// what must come of it.
//
//	action       enabled when                                            changes
//	End          the namespace is active                                 it is being deleted
//	Again        it is gone                                              a namespace of the same name
//	Make         it is active and the account is gone                    an account of the same name, with another UID, by a user
//	Edit         the map is right                                        it is wrong
//	Erase        the account, the map or a secret is there               it is gone
//	Ask          the users' name of a secret is free                     a secret that names the account and has no token
//	Begin, Stop  the account is there and the pod is not; the pod is     the pod is there, with another UID than the last; it is gone
//	Empty        the namespace is being deleted and holds something      that is gone, by the namespace controller
//	Finish       the namespace is being deleted and holds nothing        it is gone
//	Issue        the account is there                                    somebody has a token: for the pod, for another audience, or from a secret
//	Accept       the authenticator accepts that token                    nothing
//	Learn        the authenticator's cache is old                        it shows what there is
//	SeePhase     the controller's cache shows another phase              it shows the namespace's
//	See          it shows an older version of an object                  it shows the object
//	Look         all that a decision lacks is a live read                the cache shows the account, as of now
//	Work         the view does not refuse it                             what is decided is sent
//	Arrive       a request is on its way                                 what it asks for, if its precondition holds; the controller knows
//	GiveUp       a request is on its way                                 the outcome is unknown, and the request still is on its way
//	Land, Drop   a request is on its way that was given up               it arrives, or never will
//	Resolve      an outcome is unknown                                   it is sent again
//	Crash        the controller is up                                    all that it knows is gone; what it sent is on its way
//	Start        it is down                                              its cache shows what there is
//	Heal         nobody has healed the world                             nothing is lost or crashes any more, and no user changes anything
//	Tick         the authenticator's cache is not old                    the token is good for one tick less
//
// What must not be put off for ever are Empty, Finish, Learn, SeePhase, See, Look, Work, Resolve, Arrive, Start, Heal, Tick, and that what
// was given up lands or is dropped.
//
// # How it decides
//
// Every write is one that can be sent twice: a creation needs its name to be free, everything else the version that was seen. So no answer
// need be waited for but to keep from deciding about what is under way, and a request of unknown outcome is sent again. It follows for
// generated tokens that their name must follow from their account's ([OneGenerated]); with names made up by the server a lost answer makes two.
//
// Whatever is created may be created late, into a namespace of the same name or for an account that is gone. The account and the map are
// wanted there as well; a token that is not is found by the UID that it carries, and purged.
//
// A purge is the one thing that cannot be undone, so it needs a live read of the account. UIDs are not given twice: that an account of some
// UID is gone stays true, and so a secret that says whose it is, by UID, is purged only if it is an orphan at that very moment. One that says
// only the name is judged by whether there is an account, so the read must be later than what the cache shows of the secret: a read
// that is older may have been made before both. See [View.Refuses] and [PurgesOrphans].
//
//   - Upstream: reads the account live if it sees a secret without one, and not if it sees that an account was deleted: then it purges by its
//     cache what names it, also a secret that does not say a UID and is for the next account of the name (tokens_controller.go, deleteTokens);
//   - Upstream: deletes a secret with its UID as precondition only. Here with its version, so that one which was filled meanwhile stays;
//   - Upstream: the publisher of the map tries in a terminating namespace also, and is refused. Here it does not try;
//   - Upstream: a token is accepted for a minute after its account or its pod was to be gone. Here as long as the authenticator's cache shows
//     them, and a tick is the bound for how late it is.
//
// # Where it begins, and what is claimed then
//
// A world begins well, as its [Domain] says, or anyhow (row 123): with tokens of accounts that are gone, secrets that have a token and do not say whose, or
// say whose and have none, and an authenticator that believes in what is not there; see [anyhow], also for the states from which nobody recovers.
// From all others, too, it comes to where all is as it should be, stays so, and nothing more is written (row 119). Of all claims [FillsOnce] and
// [AcceptsLiving] are not made: of the token of such a secret nobody knows who uses it, and such an authenticator is later than any may be.
//
// Nothing is local: all that the controller reads and writes is what users, too, write and delete, and all that the authenticator does is watched.
// A late request that would be refused could be taken alone, and is one state in fifty.
//
// # Not modelled
//
//   - several namespaces, accounts with other names: nothing is created for them but tokens, which are each a world like this one;
//   - the list of secrets in an account: upstream writes it no more;
//   - tokens that users take out of a secret: what stands there must be the token that is presented, and that is a comparison of strings;
//   - secrets with tokens that nobody has used for a year, which upstream deletes: that is a matter of days, and of labels;
//   - tokens bound to nodes: a node is one more object ([OfNode]);
//   - the certificates themselves, and their change: it makes the map wrong, as an edit does;
//   - objects being deleted that are still there: they count as there;
//   - a namespace's UID: what comes late into another of the name is wanted there too, or purged;
//   - a list that is older than what an earlier process of the controller has seen (row 39);
//   - two controllers at once (row 44): a controller that crashed, and whose requests land late, is one.
//
// Sources: INVARIANTS.md, rows 28, 33, 37, 40, 43, 103 to 106, 108, 119, 123; BUGS.md, T01 to T06; upstream's pkg/controller/serviceaccount,
// pkg/controller/certificates/rootcacertpublisher and pkg/serviceaccount (claims.go, legacy.go) of v1.37; KEP-1205 for bound tokens.
package account
