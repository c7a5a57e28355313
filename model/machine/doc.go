// Package machine is the kernel of the models: what a state machine is, what may be said of it, and a search through all of its
// states.
//
// A [Machine] has initial states, and in every state a list of actions that are enabled; each leads to one next state. Time, chance, the
// order of messages and every fault are actions: where two things could happen, both are explored. What is claimed:
//
//	Always      holds in every state that can be reached
//	AlwaysStep  holds of every step: the state before, the action, the state after
//	Sometimes   is reached at least once; a machine that reaches nothing interesting proves nothing
//	Eventually  comes to hold, and stays, in every fair behavior: see below
//
// [Explore] visits all states within the machine's boundary, the nearest first, so that what it finds wrong is shown by a shortest
// [Path]. What it reports does not depend on how many workers it has.
//
// # Fairness
//
// Nothing comes to pass if nothing need ever happen. Actions that must not be put off for ever belong to a class ([Machine.Fair]), and a
// behavior is fair if each class that stays enabled from some state on is taken again and again (weak fairness). Faults belong to no
// class: they may happen or not, and the act of switching them off is fair. A property P holds eventually if no fair behavior has a state
// without P again and again. (In words of temporal logic that is ◇□P and not ◇P: what is reached and left again does not hold eventually, as
// eventually stable reconciliation asks.) Every strongly connected component of the graph of states that has one, and in which each class is
// somewhere not enabled or else taken, is a counterexample, and so is a state without P in which nothing is enabled. (For weak
// fairness this is exact: if the component as a whole starves a class, so does each part of it.)
//
// # Fewer states
//
// Where names can be exchanged, [Machine.Canonical] picks one state to stand for all that differ in names only. Where an action commutes
// with all others and no property sees it, [Machine.Local] has it taken at once and alone, unless it leads to what was visited already
// (that would put the others off for ever). Both are claims of the machine; [Options] can switch each off, and the tests of a machine that
// makes them compare the verdicts (for Local see Reduced of package mutant). With reduction, a path that is found need not be a shortest
// one. What is tempting is explored without, as a machine answers for its properties only.
//
// States are told apart by 64 bits of a hash of what [Machine.Encode] writes. With n states the probability that two of them are mistaken
// for one is at most n²/2⁶⁵: one in 37 million for a million states. [Options.Exact] keeps the encodings and has none.
//
// # Not done
//
// Strong fairness. States on disk: what does not fit in memory is not explored. Reduction while [Machine.Eventually] is checked: a reduced
// graph has fewer cycles, so Explore expands everything then.
//
// Sources: Lamport, Specifying Systems (2002), chapter 8 for fairness; Holzmann, The SPIN Model Checker (2004) for reduction and the
// condition on cycles; Stateright for Always, Sometimes and Eventually as words.
package machine
