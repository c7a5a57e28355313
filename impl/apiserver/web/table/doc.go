// Package table shows objects as rows, so that every client prints the same columns and knows nothing of the kinds.
//
// The contract: the columns, their order, their priority (1: only with -o wide) and the text of every cell are upstream's, for
// each kind in api.Resources; a kind without columns of its own shows its name and when it was created. Ages are counted
// from the time given. Convert changes nothing in what it is given; rows hold the objects themselves.
//
// **Not done**: columns of kinds that are not served.
//
// Sources: kubernetes/kubernetes pkg/printers/internalversion/printers.go.
package table
