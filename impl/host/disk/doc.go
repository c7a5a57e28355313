// Package disk is a disk that can be told to misbehave: a file system over a directory, in a process of its own.
//
// The contract:
//
//  1. A good disk passes everything through to its backing directory; mapped files, as bbolt has them, see what is written.
//  2. A stalled fsync (or write) neither fails nor returns until it is released, whoever waits for it; only a process that
//     is being killed is let go. Nothing else is held up: reads go on.
//  3. A [Client.Crash] loses what was not yet synced, newest first, and keeps what was. See the table.
//  4. What a fault really did is counted.
//  5. However the disk ends, the process that uses it can be killed and the mount removed: see [Detach].
//
// What is durable when, in the way of a journaling file system (ext4):
//
//	operation                              durable after
//	write, truncate, allocate of a file    the next fsync of that file
//	create, rename, unlink, mkdir, rmdir   the next fsync of any file or directory
//	mode, owner, times                     at once
//
// So a crash may leave a file that has its name but not its contents, as real ones do. It is done by undoing: every operation
// goes to the backing directory at once and leaves a note in memory how to take it back, which the fsync throws away.
//
// The server must not live in the process that uses the files: bbolt maps its file, a page fault of the Go runtime would
// wait for a server that the same runtime should run, and not even SIGKILL ends that. A stalled write keeps page locks, on
// which a reader of the mapped file waits in a thread that the scheduler counts as running; hence fsync is what is stalled
// first, and write only on demand.
//
// **Not done**: hard and symbolic links, devices, extended attributes, locks between hosts; renames that exchange. etcd uses
// none of them. What the kernel writes back by itself is modelled only as a bound on what is kept in memory.
//
// Sources: fuse(4); Documentation/filesystems/fuse/fuse.rst and ext4/journal.rst of Linux 6.18.
package disk
