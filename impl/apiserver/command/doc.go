// Package command is the process `orrery apiserver`: an etcd client, an [apiserver.Server], and HTTP in front of it.
//
//  1. It listens first, so that a port in use is told before anything else is done, and answers /livez and /readyz from
//     then on. It is ready when etcd answers, the caches are filled, and the default namespaces are there.
//  2. Without etcd it waits, says so once, and goes on when etcd is there.
//  3. On SIGTERM or an interrupt it ends watches, lets other requests finish, and exits with 0. A second one kills it.
//  4. What is wrong with a flag, a file or an address is said in one line that names it.
//
// **Not done**: reloading of certificates and tokens while it runs.
//
// Sources: kubernetes/kubernetes cmd/kube-apiserver (v1.37) for the flags' names and defaults.
package command
