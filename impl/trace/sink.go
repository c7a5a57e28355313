package trace

// Sink takes the lines of one process, in the order in which they happened, and fills in Time and Process.
// Emit may be called by several goroutines at once in the real world, and is durable against a kill of the process
// when it returns: a call that was sent is never missing from the trace.
type Sink interface {
	Emit(Line)
}

// Discard is the Sink of a process that is not recorded.
var Discard Sink = discard{}

type discard struct{}

func (discard) Emit(Line) {}
