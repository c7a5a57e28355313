package checker_test

import (
	"context"
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
