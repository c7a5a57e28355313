package trace

import (
	"bufio"
	"fmt"
	"io"
	"time"
)

// Writer writes a whole trace, buffered and numbered: a merged one, or that of a simulated run.
type Writer struct {
	buf  *bufio.Writer
	seq  int64
	last int64
	err  error
}

// NewWriter writes the header. Its Format is filled in.
func NewWriter(w io.Writer, header Header) (*Writer, error) {
	header.Format = Format
	line, err := encode(header)
	if err != nil {
		return nil, fmt.Errorf("trace: header: %w", err)
	}
	out := &Writer{buf: bufio.NewWriterSize(w, 256<<10)}
	if _, err := out.buf.Write(line); err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	return out, nil
}

// Write appends one line and numbers it; lines come in the order of their times. The first error stays.
func (w *Writer) Write(line Line) error {
	if w.err != nil {
		return w.err
	}
	w.err = w.write(line)
	return w.err
}

func (w *Writer) write(line Line) error {
	if line.Time < w.last {
		return fmt.Errorf("trace: line %d: %w: its time %d is before %d, the time of the line before", w.seq+1, ErrOutOfOrder, line.Time, w.last)
	}
	line.Seq, w.last = w.seq+1, line.Time
	buf, err := encodeLine(line)
	if err != nil {
		return fmt.Errorf("trace: line %d: %w", line.Seq, err)
	}
	if _, err := w.buf.Write(buf); err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	w.seq++
	return nil
}

// Flush hands everything to the underlying writer, and returns the first error of the trace.
func (w *Writer) Flush() error {
	if err := w.buf.Flush(); err != nil && w.err == nil {
		w.err = fmt.Errorf("trace: %w", err)
	}
	return w.err
}

// Sink is the Sink of one process of a simulated run, all of whose Sinks share the Writer. Such a run has one goroutine,
// so nothing is locked. now is the virtual clock.
func (w *Writer) Sink(process string, now func() time.Time) Sink {
	return &simulated{w, process, func() int64 { return now().UnixNano() }}
}

type simulated struct {
	writer  *Writer
	process string
	clock   Clock
}

// Emit keeps its error in the Writer, for Flush.
func (s *simulated) Emit(line Line) {
	line.Process, line.Time = s.process, s.clock()
	_ = s.writer.Write(line)
}
