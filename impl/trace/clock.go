package trace

import (
	"fmt"
	"syscall"
	"unsafe"
)

// Clock tells the time of a Line in nanoseconds.
type Clock func() int64

// clockMonotonic is CLOCK_MONOTONIC of clock_gettime(2): one clock for all processes of a host.
const clockMonotonic = 1

// Monotonic is the host's monotonic clock. The runtime's own reading of it is hidden in time.Time and counts from the
// start of the process, so it cannot be compared between processes; this one can.
func Monotonic() int64 {
	var ts syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&ts)), 0); errno != 0 {
		panic(fmt.Sprintf("trace: clock_gettime(CLOCK_MONOTONIC): %v", errno))
	}
	return ts.Nano()
}

// Incarnation names one start of a process, so that its calls are told apart from those of an earlier start.
func Incarnation(process string) string { return fmt.Sprintf("%s-%x", process, Monotonic()) }
