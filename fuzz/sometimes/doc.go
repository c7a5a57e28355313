// Package sometimes names the interesting states that runs of the workload reach, in the real world and in the simulated one.
//
// A run, or a campaign of runs, that has not reached those that are required has not shown much, however green it is: each state
// is one without which some guarantee would be true for want of occasion.
//
// **Not done**: states inside a component; what of the deciding files was executed is told by coverage.
//
// Sources: DESIGN.md section 6; TLA+ and Stateright for "sometimes" properties.
package sometimes
