package checker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker"
	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

var rewrite = flag.Bool("rewrite", false, "write what was found as what is wanted; read the difference before you commit it")

const histories = "../testdata/histories"

// Goal: runs that were recorded from the real cluster, good ones and ones with a planted bug, are judged by this version as
// they were when they were recorded. Method: judge each and compare the verdict, and the first guarantee that is broken,
// with verdicts.txt; a file's name says its verdict besides.
func TestRecordedHistories(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(histories, "*.jsonl*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var got strings.Builder
	for _, file := range files {
		h, err := history.Load(file)
		require.NoError(t, err)
		report := checker.Judge(context.Background(), h, verdict.DefaultLimits)
		name := filepath.Base(file)
		wanted, _, _ := strings.Cut(name, "-")
		require.Equal(t, wanted, report.Verdict().String(), "%s: %+v", name, report)
		fmt.Fprintf(&got, "%s: %s", name, report.Verdict())
		if by, first, ok := report.First(); ok {
			fmt.Fprintf(&got, ", says %s at line %d: %v", by, first.Line, first.Guarantee)
		}
		fmt.Fprintln(&got)
	}
	golden := filepath.Join(histories, "verdicts.txt")
	if *rewrite {
		require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}

// Goal: a run that was good is refused when its recording is falsified in one place, so that the verdict ok of a real run is
// known to mean something. Method: change one line of the recorded run and judge it.
func TestFalsifiedHistoriesAreRefused(t *testing.T) {
	good, err := history.Load(filepath.Join(histories, "ok-check-seed-2.jsonl.zst"))
	require.NoError(t, err)
	written := func(l *trace.Line) bool { return l.Revision != nil && l.Revision.Resource == "configmaps" }
	for _, test := range []struct {
		name    string
		picks   func(*trace.Line) bool // the line that is changed: the twentieth of these, or the last
		falsify func(*trace.Line)      // nil: it is left out
	}{
		{"an entry of the store's log is left out", written, nil},
		{"an object gets another UID", written, func(l *trace.Line) {
			l.Revision.Object = bytes.Replace(l.Revision.Object, []byte(`"uid":"`), []byte(`"uid":"0`), 1)
		}},
		{"a watch event is left out", func(l *trace.Line) bool { return l.Event != nil && l.Event.Type == "MODIFIED" }, nil},
		{"a watch event comes as another version", func(l *trace.Line) bool { return l.Event != nil && l.Event.Type == "MODIFIED" }, func(l *trace.Line) { l.Event.Object.Revision-- }},
		{"a consistent read of the store is stale", func(l *trace.Line) bool {
			return l.Return != nil && l.Return.Object != nil && l.Return.Object.Key != "" && l.Return.Outcome == trace.OK && l.Return.Succeeded
		}, func(l *trace.Line) { l.Return.Revision -= 5 }},
		{"a watch cache holds one object less", func(l *trace.Line) bool { return l.Digest != nil && l.Digest.Count > 0 }, func(l *trace.Line) { l.Digest.Count-- }},
		{"a container starts on another node", func(l *trace.Line) bool {
			return l.Container != nil && l.Container.State == "exited" && l.Container.Container != ""
		}, func(l *trace.Line) { l.Container.State = "started"; l.Container.ID += "x" }},
		{"a return has no call", func(l *trace.Line) bool { return l.Call != nil }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lines []trace.Line
			at, seen := -1, 0
			for i := range good.Lines {
				if test.picks(&good.Lines[i]) {
					if seen++; seen <= 20 {
						at = i
					}
				}
			}
			require.NotEqual(t, -1, at)
			for i, l := range good.Lines {
				if i == at {
					if test.falsify == nil {
						continue
					}
					l = copyOf(t, l)
					test.falsify(&l)
				}
				l.Seq = int64(len(lines) + 1)
				lines = append(lines, l)
			}
			report := checker.Judge(context.Background(), history.New(good.Header, lines), verdict.DefaultLimits)
			require.Equal(t, verdict.Illegal, report.Verdict())
		})
	}
}

// copyOf shares nothing with a line.
func copyOf(t *testing.T, l trace.Line) (copied trace.Line) {
	text, err := json.Marshal(l)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &copied))
	return copied
}
