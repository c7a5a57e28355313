// Package checker judges a run: it asks every checker in order and joins what they say.
//
// The order is that of [Checkers]: wellformed, linear, watch, invariant, refine, converge. A checker stands on the ones before it,
// so that after one that found something the later ones are skipped: in a trace that is no faithful record, or a store
// that lost a write, whatever else looks wrong is mostly its shadow. An Unknown does not skip what comes after.
//
// To add a checker, write a package that returns a [verdict.Checker] and name it in [Checkers].
//
// Sources: DESIGN.md section 6; etcd tests/robustness for judging one trace by several checkers in order.
package checker
