// Package cri is the kubelet's runtime in the real world: containerd, or whatever else serves CRI v1 on a unix socket.
//
// A list is two calls and, for each container whose state is new, one more: what a container was when it entered a state
// does not change while it stays there, so it is asked once and kept. A call that finds no runtime fails at once with
// [runtime.ErrUnavailable]; the connection is made again in the background.
//
// StopContainer is the one call of CRI that waits for a container; here it is made in the background, and its end is told
// like a container event. A containerd that died forgets it: the next one is told again, with the rest of the grace.
//
// A container that has just ended is removed as soon as containerd has noted its end; asked before, containerd answers that it runs.
//
// The times of a container are in order, also where containerd tells of a start that it returned from after the end.
//
// **Not done**: image credentials, runtime handlers, checkpoints, statistics.
//
// Sources: kubernetes/cri-api v0.37; containerd v2.4 internal/cri.
package cri
