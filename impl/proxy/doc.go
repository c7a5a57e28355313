// Package proxy is kube-proxy: it makes the kernel of its node send packets for services to their endpoints.
//
//	wanted.go      services and slices to rules: a pure function, after model/proxy
//	reconcile.go   what is done next: the whole set of rules, or the flows that must not stay
//	local.go       the effects, and what is known of the kernel
//	rules          the contract with the kernel; rules/fake is one in memory, rules/nft that of Linux
//
// The contract:
//
//  1. Nothing is decided before all services and all slices were listed (row 114): else every client of the node would be rejected.
//  2. The set follows from services and slices, and from which node this is, and from nothing else (row 113).
//  3. The whole set is written, in one transaction, whenever the kernel is not known to hold it: after a change, a start, a failure, or a write of which
//     nobody knows what became (row 115). One that the kernel holds is not written again. A kernel from which somebody has removed something is
//     found out by looking, from time to time.
//  4. Once the rules are there, flows of UDP are ended that may not stay (row 116): also if only what stays has changed, and whether or not their
//     service is still there.
//  5. Crashes, ends and starts change nothing in the kernel (row 117).
//
// Upstream: counts an endpoint of which nothing is said as ready and serving; so do we. Of two slices that contradict each other the last that is met
// counts there; here what was true last, as model/proxy says.
//
// # Not done
//
// IPv6, SCTP, external addresses, load balancers' own addresses, topology hints, health checks for load balancers. A node that is asked at a node port of policy
// Local by one of its own pods gives it only endpoints on the node, as it does others. Node ports at 127.0.0.1. Changes are not gathered up before they
// are written, but while a set is on its way.
//
// Where pods share a bridge, one that reaches another by a service is answered right only if the bridge's packets pass through the rules
// (net.bridge.bridge-nf-call-iptables=1), as with upstream's. Pods of `orrery up` have a cable each.
//
// Sources: model/proxy; INVARIANTS.md, rows 101, 113 to 118, 123; BUGS.md, X01 to X09; upstream's pkg/proxy of v1.37; KEP-1669.
package proxy
