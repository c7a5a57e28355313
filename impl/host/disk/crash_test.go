package disk

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Goal: a crash loses what the table in doc.go says, and nothing else. Method: scripts of file operations and crashes, each
// crash followed by what is left.
func TestCrash(t *testing.T) {
	datadriven.Walk(t, "testdata/crash", func(t *testing.T, path string) {
		d := newDisk(t)
		datadriven.RunTest(t, path, func(t *testing.T, td *datadriven.TestData) string {
			if td.Cmd == "crash" {
				// crash [keep=N] [torn]
				var l Loss
				td.MaybeScanArgs(t, "keep", &l.Keep)
				l.Torn = td.HasArg("torn")
				before, err := d.Counters(t.Context())
				require.NoError(t, err)
				after, err := d.Crash(t.Context(), l)
				require.NoError(t, err)
				return fmt.Sprintf("lost %d of %d operations, %d bytes\n%s", after.OpsDropped-before.OpsDropped, before.Unsynced,
					after.BytesDropped-before.BytesDropped, show(t, d.mountpoint))
			}
			for line := range strings.Lines(td.Input) {
				if err := perform(d.mountpoint, strings.Fields(line)); err != nil {
					return fmt.Sprintf("%s: %v\n", strings.TrimSpace(line), err)
				}
			}
			return show(t, d.mountpoint)
		})
	})
}

// perform does one operation: a line of a script.
func perform(root string, words []string) error {
	at := func(i int) string { return filepath.Join(root, words[i]) }
	switch words[0] {
	case "write": // write FILE OFFSET TEXT
		var off int64
		fmt.Sscan(words[2], &off)
		return with(at(1), os.O_RDWR|os.O_CREATE, func(f *os.File) error {
			_, err := f.WriteAt([]byte(words[3]), off)
			return err
		})
	case "append": // append FILE TEXT
		return with(at(1), os.O_WRONLY|os.O_CREATE|os.O_APPEND, func(f *os.File) error {
			_, err := f.WriteString(words[2])
			return err
		})
	case "replace": // replace FILE TEXT
		return os.WriteFile(at(1), []byte(words[2]), 0o600)
	case "truncate": // truncate FILE SIZE
		var size int64
		fmt.Sscan(words[2], &size)
		return os.Truncate(at(1), size)
	case "fsync": // fsync FILE|DIRECTORY
		return with(at(1), os.O_RDONLY, (*os.File).Sync)
	case "rename": // rename FROM TO
		return os.Rename(at(1), at(2))
	case "remove": // remove FILE|DIRECTORY
		return os.Remove(at(1))
	case "mkdir": // mkdir DIRECTORY
		return os.Mkdir(at(1), 0o700)
	}
	return fmt.Errorf("unknown operation %q", words[0])
}

func with(path string, flags int, do func(*os.File) error) error {
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	return do(f)
}

// show prints every file below root with its contents, NUL bytes as dots.
func show(t require.TestingT, root string) string {
	var b strings.Builder
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if d.IsDir() {
			fmt.Fprintf(&b, "%s/\n", name)
			return nil
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s: %s\n", name, bytes.ReplaceAll(data, []byte{0}, []byte{'.'}))
		return err
	}))
	if b.Len() == 0 {
		return "empty\n"
	}
	return b.String()
}

// Goal: undoing is exact. Method: after any operations that nothing made durable, a crash that keeps k of them leaves what was
// there after the k-th.
func TestCrashGoesBackToAnyMoment(t *testing.T) {
	d := newDisk(t)
	rapid.Check(t, func(rt *rapid.T) {
		root, err := os.MkdirTemp(d.mountpoint, "case")
		require.NoError(rt, err)
		require.NoError(rt, perform(d.mountpoint, []string{"fsync", "."}))
		name := rapid.SampledFrom([]string{"a", "b", "d/a", "d/b"})
		moments := map[int64]string{}
		look := func() {
			c, err := d.Counters(t.Context())
			require.NoError(rt, err)
			moments[c.Unsynced] = show(rt, root)
		}
		look()
		for range rapid.IntRange(1, 12).Draw(rt, "operations") {
			words := []string{rapid.SampledFrom([]string{"write", "append", "truncate", "rename", "remove", "mkdir"}).Draw(rt, "do"), name.Draw(rt, "name")}
			switch words[0] {
			case "write":
				words = append(words, fmt.Sprint(rapid.IntRange(0, 20).Draw(rt, "offset")), rapid.StringMatching("[x-z]{1,9}").Draw(rt, "text"))
			case "append":
				words = append(words, rapid.StringMatching("[u-w]{1,9}").Draw(rt, "text"))
			case "truncate":
				words = append(words, fmt.Sprint(rapid.IntRange(0, 30).Draw(rt, "size")))
			case "rename":
				words = append(words, name.Draw(rt, "to"))
			case "mkdir":
				words[1] = "d"
			}
			_ = perform(root, words) // what is refused changes nothing
			look()
		}
		keep := rapid.SampledFrom(keys(moments)).Draw(rt, "keep")
		_, err = d.Crash(t.Context(), Loss{Keep: int(keep)})
		require.NoError(rt, err)
		require.Equal(rt, moments[keep], show(rt, root))
	})
}

func keys(m map[int64]string) []int64 {
	var out []int64
	for k := int64(0); len(out) < len(m); k++ {
		if _, ok := m[k]; ok {
			out = append(out, k)
		}
	}
	return out
}
