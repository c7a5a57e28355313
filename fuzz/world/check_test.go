package world

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/host/tools"
)

// Goal: the main job says ok of a good cluster, and finds a planted bug; both as a user runs it, shortened.
// Method: `orrery check` with a seed, and with a bug of the museum; verdict, exit status, what lies in its folder.

// check runs `orrery check` and returns what it printed.
func check(t *testing.T, status int, args ...string) (printed, out string) {
	t.Helper()
	require.Zero(t, os.Geteuid(), "a real cluster needs root")
	bin, err := buildBin()
	require.NoError(t, err)
	root, err := tools.Root(".")
	require.NoError(t, err)
	out = t.TempDir()
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "orrery"), append([]string{"check", "--wait", "--out", out, "--time", "30s"}, args...)...)
	cmd.Dir = root
	text, err := cmd.CombinedOutput()
	if status == 0 {
		require.NoError(t, err, "%s", text)
	}
	require.Equal(t, status, cmd.ProcessState.ExitCode(), "%s", text)
	return string(text), out
}

func TestCheckIsOk(t *testing.T) {
	printed, out := check(t, 0, "--seed", "1")
	require.Contains(t, printed, "Verdict: ok")
	verdict, err := os.ReadFile(filepath.Join(out, "verdict"))
	require.NoError(t, err)
	require.Equal(t, "ok\n", string(verdict))
	require.FileExists(t, filepath.Join(out, "trace.jsonl.zst"))

	bin, err := buildBin()
	require.NoError(t, err)
	again, err := exec.Command(filepath.Join(bin, "orrery"), "judge", filepath.Join(out, "trace.jsonl.zst")).CombinedOutput()
	require.NoError(t, err, "%s", again)
	require.Contains(t, string(again), "Verdict: ok")
}

func TestCheckFindsAPlantedBug(t *testing.T) {
	printed, _ := check(t, 1, "--seed", "1", "--bug", "K11", "--faults", "kill-kubelet,kill-apiserver")
	require.Contains(t, printed, "Verdict: illegal")
	require.Contains(t, printed, "a pod is removed only after all of its containers have ended")
	require.Contains(t, printed, "make check SEED=1 TIME=30s BUG=K11")
}
