// Package exploration is `orrery explore`: it searches all states of a component's model, within bounds that the caller sets, and tells
// what holds in them.
//
//  1. It prints, in this order, the bounds; how many states there are; each property of the model and whether it holds; and of the first
//     that does not a shortest counterexample, in numbered steps with what each changed. That text is the same whenever the same is asked. How
//     fast it was goes to the error output, with the progress.
//
//  2. Three outcomes: every property holds in all states within the bounds (exit status 0), one is broken (1), or the search ended before
//     everything was visited and found nothing wrong (2).
//
//  3. --property checks one claim by itself, which may also be one of the model's tempting ones: what one might believe, and is wrong.
//
//  4. --script writes the counterexample as a script, and `orrery sim --script` takes it with the real component: see package script.
//
//  5. --dot writes the graph of all states for Graphviz; --svg draws it, if it is small enough for a picture to tell anything.
//
// A component joins by one entry in [components].
//
// # Not done
//
// Scripts of the models of components that are not simulated.
package exploration
