package exploration

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"orrery/checker/verdict"
	"orrery/fuzz/simulation"
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

// Goal: a small graph is drawn, and what cannot be is told. Method: the picture is well-formed, and has a node for each state; a graph that is
// too large; nobody who draws.
func TestSVG(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds Graphviz")
	}
	file := t.TempDir() + "/graph.svg"
	t.Setenv("PATH", t.TempDir()+":"+os.Getenv("PATH"))
	_, err := run("replication", "--changes", "0", "--svg", file)
	require.ErrorContains(t, err, "draw is not there: make build")

	out, err := exec.Command("go", "build", "-o", filepath.SplitList(os.Getenv("PATH"))[0]+"/", "./draw").CombinedOutput()
	require.NoError(t, err, "%s", out)
	text, err := run("replication", "--changes", "0", "--svg", file)
	require.NoError(t, err)
	require.Contains(t, text, "\n10 states, 15 steps")
	picture, err := os.ReadFile(file)
	require.NoError(t, err)
	nodes, edges, last := 0, 0, error(nil)
	for d := xml.NewDecoder(bytes.NewReader(picture)); last == nil; {
		var token xml.Token
		token, last = d.Token()
		if start, ok := token.(xml.StartElement); ok {
			nodes += ofClass(start, "node")
			edges += ofClass(start, "edge")
		}
	}
	require.Equal(t, io.EOF, last)
	require.Equal(t, [2]int{10, 15}, [2]int{nodes, edges}, "nodes and edges")

	_, err = run("replication", "--changes", "2", "--depth", "12", "--svg", file)
	require.ErrorContains(t, err, "and at most 1000 and 3000 are drawn")
}

// Goal: a counterexample is written as a script, which the simulation runs; where there is none to write, that is told.
func TestScript(t *testing.T) {
	file := t.TempDir() + "/script.txt"
	var judged *verdict.Error
	_, err := run("replication", "--property", "there are never more pods", "--script", file)
	require.ErrorAs(t, err, &judged)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), "# 3. a user wants 0 pods\nuser scale rc web 0\n")
	size, lines, err := simulation.ParseScript(string(text))
	require.NoError(t, err)
	ran, err := simulation.Replay(t.Context(), size, lines, true)
	require.NoError(t, err)
	require.Equal(t, verdict.Ok, ran.Report.Verdict())

	require.NoError(t, os.Remove(file))
	_, err = run("replication", "--script", file)
	require.NoError(t, err)
	require.NoFileExists(t, file)
	_, err = run("node", "--script", file)
	require.ErrorContains(t, err, "--script: no scripts are made of this component's paths")
}

// ofClass is 1 if an element is of that class.
func ofClass(e xml.StartElement, class string) int {
	if slices.Contains(e.Attr, xml.Attr{Name: xml.Name{Local: "class"}, Value: class}) {
		return 1
	}
	return 0
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
