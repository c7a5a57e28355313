package logs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Options are those of `kubectl logs`. The zero value: everything.
type Options struct {
	// TailLines: only the last lines of what is there now.
	TailLines *int64
	// LimitBytes: no more than that.
	LimitBytes *int64
	// Since: only entries from that time on.
	Since      time.Time
	Timestamps bool
	// Stream: only stdout or stderr; empty: both.
	Stream string
}

const (
	// poll is how often Follow looks for more.
	poll = 100 * time.Millisecond
	// maxEntry bounds one entry; runtimes break lines at 16 KiB.
	maxEntry = 1 << 20
	// block is how much Copy reads at a time to find the last lines.
	block = 8 << 10
)

// Copy writes the output that is in the log now.
func Copy(w io.Writer, file io.ReadSeeker, options Options) error {
	return (&copier{w: w, options: options}).begin(file)
}

// Follow writes the output in the file, and what is appended to it, until ended reports that no more will be: then the rest
// is written. It returns nil too when ctx ends.
func Follow(ctx context.Context, w io.Writer, file *os.File, options Options, ended func() bool) error {
	c := &copier{w: w, options: options}
	if err := c.begin(file); err != nil {
		return err
	}
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for !c.full {
		last := ended()
		if err := c.run(); err != nil {
			return err
		}
		if flusher, ok := w.(interface{ Flush() }); ok {
			flusher.Flush()
		}
		if last {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
	return nil
}

// copier copies entries of one file. It keeps what has been read of a line that has no end yet.
type copier struct {
	w       io.Writer
	options Options
	reader  *bufio.Reader
	rest    []byte
	written int64
	inside  bool // the output stands in the middle of a line
	full    bool // the limit has been reached
}

func (c *copier) begin(file io.ReadSeeker) error {
	if c.options.TailLines != nil {
		at, err := tail(file, *c.options.TailLines)
		if err != nil {
			return err
		}
		if _, err := file.Seek(at, io.SeekStart); err != nil {
			return err
		}
	}
	c.reader = bufio.NewReaderSize(file, block)
	return c.run()
}

// run copies all whole entries up to the present end of the file.
func (c *copier) run() error {
	for !c.full {
		part, err := c.reader.ReadSlice('\n')
		c.rest = append(c.rest, part...)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, bufio.ErrBufferFull) && len(c.rest) <= maxEntry:
			continue
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("log entry %q is longer than %d bytes", abridged(c.rest), maxEntry)
		case err != nil:
			return err
		}
		entry, err := Parse(c.rest)
		if err != nil {
			return err
		}
		if err := c.write(entry); err != nil {
			return err
		}
		c.rest = c.rest[:0]
	}
	return nil
}

func (c *copier) write(e Entry) error {
	if e.Time.Before(c.options.Since) || c.options.Stream != "" && c.options.Stream != e.Stream {
		return nil
	}
	var b []byte
	if c.options.Timestamps && !c.inside {
		b = append(e.Time.AppendFormat(nil, time.RFC3339Nano), ' ')
	}
	b = append(b, e.Content...)
	if c.inside = e.Partial; !e.Partial {
		b = append(b, '\n')
	}
	if limit := c.options.LimitBytes; limit != nil && c.written+int64(len(b)) >= *limit {
		b, c.full = b[:max(*limit-c.written, 0)], true
	}
	n, err := c.w.Write(b)
	c.written += int64(n)
	return err
}

// tail finds where the last n lines of a file begin, reading backwards.
func tail(file io.ReadSeeker, n int64) (int64, error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil || n <= 0 {
		return end, err
	}
	var buffer [block]byte
	seen := int64(0)
	for right := end; right > 0; {
		left := max(right-block, 0)
		if _, err := file.Seek(left, io.SeekStart); err != nil {
			return 0, err
		}
		part := buffer[:right-left]
		if _, err := io.ReadFull(file, part); err != nil {
			return 0, err
		}
		for i := bytes.LastIndexByte(part, '\n'); i >= 0; i = bytes.LastIndexByte(part[:i], '\n') {
			if left+int64(i) == end-1 {
				continue // the end of the last line begins no line
			}
			if seen++; seen == n {
				return left + int64(i) + 1, nil
			}
		}
		right = left
	}
	return 0, nil
}
