// Package fake is a kernel in memory, for the rules of a proxy: it holds a set, and flows as state. Faults are the caller's.
//
// **Not done**: timeouts of affinity, which would need a clock; connections as such: a flow of TCP is only remembered.
//
// Sources: package rules; model/proxy, whose kernel it is.
package fake
