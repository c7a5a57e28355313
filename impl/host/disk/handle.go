package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// handle is an open file. It hands out no descriptor for the kernel to pass reads and writes through: they would get past
// the gate and the journal.
type handle struct {
	*volume
	file  *os.File
	inode uint64
	// persist: the file was opened so that every write is durable when it returns.
	persist bool
}

var (
	_ fusefs.FileReader    = (*handle)(nil)
	_ fusefs.FileWriter    = (*handle)(nil)
	_ fusefs.FileAllocater = (*handle)(nil)
	_ fusefs.FileFsyncer   = (*handle)(nil)
	_ fusefs.FileFlusher   = (*handle)(nil)
	_ fusefs.FileReleaser  = (*handle)(nil)
)

func (v *volume) open(path string, flags, mode uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	persist := flags&(syscall.O_SYNC|syscall.O_DSYNC) != 0
	// The kernel works out where appended bytes go.
	flags &^= syscall.O_APPEND | fuse.FMODE_EXEC | syscall.O_SYNC | syscall.O_DSYNC
	fd, err := syscall.Open(path, int(flags)|syscall.O_CLOEXEC|syscall.O_NOFOLLOW, mode)
	if err != nil {
		return nil, 0, fusefs.ToErrno(err)
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		syscall.Close(fd)
		return nil, 0, fusefs.ToErrno(err)
	}
	return &handle{volume: v, file: os.NewFile(uintptr(fd), path), inode: st.Ino, persist: persist}, 0, 0
}

// path leads to the open file wherever it was renamed to, or if it was unlinked.
func (h *handle) path() string { return fmt.Sprintf("/proc/self/fd/%d", h.file.Fd()) }

func (h *handle) Read(_ context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	return fuse.ReadResultFd(h.file.Fd(), off, len(dest)), 0
}

func (h *handle) Write(ctx context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	if errno := h.gate.write(ctx); errno != 0 {
		return 0, errno
	}
	n, err := h.write(data, off)
	if err != nil {
		return 0, toErrno(err)
	}
	if h.persist {
		if errno := h.Fsync(ctx, 0); errno != 0 {
			return 0, errno
		}
	}
	return uint32(n), 0
}

func (h *handle) write(data []byte, off int64) (int, error) {
	h.journal.mu.Lock()
	defer h.journal.mu.Unlock()
	c, err := h.journal.contents(h.inode, h.path())
	if err != nil {
		return 0, err
	}
	if err := h.journal.noteWrite(c, off, int64(len(data))); err != nil {
		return 0, err
	}
	return h.file.WriteAt(data, off)
}

// keepSize is FALLOC_FL_KEEP_SIZE: blocks are reserved and nothing that can be seen changes.
const keepSize = 1

func (h *handle) Allocate(ctx context.Context, off, size uint64, mode uint32) syscall.Errno {
	if mode&^keepSize != 0 {
		return syscall.EOPNOTSUPP
	}
	if errno := h.gate.write(ctx); errno != 0 {
		return errno
	}
	h.journal.mu.Lock()
	defer h.journal.mu.Unlock()
	c, err := h.journal.contents(h.inode, h.path())
	if err != nil {
		return toErrno(err)
	}
	if now, err := c.size(); err != nil {
		return toErrno(err)
	} else if grown := int64(off + size); mode == 0 && grown > now {
		if err := h.journal.noteSize(c, grown); err != nil {
			return toErrno(err)
		}
	}
	return fusefs.ToErrno(syscall.Fallocate(int(h.file.Fd()), mode, int64(off), int64(size)))
}

// dataOnly is FUSE_FSYNC_FDATASYNC.
const dataOnly = 1

func (h *handle) Fsync(ctx context.Context, flags uint32) syscall.Errno {
	if errno := h.gate.fsync(ctx); errno != 0 {
		return errno
	}
	mark := h.journal.mark()
	persist := syscall.Fsync
	if flags&dataOnly != 0 {
		persist = syscall.Fdatasync
	}
	if err := persist(int(h.file.Fd())); err != nil {
		return fusefs.ToErrno(err)
	}
	h.journal.durable(h.inode, mark)
	return 0
}

// Flush comes with every close of a descriptor; nothing is kept back that it could write.
func (h *handle) Flush(context.Context) syscall.Errno { return 0 }

func (h *handle) Release(context.Context) syscall.Errno {
	if err := h.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return toErrno(err)
	}
	return 0
}
