package exploration

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"orrery/checker/verdict"
)

func run(args ...string) (string, error) {
	var out bytes.Buffer
	cmd := Command()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(new(bytes.Buffer))
	err := cmd.Execute()
	return out.String(), err
}

// Goal: what is printed is as it was read and found good, and the README shows it. Method: commands, and what they print; those marked so
// are looked for in the README.
func TestScripts(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			args := strings.Split(strings.TrimSpace(d.Input), "\n")
			out, err := run(args...)
			if d.Cmd == "readme" {
				assert.Contains(t, string(readme), out, "the README shows something else")
			}
			if err != nil {
				out += "orrery: " + err.Error() + "\n"
			}
			return out
		})
	})
}

// Goal: the exit status says which of three it was.
func TestVerdicts(t *testing.T) {
	_, err := run("replication")
	require.NoError(t, err)
	for _, c := range []struct {
		args []string
		want verdict.Verdict
	}{
		{[]string{"replication", "--property", "there are never more pods"}, verdict.Illegal},
		{[]string{"replication", "--depth", "3"}, verdict.Unknown},
		{[]string{"replication", "--states", "10"}, verdict.Unknown},
	} {
		_, err := run(c.args...)
		var judged *verdict.Error
		require.ErrorAs(t, err, &judged, "%v", c.args)
		require.Equal(t, c.want, judged.Verdict, "%v", c.args)
	}
}

// Goal: a small graph can be drawn.
func TestDot(t *testing.T) {
	file := t.TempDir() + "/graph.dot"
	_, err := run("replication", "--changes", "0", "--dot", file)
	require.NoError(t, err)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), "the controller decides: create pod 0")
}

// Goal: nothing that is explored with other means comes to something else.
func TestMeansDoNotMatter(t *testing.T) {
	for _, c := range components {
		want, err := run(c.name)
		require.NoError(t, err)
		for _, flag := range []string{"--exact", "--no-reduction"} {
			got, err := run(c.name, flag)
			require.NoError(t, err)
			require.Equal(t, want, got, "%s %s", c.name, flag)
		}
	}
}
