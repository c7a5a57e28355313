package logs

import (
	"bytes"
	"fmt"
	"time"
)

// Streams of a container.
const (
	Stdout = "stdout"
	Stderr = "stderr"
)

// Entry is one line of a log file.
type Entry struct {
	Time   time.Time
	Stream string
	// Partial: the line of output goes on in the next entry.
	Partial bool
	Content []byte // without the end of the line
}

// Parse reads one line, whose end may be there or not.
func Parse(line []byte) (Entry, error) {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	fields := bytes.SplitN(line, []byte{' '}, 4)
	if len(fields) < 3 {
		return Entry{}, fmt.Errorf("log entry %q: want TIME STREAM TAGS CONTENT", abridged(line))
	}
	at, err := time.Parse(time.RFC3339Nano, string(fields[0]))
	if err != nil {
		return Entry{}, fmt.Errorf("log entry %q: %q is no time", abridged(line), abridged(fields[0]))
	}
	e := Entry{Time: at, Stream: string(fields[1])}
	if e.Stream != Stdout && e.Stream != Stderr {
		return Entry{}, fmt.Errorf("log entry %q: %q is neither stdout nor stderr", abridged(line), abridged(fields[1]))
	}
	tag, _, _ := bytes.Cut(fields[2], []byte{':'})
	switch string(tag) {
	case "P":
		e.Partial = true
	case "F":
	default:
		return Entry{}, fmt.Errorf("log entry %q: its first tag %q is neither P nor F", abridged(line), abridged(tag))
	}
	if len(fields) == 4 {
		e.Content = fields[3]
	}
	return e, nil
}

// Format writes an entry as a runtime does.
func (e Entry) Format() []byte {
	tag := "F"
	if e.Partial {
		tag = "P"
	}
	b := e.Time.AppendFormat(nil, time.RFC3339Nano)
	b = append(b, ' ')
	b = append(b, e.Stream...)
	b = append(b, ' ')
	b = append(b, tag...)
	b = append(b, ' ')
	b = append(b, e.Content...)
	return append(b, '\n')
}

// abridged is as much of a line as an error message can take.
func abridged(line []byte) []byte {
	const most = 60
	return line[:min(len(line), most)]
}
