// Package client is how every component speaks to the API server.
//
//   - [Transport] carries one request and its answer, or a watch. apiserver.Server is one in process; [HTTP] is one over
//     HTTP/2, to several servers in turn.
//   - [Recorded] wraps a Transport and tells a trace what was called, what was answered, and what a watch delivered.
//   - [Reflector] keeps a cache fed: list, watch, resume, and list again when the history is gone. It is steppable;
//     [Reflect] is its goroutine shell.
//
// What an error means is said by [api.OutcomeOf]: a request that may have left and was not answered is Unknown, for ever.
// No write is sent twice by a Transport: failover to the next server happens only where nothing was sent (connection
// refused, no route, failed TLS handshake). Reads are asked again elsewhere.
//
// What has no path of its own is refused and not sent, in the words of a server in process: a get without a name would be
// answered as a list, and a delete without one would delete all.
//
// A connection that hangs without closing is noticed by HTTP/2 pings, and ends its watches and requests (C06).
//
// What the watches of one transport are told in the same bytes is decoded once and shared: nobody may modify what is received.
//
// Lists are consistent reads (no resourceVersion), so a relist at a server that lags does not go back in time (C01).
//
// # Not done
//
// Paging of a reflector's list: the server answers from one snapshot either way. WatchList (initial events) likewise.
//
// Sources: client-go tools/cache/reflector.go for when to list again; KEP-2340 for consistent reads; k/k#59848, #48638.
package client
