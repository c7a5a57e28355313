package trace

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"io"
)

// Part is the file of one process, as [File] wrote it.
type Part struct {
	Name   string // for errors and notes
	Reader io.Reader
}

// Merge writes the lines of all parts to w in one total order: by time, where that is the same by the order of parts,
// and within a part as they are. It reads each part once and holds one line of each.
//
// A half line at the end of a part is what a killed process leaves; it is dropped, and a note says so. Nothing else that
// is wrong with a part is forgiven.
func Merge(w *Writer, parts ...Part) (notes []string, err error) {
	var next heads
	for i, part := range parts {
		r, err := NewReader(part.Reader)
		if torn(err) {
			notes = append(notes, note(part, err))
			continue
		}
		if err != nil {
			return notes, fmt.Errorf("%s: %w", part.Name, err)
		}
		next = append(next, &head{part: i, reader: r})
	}
	live := next[:0]
	for _, h := range next {
		more, err := h.advance(parts, &notes)
		if err != nil {
			return notes, err
		}
		if more {
			live = append(live, h)
		}
	}
	next = live
	heap.Init(&next)
	for len(next) > 0 {
		first := next[0]
		if err := w.Write(first.line); err != nil {
			return notes, err
		}
		more, err := first.advance(parts, &notes)
		if err != nil {
			return notes, err
		}
		if more {
			heap.Fix(&next, 0)
		} else {
			heap.Pop(&next)
		}
	}
	return notes, w.Flush()
}

// head is the next line of one part.
type head struct {
	part   int
	reader *Reader
	line   Line
}

func (h *head) advance(parts []Part, notes *[]string) (more bool, err error) {
	h.line, err = h.reader.Read()
	switch {
	case err == nil:
		return true, nil
	case err == io.EOF:
		return false, nil
	case torn(err):
		*notes = append(*notes, note(parts[h.part], err))
		return false, nil
	}
	return false, fmt.Errorf("%s: %w", parts[h.part].Name, err)
}

// torn: also a process that was killed before it wrote anything.
func torn(err error) bool { return errors.Is(err, ErrTorn) || errors.Is(err, errEmpty) }

func note(part Part, err error) string {
	return fmt.Sprintf("%s: %v; dropped, as its process was killed while writing it", part.Name, err)
}

// heads is a heap by time and part.
type heads []*head

func (h heads) Len() int { return len(h) }
func (h heads) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].line.Time, h[j].line.Time), cmp.Compare(h[i].part, h[j].part)) < 0
}
func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)   { *h = append(*h, x.(*head)) }
func (h *heads) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
