// Package ask asks a web server who it is, once, by a connection of its own, and tells apart what a judge must: an answer, a refusal, and all else.
//
// The server is the test server (impl/host/image/testserver), which answers with the name of its pod.
//
// The connection is opened by the calling goroutine, so that it is of the network in which its thread is; see machine.In.
//
// **Not done**: TLS, redirections, keeping connections.
//
// Sources: RFC 9112.
package ask
