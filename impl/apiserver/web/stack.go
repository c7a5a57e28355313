package web

// stackFrame is more than half of what a request that writes needs of its goroutine's stack.
const stackFrame = 20 << 10

// growStack makes the stack of the calling goroutine as large as it will need to be, at once and while there is little on it.
// HTTP/2 gives each request a new goroutine, whose small stack would else be doubled, and copied frame by frame, three times on
// the way down to the decoding of its body: 5 % of the server's time.
//
// It is the frame that does it, which is there for both branches; the array is never made, as that would clear it.
//
//go:noinline
func growStack(fill bool) byte {
	if !fill {
		return 0
	}
	var frame [stackFrame]byte
	return last(&frame)
}

//go:noinline
func last(frame *[stackFrame]byte) byte { return frame[stackFrame-1] }
