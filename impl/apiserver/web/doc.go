// Package web serves the Kubernetes API over HTTP/1.1 and HTTP/2: the shell of an API server.
//
// It decides nothing about objects. It turns HTTP into [api.Request] values, has a [client.Transport] answer them, and turns
// the answers into HTTP, so that stock kubectl, client-go and upstream's own components can talk to it.
//
// The contract:
//
//  1. Nobody is served who is not known, but for /healthz, /livez, /readyz and /version. Credentials end here: neither the
//     Transport nor a kubelet sees them.
//
//     A client is known by a certificate of the cluster's authority, by a token of a file, or by the token of a service account: that is refused from
//     the moment on at which the account, or what the token is bound to, is gone from the store. Who is known is in the context of the request.
//
//     Who may impersonate somebody is served as him, and as himself by no request that says Impersonate-anything. It takes the verb impersonate on
//     the user or service account, and on each group, UID and extra that is asked for.
//
//     Nobody is served what he may not have: the [Authorizer] is asked once, before anything is read, about what method and path say, whether or
//     not there is such a thing. A stream by GET takes the right to create it as well. Without an Authorizer everybody may do everything.
//     Reviews answer who may do what.
//
//  2. Every answer that is no success is a Status with upstream's reason, code and words; what is not served is answered as
//     upstream answers for an unknown resource. A panic is a 500 and a line in the log.
//
//  3. Objects come and go as JSON, YAML or protobuf, and are shown as they are, as Tables or as their metadata alone, as the
//     client prefers. What is not understood, in a header, a parameter or a body, is refused by name and never guessed at.
//
//  4. Nothing is unbounded: the size of headers and bodies, the depth of documents, the number of requests in work and of
//     streams, the time a request, a silent connection or a watcher that does not read may take. Watches and streams to
//     kubelets are exempt from number and time; they end when the server stops.
//
//  5. An event is encoded once for all watches that show it in the same form.
//
//  6. A body that was begun and cannot be finished breaks its connection off: no client takes a part for the whole.
//
// The way of a request, and what it may be answered on the way:
//
//	authenticate  401
//	impersonate   400, 403
//	authorize     403
//	route         404, 405
//	limit         429, 504
//	read          400, 406, 413, 415     into an api.Request
//	do            the server's own       by the Transport
//	show                                 as JSON, YAML, protobuf; itself, Table, metadata
//
// **Not done**: impersonation by narrower rights than the verb impersonate (KEP-5284); reviews in discovery, which no client asks before it sends one; compressed answers, which cost
// more than they save on one host; watches over WebSocket and the deprecated /watch/ paths, which no client in use asks
// for; server-side apply; priority and fairness (the older in-flight limits are there); the proxy subresources;
// pods/ephemeralcontainers, pods/resize; evictions in policy/v1beta1; WebSocket streams of kubectl's newest protocol, which are refused so
// that kubectl uses SPDY (see upgradable).
//
// Upstream: /healthz, /livez, /readyz and /version are anybody's by the role system:public-info-viewer; here they always are.
//
// Sources: k8s.io/apiserver v0.37 pkg/endpoints/{handlers,request,discovery}, pkg/server/{filters,healthz};
// kubernetes/kubernetes pkg/registry/core/pod (strategy.go, rest/) for the way to a kubelet.
package web
