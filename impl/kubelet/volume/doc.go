// Package volume writes the content of volumes so that a reader never sees half of an update.
//
// [Write] keeps upstream's layout, which applications know (they watch ..data):
//
//		DIR/..2026_11_23_10_00_00.123456789/path/file   one whole version of the content
//		DIR/..data -> ..2026_11_23_10_00_00.123456789   the current one, replaced by rename
//		DIR/path   -> ..data/path                       what the application names
//
//	 1. Between any two system calls, and after a crash at any of them, every path shows the old content or the new one.
//	 2. Content that has not changed is not written again: ..data stays.
//	 3. A path cannot leave DIR nor meddle with what begins with "..".
//
// Source: kubernetes pkg/volume/util/atomic_writer.go, v1.37, for the layout.
//
// **Not done**: mounting, which the runtime does; owners and modes beyond what a file is given when it is written.
package volume
