package trace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// What can be wrong with a trace. A [LineError] wraps one of them, or the error of the JSON decoder.
var (
	ErrNoHeader   = errors.New("the first line is no header of an orrery trace")
	ErrFormat     = errors.New("the format is not " + Format)
	ErrTorn       = errors.New("the last line is not complete")
	ErrTooLong    = fmt.Errorf("longer than %d bytes", MaxLine)
	ErrOutOfOrder = errors.New("out of order")
	ErrNoProcess  = errors.New("no process is named")
	ErrTwoKinds   = errors.New("tells more than one thing")

	errEmpty = fmt.Errorf("%w: the file is empty", ErrNoHeader)
)

// LineError says which line of a trace cannot be read. Number counts from 1, the header.
type LineError struct {
	Number int
	Err    error
}

func (e *LineError) Error() string { return fmt.Sprintf("trace: line %d: %v", e.Number, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// Reader reads a trace, or the file of one process, line by line. What it returns is whole and in order: times never go
// back, and numbers, where there are any, have no gap. It skips fields that it does not know; a line of a kind that it
// does not know has none of the kinds set.
type Reader struct {
	Header Header

	buf      *bufio.Reader
	number   int   // of the line of the file
	seq      int64 // of the line of the trace
	numbered bool
	last     int64 // time
	err      error
}

// NewReader reads the header.
func NewReader(r io.Reader) (*Reader, error) {
	in := &Reader{buf: bufio.NewReaderSize(r, 256<<10)}
	text, err := in.line()
	if err == io.EOF {
		return nil, &LineError{1, errEmpty}
	}
	if err != nil {
		return nil, err
	}
	// The format first: a header of another version may differ in anything else.
	var format struct {
		Format *string `json:"format"`
	}
	if err := json.Unmarshal(text, &format); err != nil {
		return nil, &LineError{1, fmt.Errorf("%w: %w", ErrNoHeader, err)}
	}
	if format.Format == nil {
		return nil, &LineError{1, ErrNoHeader}
	}
	if *format.Format != Format {
		return nil, &LineError{1, fmt.Errorf("%w but %q", ErrFormat, *format.Format)}
	}
	if err := json.Unmarshal(text, &in.Header); err != nil {
		return nil, &LineError{1, err}
	}
	return in, nil
}

// Read returns the next line, io.EOF after the last one, and any other error for ever.
func (r *Reader) Read() (Line, error) {
	if r.err != nil {
		return Line{}, r.err
	}
	line, err := r.read()
	r.err = err
	return line, err
}

func (r *Reader) read() (Line, error) {
	text, err := r.line()
	if err != nil {
		return Line{}, err
	}
	var line Line
	if err := json.Unmarshal(text, &line); err != nil {
		return Line{}, &LineError{r.number, err}
	}
	if err := r.check(&line); err != nil {
		return Line{}, &LineError{r.number, err}
	}
	r.last, r.numbered = line.Time, line.Seq != 0
	r.seq++
	return line, nil
}

func (r *Reader) check(line *Line) error {
	switch {
	case line.Process == "":
		return ErrNoProcess
	case line.kinds() > 1:
		return ErrTwoKinds
	case line.Time < r.last:
		return fmt.Errorf("%w: its time %d is before %d, the time of the line before", ErrOutOfOrder, line.Time, r.last)
	case line.Seq != 0 && line.Seq != r.seq+1, line.Seq == 0 && r.numbered:
		return fmt.Errorf("%w: its number is %d and should be %d", ErrOutOfOrder, line.Seq, r.seq+1)
	}
	return nil
}

// line returns the next line without its newline, valid until the next call.
func (r *Reader) line() ([]byte, error) {
	text, err := r.buf.ReadSlice('\n')
	if err == io.EOF && len(text) == 0 {
		return nil, io.EOF
	}
	r.number++
	if err == nil {
		return text[:len(text)-1], nil
	}
	long := bytes.Clone(text)
	for err == bufio.ErrBufferFull {
		if len(long) > MaxLine {
			return nil, &LineError{r.number, ErrTooLong}
		}
		text, err = r.buf.ReadSlice('\n')
		long = append(long, text...)
	}
	switch {
	case err == io.EOF:
		return nil, &LineError{r.number, ErrTorn}
	case err != nil:
		return nil, &LineError{r.number, err}
	case len(long) > MaxLine:
		return nil, &LineError{r.number, ErrTooLong}
	}
	return long[:len(long)-1], nil
}

// kinds counts the things that a line tells.
func (l *Line) kinds() int {
	n := 0
	for _, set := range [...]bool{
		l.Call != nil, l.Return != nil, l.Revision != nil, l.Compact != nil, l.Watch != nil, l.Event != nil, l.Step != nil,
		l.Container != nil, l.Rules != nil, l.Digest != nil, l.Fault != nil, l.Phase != nil, l.Sometimes != nil, l.Life != nil,
	} {
		if set {
			n++
		}
	}
	return n
}
