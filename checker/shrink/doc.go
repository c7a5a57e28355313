// Package shrink makes what a failure needs as small as it can: of a script, the lines without which it would not happen.
//
// [Lines] is given a script that fails and a function that tells whether another one fails in the same way. It never returns one
// that does not.
//
//  1. A failing prefix is looked for, by halves.
//  2. Ranges of lines are left out, the longest first, down to single lines; again and again until none can be.
//  3. Each line is replaced by simpler ones, in the order in which they are offered; what can be left out after that, is.
//
// The result is small, not the smallest: no line can be left out of it, and none be replaced by a simpler one.
//
// **Not done**: several tries at once.
//
// Source: Zeller and Hildebrandt, Simplifying and isolating failure-inducing input (2002).
package shrink
