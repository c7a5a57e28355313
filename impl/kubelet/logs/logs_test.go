package logs

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const sample = "2026-01-01T00:00:01Z stdout F one\n" +
	"2026-01-01T00:00:02Z stderr P tw\n" +
	"2026-01-01T00:00:02.5Z stderr F o\n" +
	"2026-01-01T00:00:03Z stdout F \n" +
	"2026-01-01T00:00:04Z stdout F three\n" +
	"2026-01-01T00:00:05Z stdout F unfin"

func number(n int64) *int64 { return &n }

// The options of `kubectl logs`, each over the same file, whose last entry is still being written.
func TestCopy(t *testing.T) {
	for _, c := range []struct {
		name    string
		options Options
		want    string
	}{
		{"everything", Options{}, "one\ntwo\n\nthree\n"},
		{"the last lines of the file", Options{TailLines: number(2)}, "three\n"},
		{"no line", Options{TailLines: number(0)}, ""},
		{"more lines than there are", Options{TailLines: number(99)}, "one\ntwo\n\nthree\n"},
		{"a limit in the middle of a line", Options{LimitBytes: number(6)}, "one\ntw"},
		{"one stream", Options{Stream: Stderr}, "two\n"},
		{"since a time", Options{Since: time.Date(2026, 1, 1, 0, 0, 3, 0, time.UTC)}, "\nthree\n"},
		{"timestamps, one a line", Options{Timestamps: true, Stream: Stderr}, "2026-01-01T00:00:02Z two\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			require.NoError(t, Copy(&b, strings.NewReader(sample), c.options))
			require.Equal(t, c.want, b.String())
		})
	}
}

// What is no entry is an error that names it, after what came before has been written.
func TestCorruptEntry(t *testing.T) {
	for _, line := range []string{"", "x", "2026-01-01T00:00:01Z stdout", "never stdout F x", "2026-01-01T00:00:01Z stdin F x", "2026-01-01T00:00:01Z stdout X x"} {
		var b strings.Builder
		err := Copy(&b, strings.NewReader("2026-01-01T00:00:01Z stdout F fine\n"+line+"\n"), Options{})
		require.ErrorContains(t, err, "log entry", line)
		require.Equal(t, "fine\n", b.String())
	}
	require.ErrorContains(t, Copy(&strings.Builder{}, strings.NewReader(strings.Repeat("x", maxEntry+block)), Options{}), "longer than")
}

// A log is followed until its container has ended, and what was written last is not lost.
func TestFollow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0.log")
	require.NoError(t, os.WriteFile(path, []byte(sample), 0o600))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	var asked atomic.Int32
	ended := func() bool {
		if asked.Add(1) == 1 {
			more, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err)
			defer more.Close()
			_, err = more.WriteString("ished\n2026-01-01T00:00:06Z stdout F last\n")
			require.NoError(t, err)
			return false
		}
		return true
	}
	var b strings.Builder
	require.NoError(t, Follow(context.Background(), &b, file, Options{TailLines: number(1)}, ended))
	require.Equal(t, "unfinished\nlast\n", b.String())
}

// Parsing never panics, and what parses is written back as something that parses the same.
func FuzzParse(f *testing.F) {
	for line := range strings.Lines(sample) {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := Parse(line)
		if err != nil {
			return
		}
		again, err := Parse(e.Format())
		if err != nil || !again.Time.Equal(e.Time) || again.Stream != e.Stream || again.Partial != e.Partial || string(again.Content) != string(e.Content) {
			t.Fatalf("%q parsed as %v, and written back as %v (%v)", line, e, again, err)
		}
	})
}
