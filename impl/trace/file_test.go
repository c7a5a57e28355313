package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Goal: what Emit has returned from is in the file, whole and in order, whatever happens to the process afterwards.
//
// Method: goroutines that emit at once, a process that kills itself while emitting, files left by others.

func TestFileKeepsTheOrderOfManyGoroutines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	f, err := Open(path, "a")
	require.NoError(t, err)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 100 {
				f.Emit(Line{Sometimes: &Sometimes{Name: fmt.Sprint(g, "/", i)}})
			}
		})
	}
	wg.Wait()
	require.NoError(t, f.Close())

	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	r, err := NewReader(file)
	require.NoError(t, err)
	require.Equal(t, Header{Format: Format, Process: "a"}, r.Header)
	_, err = file.Seek(0, 0)
	require.NoError(t, err)
	lines, err := readAll(file) // which checks that times never go back
	require.NoError(t, err)
	require.Len(t, lines, 800)
}

func TestMonotonicNeverGoesBack(t *testing.T) {
	last := Monotonic()
	for range 1000 {
		now := Monotonic()
		require.GreaterOrEqual(t, now, last)
		last = now
	}
}

// killEnv makes the test binary emit until it kills itself, in the middle of things.
const killEnv = "ORRERY_TRACE_KILL"

func TestMain(m *testing.M) {
	if path := os.Getenv(killEnv); path != "" {
		f, err := Open(path, "victim")
		if err != nil {
			panic(err)
		}
		for i := 0; ; i++ {
			f.Emit(Line{Sometimes: &Sometimes{Name: fmt.Sprint(i)}})
			if i == 99 {
				self, _ := os.FindProcess(os.Getpid())
				_ = self.Kill()
			}
		}
	}
	os.Exit(m.Run())
}

func TestNothingEmittedIsLostToAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "victim.jsonl")
	victim := exec.Command(os.Args[0])
	victim.Env = append(os.Environ(), killEnv+"="+path)
	require.Error(t, victim.Run())

	f, err := Open(path, "victim") // cuts off what may be torn
	require.NoError(t, err)
	f.Emit(Line{Sometimes: &Sometimes{Name: "again"}})
	require.NoError(t, f.Close())
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	lines, err := readAll(file)
	require.NoError(t, err)
	require.Greater(t, len(lines), 100)
	require.Equal(t, "99", lines[99].Sometimes.Name)
	require.Equal(t, "again", lines[len(lines)-1].Sometimes.Name)
}

func TestOpenGoesOnWhereAnotherWasKilled(t *testing.T) {
	for _, c := range []struct{ name, left, want string }{
		{"nothing", "", ""},
		{"half a header", `{"format":"orr`, ""},
		{"a header", testHeader, testHeader},
		{"half a line", testHeader + `{"t":1,"p":"a"}` + "\n" + `{"t":2`, testHeader + `{"t":1,"p":"a"}` + "\n"},
		{"half a long line", testHeader + strings.Repeat("x", 200_000), testHeader},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.jsonl")
			require.NoError(t, os.WriteFile(path, []byte(c.left), 0o644))
			f, err := open(path, "a", func() int64 { return 7 })
			require.NoError(t, err)
			f.Emit(Line{})
			require.NoError(t, f.Close())
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			if c.want == "" {
				c.want = `{"format":"orrery-trace/1","process":"a"}` + "\n"
			}
			require.Equal(t, c.want+`{"t":7,"p":"a"}`+"\n", string(got))
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	f, err := Open(path, "a")
	require.NoError(t, err)
	_, err = Open(path, "b")
	require.ErrorContains(t, err, "another process is writing to it")
	require.NoError(t, f.Close())
	_, err = Open(filepath.Join(path, "below a file"), "a")
	require.Error(t, err)
}

func TestAProcessThatCannotRecordEnds(t *testing.T) {
	f, err := Open(filepath.Join(t.TempDir(), "a.jsonl"), "a")
	require.NoError(t, err)
	var failed error
	f.OnFailure(func(err error) { failed = err })
	require.NoError(t, f.Close())
	f.Emit(Line{})
	require.ErrorIs(t, failed, os.ErrClosed)
	require.ErrorContains(t, failed, "trace: a line of a cannot be recorded")
}

func TestABodyThatIsNoJSONIsRecordedAsAString(t *testing.T) {
	buf, err := encodeLine(Line{Process: "a", Call: &Call{ID: "1", Body: json.RawMessage(`{"a":`)}})
	require.NoError(t, err)
	require.Contains(t, string(buf), `"body":"{\"a\":"`)
}

func TestWriterRefuses(t *testing.T) {
	var out strings.Builder
	w, err := NewWriter(&out, Header{})
	require.NoError(t, err)
	require.NoError(t, w.Write(Line{Time: 5, Process: "a"}))
	require.EqualError(t, w.Write(Line{Time: 4, Process: "a"}), "trace: line 2: out of order: its time 4 is before 5, the time of the line before")
	require.Error(t, w.Write(Line{Time: 6, Process: "a"}), "the first error stays")
	require.Error(t, w.Flush())

	full := errors.New("full")
	w, err = NewWriter(broken{full}, Header{})
	require.NoError(t, err)
	require.ErrorIs(t, w.Flush(), full)
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }
