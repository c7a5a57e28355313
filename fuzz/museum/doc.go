// Package museum keeps known historical bugs and plants them, one at a time, so that each can be seen to be caught.
//
// A bug is a patch file, testdata/museum/<ID>-<words>.patch, with the IDs of the project's list of historical bugs. Its
// head is a comment of "Name: value" lines:
//
//	# Bug: what the planted code does wrong, in one sentence
//	# Cites: where it happened
//	# Guarantee: part of the sentence of the guarantee that it breaks, as the checker words it; of several, " or " between them
//	# Found by: the commands that must find it, with the flags that they need
//
// and the rest is a unified diff. Paths below "a/" and "b/" are relative to the project; a path that begins with
// "module:" names a file of a module that the project requires, so that etcd and containerd can be broken too.
//
// The duties of this package:
//
//  1. The tree is never touched: the patched files are written elsewhere, and "go build -overlay" puts them in place of
//     the originals.
//  2. A patch that does not apply, or does not build, is an error that names the patch. It is never counted as "found"
//     and never as "not found".
//  3. Found means: the verdict is Illegal and names the guarantee that the head names. A run that fails in another way has
//     found something, but not this bug.
//
// **Not done**: bugs that need another version of a part; a bug is always planted in the version that go.mod pins.
//
// Sources: BUGS.md; go help build, for the overlay; etcd tests/robustness, for its table of bugs that are made again.
package museum
