package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// maxUnsynced bounds the old bytes kept in memory. Beyond it the oldest writes count as durable, as if the kernel had
// written them back by itself.
const maxUnsynced = 256 << 20

// saveChunk is the piece in which truncated contents are saved; pieces of zeros are not, so that the large allocated tail
// of a write-ahead log costs nothing.
const saveChunk = 64 << 10

// journal notes how to take back each operation that is not yet durable, in their order.
type journal struct {
	mu       sync.Mutex
	next     int64
	records  []record
	files    map[uint64]*contents // by inode: those with records
	unsynced int64                // old bytes held by records
}

// record is one operation that a crash may lose.
type record struct {
	seq    int64
	file   *contents    // whose contents changed; nil where it was names
	bytes  int64        // changed in the file
	held   int64        // old bytes kept for undo
	undo   func() error // takes it back
	tear   func() error // takes back all but its first half; nil: it is lost whole or not at all
	forget func()       // it has become durable; may be nil
}

// contents is a file with unsynced contents, held open because it may be renamed or unlinked before they are taken back.
type contents struct {
	*os.File
	inode   uint64
	records int
}

func newJournal() *journal { return &journal{files: map[uint64]*contents{}} }

// contents must be called with mu held; path leads to the file with that inode.
func (j *journal) contents(inode uint64, path string) (*contents, error) {
	if c := j.files[inode]; c != nil {
		return c, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	c := &contents{File: f, inode: inode}
	j.files[inode] = c
	return c, nil
}

// add must be called with mu held.
func (j *journal) add(r record) {
	r.seq = j.next
	j.next++
	j.records = append(j.records, r)
	j.unsynced += r.held
	if r.file != nil {
		r.file.records++
	}
	for i := 0; j.unsynced > maxUnsynced && i < len(j.records); {
		if j.records[i].file == nil {
			i++
			continue
		}
		j.drop(j.records[i])
		j.records = slices.Delete(j.records, i, i+1)
	}
}

// drop lets go what r holds; the caller removes it from the records.
func (j *journal) drop(r record) {
	j.unsynced -= r.held
	if r.forget != nil {
		r.forget()
	}
	if r.file == nil {
		return
	}
	if r.file.records--; r.file.records == 0 {
		delete(j.files, r.file.inode)
		r.file.Close()
	}
}

// mark is the place in the journal up to which an fsync that begins now makes durable.
func (j *journal) mark() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.next
}

// durable tells that an fsync of the file with that inode, begun at mark, has ended: its contents and all changes of names
// before mark are durable.
func (j *journal) durable(inode uint64, mark int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.records = slices.DeleteFunc(j.records, func(r record) bool {
		if r.seq >= mark || r.file != nil && r.file.inode != inode {
			return false
		}
		j.drop(r)
		return true
	})
}

func (j *journal) len() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return int64(len(j.records))
}

// crash takes back, newest first, everything but what l keeps, and makes the rest durable.
func (j *journal) crash(l Loss) (ops, bytes int64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var errs []error
	for i := len(j.records) - 1; i >= l.Keep; i-- {
		r := j.records[i]
		if undo := r.undo; i == l.Keep && l.Torn && r.tear != nil {
			errs = append(errs, r.tear())
			bytes += r.bytes - r.bytes/2
		} else {
			errs = append(errs, undo())
			bytes += r.bytes
		}
		ops++
		r.forget = nil
		j.drop(r)
	}
	for _, r := range j.records[:min(l.Keep, len(j.records))] {
		j.drop(r)
	}
	j.records = nil
	if err := errors.Join(errs...); err != nil {
		return ops, bytes, fmt.Errorf("disk: losing what was not synced: %w", err)
	}
	return ops, bytes, nil
}

// noteWrite notes, before it is done, a write of n bytes at off. mu must be held.
func (j *journal) noteWrite(c *contents, off, n int64) error {
	size, err := c.size()
	if err != nil {
		return err
	}
	old := make([]byte, max(0, min(n, size-off)))
	if _, err := c.ReadAt(old, off); err != nil && err != io.EOF {
		return err
	}
	half := n / 2
	j.add(record{
		file: c, bytes: n, held: int64(len(old)),
		undo: func() error { return c.restore(old, off, size) },
		tear: func() error { return c.restore(old[min(half, int64(len(old))):], off+half, max(size, off+half)) },
	})
	return nil
}

// noteSize notes, before it is done, that the file gets size now. mu must be held.
func (j *journal) noteSize(c *contents, now int64) error {
	size, err := c.size()
	if err != nil {
		return err
	}
	r := record{file: c, bytes: max(now-size, size-now)}
	var saved []piece
	for off := now; off < size; off += saveChunk {
		old := make([]byte, min(saveChunk, size-off))
		if _, err := c.ReadAt(old, off); err != nil && err != io.EOF {
			return err
		}
		if !zero(old) {
			saved = append(saved, piece{off, old})
			r.held += int64(len(old))
		}
	}
	r.undo = func() error {
		errs := []error{c.Truncate(size)}
		for _, p := range saved {
			_, err := c.WriteAt(p.data, p.off)
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	}
	j.add(r)
	return nil
}

type piece struct {
	off  int64
	data []byte
}

func zero(data []byte) bool {
	for _, b := range data {
		if b != 0 {
			return false
		}
	}
	return true
}

func (c *contents) size() (int64, error) {
	info, err := c.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// restore puts the old bytes back and the file to its old size.
func (c *contents) restore(old []byte, off, size int64) error {
	if len(old) > 0 {
		if _, err := c.WriteAt(old, off); err != nil {
			return err
		}
	}
	return c.Truncate(size)
}
