package machine

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Thread calls f in a goroutine that has a thread to itself. The thread ends with f, so nobody meets it in whatever namespace
// f has left it. It is never the process's first thread: that one cannot end, and its namespaces are those which others see
// in /proc/PID/ns.
func Thread(f func()) {
	started := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			// As long as this goroutine keeps the first thread, the next one gets another.
			Thread(f)
			runtime.UnlockOSThread()
			close(started)
			return
		}
		close(started)
		f()
	}()
	<-started
}
