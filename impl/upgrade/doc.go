// Package upgrade puts a client through to a server with which it speaks something else than HTTP: SPDY or WebSocket.
//
// The contract:
//
//  1. What the server has sent before it closed its side reaches the client, though the client still speaks: upstream's handler ends both ways as soon
//     as one ends, so that the last words of a command were lost when the server was gone before it had read all of the client's.
//  2. When the server has closed its side, or the client, the other is closed.
//  3. Where the server cannot be reached, or refuses, the client is told so.
//
// Source: kubernetes v1.37 apimachinery pkg/util/proxy/upgradeaware.go.
package upgrade
