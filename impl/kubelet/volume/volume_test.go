package volume

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Content is written, changed, left alone when it has not changed, and what is no longer meant goes away.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	read := func(path string) string {
		data, err := os.ReadFile(filepath.Join(dir, path))
		require.NoError(t, err)
		return string(data)
	}
	current := func() string {
		version, err := os.Readlink(filepath.Join(dir, "..data"))
		require.NoError(t, err)
		return version
	}
	first := map[string]File{"a": {[]byte("1"), 0o644}, "sub/b": {[]byte("2"), 0o400}}
	require.NoError(t, Write(dir, first, epoch))
	require.Equal(t, "1", read("a"))
	require.Equal(t, "2", read("sub/b"))
	info, err := os.Stat(filepath.Join(dir, "sub/b"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o400), info.Mode())

	version := current()
	require.NoError(t, Write(dir, first, epoch.Add(time.Second)))
	require.Equal(t, version, current(), "unchanged content is not written again")

	require.NoError(t, Write(dir, map[string]File{"a": {[]byte("3"), 0o644}}, epoch.Add(2*time.Second)))
	require.Equal(t, "3", read("a"))
	require.NoFileExists(t, filepath.Join(dir, "sub"))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3, "..data, its version, and a")
}

// A crash after any step leaves the old content or the new, and the next writing repairs the rest.
func TestWriteAfterCrash(t *testing.T) {
	dir := t.TempDir()
	old := map[string]File{"a": {[]byte("old"), 0o644}}
	require.NoError(t, Write(dir, old, epoch))
	for i, leave := range []func() error{
		func() error { return os.Mkdir(filepath.Join(dir, "..half"), 0o755) },
		func() error { return os.Symlink("..half", filepath.Join(dir, replacing)) },
		func() error { return os.Mkdir(filepath.Join(dir, "..2026_01_01_00_00_02.000000000"), 0o755) },
	} {
		require.NoError(t, leave())
		data, err := os.ReadFile(filepath.Join(dir, "a"))
		require.NoError(t, err)
		require.Equal(t, string(old["a"].Data), string(data))
		old = map[string]File{"a": {[]byte(fmt.Sprint("new", i)), 0o644}}
		require.NoError(t, Write(dir, old, epoch.Add(time.Duration(i)*time.Second)))
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3)
}

// A path cannot leave the directory.
func TestWriteRefusesPaths(t *testing.T) {
	for _, path := range []string{"", "/etc/passwd", "../x", "a/../../x", "..data", "a//b"} {
		require.ErrorContains(t, Write(t.TempDir(), map[string]File{path: {}}, epoch), "invalid path", path)
	}
}

// Each type of a hostPath against what is there.
func TestCheckHostPath(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, c := range []struct {
		path, wrong string
		kind        corev1.HostPathType
	}{
		{filepath.Join(dir, "absent"), "", corev1.HostPathUnset},
		{dir, "", corev1.HostPathDirectory},
		{file, "is not a directory", corev1.HostPathDirectory},
		{filepath.Join(dir, "absent"), "is not a directory", corev1.HostPathDirectory},
		{filepath.Join(dir, "made"), "", corev1.HostPathDirectoryOrCreate},
		{file, "", corev1.HostPathFile},
		{dir, "is not a file", corev1.HostPathFile},
		{filepath.Join(dir, "made-file"), "", corev1.HostPathFileOrCreate},
		{file, "is not a socket", corev1.HostPathSocket},
		{"/dev/null", "", corev1.HostPathCharDev},
		{"/dev/null", "is not a block device", corev1.HostPathBlockDev},
		{dir, "unknown hostPath type", "Nonsense"},
	} {
		err := CheckHostPath(c.path, c.kind)
		if c.wrong == "" {
			require.NoError(t, err, "%s as %q", c.path, c.kind)
		} else {
			require.ErrorContains(t, err, c.wrong)
		}
	}
}

// An emptyDir in memory is a mount, made once and gone with the pod.
func TestEmptyDirInMemory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pod", "v")
	require.NoError(t, MakeEmptyDir(dir, true, 1<<20))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x"), []byte("kept"), 0o600))
	require.NoError(t, MakeEmptyDir(dir, true, 1<<20))
	require.FileExists(t, filepath.Join(dir, "x"))
	mounts, err := mountsBelow(dir)
	require.NoError(t, err)
	require.Equal(t, []string{dir}, mounts)
	require.NoError(t, Remove(filepath.Dir(dir)))
	require.NoDirExists(t, dir)
}
