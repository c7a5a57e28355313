package actions

import (
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/history"
)

// Goal: who has made a version is known, or who may have. Method: a recorded real run, with all its faults. What API servers make when they start
// nobody has asked for.
func TestEveryVersionHasAWriter(t *testing.T) {
	h, err := history.Load("../../testdata/histories/ok-check-seed-2.jsonl.zst")
	require.NoError(t, err)
	r := newRun(h)
	known := map[int64]bool{}
	for _, d := range r.doubts {
		known[d.Revision] = true
	}
	for revision := range r.writers {
		known[revision] = true
	}
	for _, v := range h.Log.Entries {
		if v.Object.Resource != "namespaces" {
			require.True(t, known[v.Revision], "revision %d of %v", v.Revision, v.Object)
		}
	}
	require.Greater(t, len(known), 1000)
}
