package runtimetest

import (
	"orrery/impl/kubelet/runtime"
)

// Side is one side of the contract with what a test can do to it from outside.
type Side struct {
	Runtime runtime.Runtime
	// Image is one that is here.
	Image string
	// Forever runs until it is asked to end; Stubborn does not listen. Both write "ready" to their log when they hear a TERM.
	Forever, Stubborn Program
	// Logs is where the containers' logs go; empty: they write none.
	Logs string
	// CgroupParent is named by every sandbox; empty: none is.
	CgroupParent string
	// Kill kills the process of a container or sandbox.
	Kill func(id string)
	// Crash kills the runtime, and the processes of those while it is away; it calls away then, and brings it back.
	Crash func(victims []string, away func())
	// Await waits until the condition holds, and fails if it never does.
	Await func(what string, condition func() bool)
}

// Program is what a container runs, and with which codes it may end after a TERM.
type Program struct {
	Args  []string
	Codes []int32
}

// Codes that the kernel and the runtime choose.
const (
	killed      = 137 // 128 + SIGKILL
	notStarted  = 128
	unknownCode = 255 // it ended while nobody saw it
)
