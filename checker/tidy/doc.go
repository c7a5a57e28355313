// Package tidy judges the source instead of a run: that rooms import only what they may, that code which decides can be
// repeated to the byte, and that the tree stays in its shape. Its tests are the guard; nothing else uses it.
//
// # The import law
//
//	model/...       the standard library and model/..., but no clock, chance, lock, context, file, network or log
//	impl/...        all but model, checker and fuzz
//	impl/trace      the standard library
//	checker/...     the standard library, a few libraries for data and search, model/..., and of impl only impl/trace
//	fuzz, main.go   all
//
// Tests are under the law of their package, and may use the test libraries (outside model).
//
// # The rules of determinism
//
// A file decides if it is named reconcile.go or decide*.go, or belongs to one of [Deciding]. In it there is
//
//  1. no go statement, channel or select;
//  2. no lock, random number, HTTP or etcd: see [ForbiddenToDeciders];
//  3. no clock: time comes in as an argument;
//  4. no range over a map whose order leaks. It does not leak if the loop only collects into a slice that is sorted
//     further down in the same function, only writes or deletes under the loop's own key in another map, or does not
//     look at what it ranges over. Otherwise the line above says "// order does not matter: " and why.
//
// # The shape of the tree
//
// The rooms stand at the top and nothing else does; every package has a doc.go with a package comment; no file names a
// path of somebody's machine.
//
// **Not done**: what is forbidden to a deciding file is not looked for in what it calls. A helper in a shell's file that
// reads the clock escapes this package, and is met by the simulation, which runs every seed twice.
package tidy
