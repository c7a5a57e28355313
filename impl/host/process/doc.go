// Package process starts the processes of a cluster, each in its machine's network namespace, and keeps them running.
//
// The contract:
//
//  1. A process does not outlive the one that started it, however that ends: the kernel sends it a signal.
//  2. A supervised process that dies is started again with the same arguments, at once, and ever more slowly (up to
//     [MaxDelay]) if it keeps dying young. Every start and every exit is told.
//  3. [Process.Kill] and [Process.Pause] are the real thing, SIGKILL and SIGSTOP, and hit this process only: what it has
//     started lives on, as containers do when containerd is killed.
//  4. Output goes straight to a file, so that nothing is lost and nobody has to read it.
//
// **Not done**: limits on memory and processor time; machines share those of the host.
//
// Sources: prctl(2) on PR_SET_PDEATHSIG, setns(2).
package process
