// Package controltest is a very small world for the tests of components: an API that keeps its objects in a map, and
// processes that run loops against it, moved one step at a time by whoever chooses.
//
// It is no simulator of the cluster (that is impl/sim with the real API server): it has just what it takes to let a
// component meet every order of observation, work and answer, every outcome, and a crash at any place.
//
// # Not done
//
// Selectors, validation, defaults, paging.
//
// Source: STYLE.md section 3, for effects that are values and outcomes that are three.
package controltest
