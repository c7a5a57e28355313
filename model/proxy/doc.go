// Package proxy is the specification of the proxy of services: one node, its kernel, which outlives the proxy, and one client.
//
// There are three layers. [View.Wanted] are the rules of the node, as a function of services and slices, and [View.Keeps] says which flows
// may stay; [View.Refuses] says which plan is allowed in a view: they are all that a judge needs of a recorded decision. The machine, [New],
// puts a proxy that decides so into a world: its cache is late, the kernel refuses what it writes, others remove its rules, it crashes,
// services pass addresses on, and slices contradict each other. The properties say what must come of it.
//
//	action                enabled when                                             changes
//	Vanish                a service is there                                       it is gone
//	Again                 a service is gone                                        it is there, with another UID and some free address
//	Policy                a service is there                                       whether only endpoints on the node are used
//	Set                   always                                                   what a slice says of a target
//	Tamper                always                                                   the kernel holds no rules
//	Connect               the client has no flow                                   it has one, where the kernel's rules lead
//	Expire                the client has a flow                                    it has none
//	List...               the proxy is up and has not listed services, or slices   the cache shows all of them
//	SeeService, SeeSlice  the cache shows another service, or slice                the cache shows it
//	Work                  the kernel is not known to hold what is wanted           the whole set of rules is on its way
//	Apply                 a set is on its way                                      the kernel holds it, and nothing else
//	Fail                  a set is on its way                                      the kernel has refused it
//	Answer                the kernel has taken or refused a set                    the proxy knows
//	LoseAnswer            the kernel has taken a set                               the proxy does not know
//	End                   the kernel holds what is wanted                          flows that must not stay are ended
//	FailToEnd             the same                                                 nothing
//	Resync                there is nothing to do                                   the proxy is no longer sure what the kernel holds
//	Crash                 the proxy is up                                          all that it knows is gone
//	Start                 it is down                                               it is up, and knows nothing
//	Heal                  nobody has healed the world                              nothing fails or crashes any more, and nobody changes anything
//
// What must not be put off for ever are the listing and seeing of services and of slices, each for itself, Work, End, Apply, Answer, Resync,
// Start and Heal. The client may do what it likes, for ever.
//
// # Rules
//
// Each address of a service leads to the endpoints that are ready; if there are none, to those that are being deleted and still serve; and
// if there are none of those either, clients are told (reject). If only endpoints on the node are allowed, the others do not count; but if
// some of those could be used, clients are not told (drop), as their packets may do better elsewhere or later. Readiness is what slices say
// it is: a service may publish endpoints that do not serve. Where slices or services contradict each other, as they are seen at different
// times, the rules do not depend on their order: see [View.Endpoints] and [View.Wanted].
//
// A set of rules takes the place of another at once. An implementation may write differences, as long as it is sure what they are
// differences to; after a failure, an unknown outcome or a start it is not, and writes everything (row 115).
//
// # Flows
//
// The kernel sends the packets of a flow where its first one went, whatever the rules say. For TCP both ends notice; UDP must be told. After
// each change, and once the rules are in the kernel, every flow of UDP is ended that may not stay: at what is no endpoint that serves; to an
// address that no service has any more; and one to a service's address that began before there was a rule and is not translated. What stays
// is never ended, not by a restart either, and whether an endpoint is preferred to others is no reason.
//
// The flows themselves tell which are the proxy's: its rules mark what they translate. A proxy that remembers which services are gone, to
// look for their flows, loses what it remembers if it crashes between the two writes, and the flow stays as long as its client sends; see
// the mutant of that name. Upstream: remembers them (k/k#141371, pkg/proxy/conntrack).
//
// Upstream: logs a failure to end flows, and tries again with the next sync. Here that is due at once, and until it has worked.
//
// # Where it begins, and what is claimed then
//
// A world begins well, as its [Domain] says, or anyhow (row 123): with any rules in the kernel, also for services that are gone and targets that are
// none, and with any flow; see [anyhow]. Everything is claimed there as well. From there, too, the kernel comes to hold the rules that are
// wanted, no flow stays where it must not, and both for good ([Stable], [Unpinned], row 119). The proxy itself never rests, as it looks at the kernel
// from time to time for ever: that it must not take the rules away to write them anew is what for good means here.
//
// The start, lists of what cannot change any more, and answers that nobody can lose are taken alone where nothing is claimed eventually; see
// local. That saves up to one state in five.
//
// # Not modelled
//
//   - nodePort, external addresses and load balancers: more addresses with the same endpoints; externalTrafficPolicy is the same as the
//     policy here, for those;
//   - several ports: each is a service here, as is each family of addresses;
//   - topology hints, that is which of the ready endpoints are near; the health check server; masquerading;
//   - the timeout of affinity, and that it is forgotten with time;
//   - how flows are found and ended: here that is one step. Between the two a target may become an endpoint again, and a flow that has just
//     begun there be ended with the others; its client begins another;
//   - sets that are applied in part: nftables takes a transaction as a whole.
//
// Sources: INVARIANTS.md, rows 33, 42, 101, 113 to 119, 123; BUGS.md, X01 to X09; upstream's pkg/proxy (topology.go, endpointslicecache.go,
// conntrack/cleanup.go, nftables/proxier.go) of v1.37; KEP-1669 for endpoints that are being deleted.
package proxy
