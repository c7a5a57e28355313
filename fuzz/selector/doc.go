// Package selector holds the selectors of the API server and of the checkers against upstream's. It is all test, in a
// package of its own because a fuzz target is as slow as the program that it is linked into is large.
//
// Sources: apimachinery pkg/labels and pkg/fields, for what is accepted and what it selects.
package selector
