// Package containerdtest gives tests a worker on which the real containerd runs: a machine of its own, the images of our own,
// and nothing left on the host when the test ends.
//
//  1. A test binary that uses it calls [Main] from TestMain: it re-executes itself as containerd, so that it can be killed.
//  2. The host's lock is held from [New] to the end of the test, and waited for with a bound.
//  3. A test fails if anything is left of its worker: processes, mounts, namespaces, cgroups, files.
//
// **Not done**: several workers in one test; the whole cluster is for the host package's own tests.
//
// Sources: DESIGN.md section 3, PARTS.md.
package containerdtest
