package disk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// volume is what the nodes of one mount share. Below the backing directory, live/ is the file system as it is seen and
// removed/ holds what was unlinked or replaced and may come back in a crash.
type volume struct {
	live, removed string
	gate          *gate
	journal       *journal
}

// node is a file or a directory.
type node struct {
	fusefs.Inode
	*volume
}

// The operations that the kernel is answered; what is not here it is told not to be supported.
var (
	_ fusefs.NodeStatfser  = (*node)(nil)
	_ fusefs.NodeLookuper  = (*node)(nil)
	_ fusefs.NodeGetattrer = (*node)(nil)
	_ fusefs.NodeSetattrer = (*node)(nil)
	_ fusefs.NodeReaddirer = (*node)(nil)
	_ fusefs.NodeFsyncer   = (*node)(nil)
	_ fusefs.NodeOpener    = (*node)(nil)
	_ fusefs.NodeCreater   = (*node)(nil)
	_ fusefs.NodeUnlinker  = (*node)(nil)
	_ fusefs.NodeMkdirer   = (*node)(nil)
	_ fusefs.NodeRmdirer   = (*node)(nil)
	_ fusefs.NodeRenamer   = (*node)(nil)
)

func (n *node) path() string { return filepath.Join(n.live, n.Path(n.Root())) }

func (n *node) child(name string) string { return filepath.Join(n.path(), name) }

// enter makes the child node for what path leads to.
func (n *node) enter(ctx context.Context, path string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		return nil, fusefs.ToErrno(err)
	}
	out.Attr.FromStat(&st)
	return n.NewInode(ctx, &node{volume: n.volume}, fusefs.StableAttr{Mode: st.Mode, Ino: st.Ino, Gen: generation(path)}), 0
}

// generation tells files apart that were given the same inode number one after the other.
func generation(path string) uint64 {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BTIME, &st)
	if err != nil || st.Mask&unix.STATX_BTIME == 0 {
		return 1
	}
	return uint64(st.Btime.Sec)*1e9 + uint64(st.Btime.Nsec)
}

func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	var st syscall.Statfs_t
	if err := syscall.Statfs(n.live, &st); err != nil {
		return fusefs.ToErrno(err)
	}
	out.FromStatfsT(&st)
	return 0
}

func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return n.enter(ctx, n.child(name), out)
}

func (n *node) Readdir(context.Context) (fusefs.DirStream, syscall.Errno) {
	return fusefs.NewLoopbackDirStream(n.path())
}

func (n *node) Getattr(_ context.Context, f fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	var st syscall.Stat_t
	var err error
	if h, ok := f.(*handle); ok {
		err = syscall.Fstat(int(h.file.Fd()), &st)
	} else {
		err = syscall.Lstat(n.path(), &st)
	}
	if err != nil {
		return fusefs.ToErrno(err)
	}
	out.FromStat(&st)
	return 0
}

// Setattr journals a change of size; modes, owners and times are durable at once.
func (n *node) Setattr(ctx context.Context, f fusefs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	path := n.path()
	if h, ok := f.(*handle); ok {
		path = h.path()
	}
	if size, ok := in.GetSize(); ok {
		if errno := n.gate.write(ctx); errno != 0 {
			return errno
		}
		if err := n.truncate(path, int64(size)); err != nil {
			return fusefs.ToErrno(err)
		}
	}
	if mode, ok := in.GetMode(); ok {
		if err := syscall.Chmod(path, mode); err != nil {
			return fusefs.ToErrno(err)
		}
	}
	uid, setUID := in.GetUID()
	gid, setGID := in.GetGID()
	if setUID || setGID {
		if err := os.Chown(path, orKeep(uid, setUID), orKeep(gid, setGID)); err != nil {
			return fusefs.ToErrno(err)
		}
	}
	atime, setA := in.GetATime()
	mtime, setM := in.GetMTime()
	if setA || setM {
		// The zero time leaves a time as it is.
		if err := os.Chtimes(path, atime, mtime); err != nil {
			return fusefs.ToErrno(err)
		}
	}
	return n.Getattr(ctx, f, out)
}

func orKeep(id uint32, set bool) int {
	if !set {
		return -1
	}
	return int(id)
}

// Fsync of a directory makes all changes of names durable, whichever directory they were in.
func (n *node) Fsync(ctx context.Context, f fusefs.FileHandle, flags uint32) syscall.Errno {
	if h, ok := f.(*handle); ok {
		return h.Fsync(ctx, flags)
	}
	if errno := n.gate.fsync(ctx); errno != 0 {
		return errno
	}
	mark := n.journal.mark()
	dir, err := os.Open(n.path())
	if err != nil {
		return fusefs.ToErrno(err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return toErrno(err)
	}
	n.journal.durable(0, mark)
	return 0
}

func (n *node) Open(ctx context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	path := n.path()
	if flags&syscall.O_TRUNC != 0 {
		if errno := n.gate.write(ctx); errno != 0 {
			return nil, 0, errno
		}
		if err := n.truncate(path, 0); err != nil {
			return nil, 0, fusefs.ToErrno(err)
		}
	}
	return n.open(path, flags&^(syscall.O_TRUNC|syscall.O_CREAT|syscall.O_EXCL), 0)
}

func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fusefs.Inode, fusefs.FileHandle, uint32, syscall.Errno) {
	path := n.child(name)
	if errno := n.gate.write(ctx); errno != 0 {
		return nil, nil, 0, errno
	}
	// The kernel has looked the name up before, and it is the only one who makes files here: the file is new.
	h, fuseFlags, errno := n.open(path, flags|syscall.O_CREAT|syscall.O_EXCL, mode)
	if errno != 0 {
		return nil, nil, 0, errno
	}
	n.note(func() error { return os.Remove(path) })
	inode, errno := n.enter(ctx, path, out)
	if errno != 0 {
		h.(*handle).file.Close()
	}
	return inode, h, fuseFlags, errno
}

func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	path := n.child(name)
	if errno := n.gate.write(ctx); errno != 0 {
		return nil, errno
	}
	if err := syscall.Mkdir(path, mode); err != nil {
		return nil, fusefs.ToErrno(err)
	}
	n.note(func() error { return os.Remove(path) })
	return n.enter(ctx, path, out)
}

func (n *node) Rmdir(ctx context.Context, name string) syscall.Errno {
	path := n.child(name)
	if errno := n.gate.write(ctx); errno != 0 {
		return errno
	}
	info, err := os.Lstat(path)
	if err != nil {
		return toErrno(err)
	}
	if err := syscall.Rmdir(path); err != nil {
		return fusefs.ToErrno(err)
	}
	n.note(func() error { return os.Mkdir(path, info.Mode().Perm()) })
	return 0
}

func (n *node) Unlink(ctx context.Context, name string) syscall.Errno {
	if errno := n.gate.write(ctx); errno != 0 {
		return errno
	}
	n.journal.mu.Lock()
	defer n.journal.mu.Unlock()
	path, kept := n.child(name), n.keep()
	if err := os.Rename(path, kept); err != nil {
		return toErrno(err)
	}
	n.journal.add(record{
		undo:   func() error { return os.Rename(kept, path) },
		forget: func() { os.Remove(kept) },
	})
	return 0
}

func (n *node) Rename(ctx context.Context, name string, newParent fusefs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	if flags != 0 && flags != unix.RENAME_NOREPLACE {
		return syscall.EINVAL
	}
	if errno := n.gate.write(ctx); errno != 0 {
		return errno
	}
	n.journal.mu.Lock()
	defer n.journal.mu.Unlock()
	from, to := n.child(name), newParent.(*node).child(newName)
	replaced, err := os.Lstat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.Rename(from, to); err != nil {
			return toErrno(err)
		}
		n.journal.add(record{undo: func() error { return os.Rename(to, from) }})
		return 0
	case err != nil:
		return toErrno(err)
	case flags == unix.RENAME_NOREPLACE:
		return syscall.EEXIST
	case replaced.IsDir():
		if err := syscall.Rename(from, to); err != nil {
			return fusefs.ToErrno(err)
		}
		n.journal.add(record{undo: func() error {
			return errors.Join(os.Rename(to, from), os.Mkdir(to, replaced.Mode().Perm()))
		}})
		return 0
	}
	// A second link keeps what is replaced without a moment in which the name is absent.
	kept := n.keep()
	if err := os.Link(to, kept); err != nil {
		return toErrno(err)
	}
	if err := os.Rename(from, to); err != nil {
		os.Remove(kept)
		return toErrno(err)
	}
	n.journal.add(record{
		undo:   func() error { return errors.Join(os.Rename(to, from), os.Rename(kept, to)) },
		forget: func() { os.Remove(kept) },
	})
	return 0
}

// keep names the place of the next file that is removed. journal.mu must be held.
func (v *volume) keep() string {
	return filepath.Join(v.removed, strconv.FormatInt(v.journal.next, 10))
}

// note adds a change of names that has been done.
func (v *volume) note(undo func() error) {
	v.journal.mu.Lock()
	defer v.journal.mu.Unlock()
	v.journal.add(record{undo: undo})
}

func (v *volume) truncate(path string, size int64) error {
	v.journal.mu.Lock()
	defer v.journal.mu.Unlock()
	c, err := v.contentsOf(path)
	if err != nil {
		return err
	}
	if err := v.journal.noteSize(c, size); err != nil {
		return err
	}
	return c.Truncate(size)
}

// contentsOf must be called with journal.mu held.
func (v *volume) contentsOf(path string) (*contents, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		return nil, err
	}
	return v.journal.contents(st.Ino, path)
}

// toErrno finds the error number that the os package has wrapped.
func toErrno(err error) syscall.Errno {
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		return errno
	}
	return syscall.EIO
}
