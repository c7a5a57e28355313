package trace

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
)

// File is the [Sink] of one process of the real world. Every Emit is one write(2) to a file opened with O_APPEND, so
// what it wrote survives a kill -9 of the process (not a crash of the host, which no run survives anyway).
type File struct {
	process string
	clock   Clock
	failed  func(error)

	mu   sync.Mutex
	file *os.File
}

// OnFailure calls failed, for every line that cannot be written, instead of ending the process: for who has to take others
// down first, and makes sure that the recording is not judged. It is called before the first Emit.
func (f *File) OnFailure(failed func(error)) { f.failed = failed }

// Open opens the trace of one process for appending and creates it with its header where there is none. A process that
// was started again goes on in the file of its predecessor: the half line that a kill may have left is cut off.
func Open(path, process string) (*File, error) {
	return open(path, process, Monotonic)
}

func open(path, process string, clock Clock) (*File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	if err := prepare(file, process); err != nil {
		file.Close()
		return nil, fmt.Errorf("trace: %s: %w", path, err)
	}
	return &File{process: process, clock: clock, failed: exit, file: file}, nil
}

// prepare makes the file end with a whole line, and begin with a header.
func prepare(file *os.File, process string) error {
	// The lock is the kernel's and ends with the process, however it ends.
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("another process is writing to it: %w", err)
	}
	whole, err := wholeLines(file)
	if err != nil {
		return err
	}
	if err := file.Truncate(whole); err != nil {
		return err
	}
	if whole > 0 {
		return nil
	}
	header, err := encode(struct {
		Format  string `json:"format"`
		Process string `json:"process"`
	}{Format, process})
	if err != nil {
		return err
	}
	_, err = file.Write(header)
	return err
}

// wholeLines returns the length of the file up to and including its last newline.
func wholeLines(file *os.File) (int64, error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	block := make([]byte, 64<<10)
	for end > 0 {
		begin := max(0, end-int64(len(block)))
		n, err := file.ReadAt(block[:end-begin], begin)
		if err != nil && err != io.EOF {
			return 0, err
		}
		if i := bytes.LastIndexByte(block[:n], '\n'); i >= 0 {
			return begin + int64(i) + 1, nil
		}
		end = begin
	}
	return 0, nil
}

// Emit writes one line, with the time at which it is written. A process whose trace cannot be written ends, with one
// clear line: going on would mean doing things that no judge ever hears of, and a judge would call them illegal.
func (f *File) Emit(line Line) {
	f.mu.Lock()
	defer f.mu.Unlock()
	line.Process = f.process
	line.Time = f.clock() // under the lock, so that times in the file never go back
	buf, err := encodeLine(line)
	if err == nil {
		_, err = f.file.Write(buf)
	}
	if err != nil {
		f.failed(fmt.Errorf("trace: a line of %s cannot be recorded: %w", f.process, err))
	}
}

// Close ends the recording. It is not needed for durability.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.file.Close()
}

// noVerdict is the exit status for an error that is no verdict: 1 would be read as Illegal.
const noVerdict = 3

func exit(err error) {
	fmt.Fprintln(os.Stderr, "orrery:", err)
	os.Exit(noVerdict)
}
