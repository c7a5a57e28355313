// Package rules says which rules a node's proxy is to have put into its kernel, from what the store held: services and slices at a revision each.
//
// It reads stored objects into the words of model/proxy, lets the model decide, and writes the rules down as a trace hashes them; see [trace.Rules]. It
// shares nothing with impl/proxy, so that the two are held against each other.
//
// A port of a service is a service to the model, and so is its port of the node. Addresses and endpoints become numbers in the order in which they are
// written down, UIDs in the order in which services were made: by their times, which are told to the second, and then by their text.
//
// **Not done**: flows, which no trace shows.
//
// Sources: model/proxy; INVARIANTS.md, rows 101, 113 and 118.
package rules
