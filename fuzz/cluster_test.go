package fuzz

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/checker/report"
	"orrery/checker/verdict"
	"orrery/fuzz/simulation"
)

// clusterSize is a small one, so that a fuzzer gets around.
var clusterSize = simulation.Size{ControlPlanes: 2, Workers: 2}

// found is where failures are kept as scripts, beside what go test keeps of their bytes and runs again first.
const found = "testdata/found"

// FuzzCluster runs a whole simulated cluster in which every decision is made by the bytes of the input: what is asked for, which
// message comes first, what fails. No guarantee may break, and in the end everything must be as desired.
func FuzzCluster(f *testing.F) {
	f.Add([]byte{})
	random := rand.New(rand.NewPCG(1, 1))
	for _, size := range []int{20, 200, 1000, 4000} {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := simulation.Explore(ctx, clusterSize, simulation.Bytes(data))
		require.NoError(t, err)
		if r.Broken() == "" {
			return
		}
		small := simulation.Shrink(ctx, r)
		var text bytes.Buffer
		require.NoError(t, report.Write(&text, history.New(small.Header, small.Lines), small.Report))
		kept := filepath.Join(found, fmt.Sprintf("FuzzCluster-%.16x.txt", sha256.Sum256(data)))
		require.NoError(t, os.MkdirAll(found, 0o755))
		require.NoError(t, os.WriteFile(kept, []byte(small.Text()), 0o644))
		require.NotEqual(t, verdict.Illegal, r.Report.Verdict(), "%s\n%s\nkept as a script: orrery sim --script fuzz/%s", &text, small.Text(), kept)
	})
}
