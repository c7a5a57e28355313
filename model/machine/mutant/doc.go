// Package mutant shows that the properties of a machine are not vacuous: each must be broken by a machine that has one thing wrong.
//
// [Kills] explores every mutant, and says which properties it breaks. It is for tests: the text is kept beside them,
// so that a property which loses its teeth is a change that somebody reads.
package mutant
