package actions_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/fuzz/actions"
	"orrery/fuzz/simulation"
)

// taken are the actions that a script takes, by name.
func taken(t *testing.T, text string) []string {
	size, script, err := simulation.ParseScript(text)
	require.NoError(t, err)
	r, err := simulation.Replay(context.Background(), size, script, true)
	require.NoError(t, err)
	require.Empty(t, r.Broken())
	var tally actions.Tally
	tally.Add("script", actions.Find(history.New(r.Header, r.Lines)))
	var names []string
	for _, a := range tally.Taken() {
		names = append(names, a.String())
	}
	return names
}

const quiet = "cluster 1 1\nsettle"

// Goal: each finder finds what it is for, and nothing else. Method: stories in which one thing happens. Printed is what they take that a quiet
// cluster does not.
func TestScripts(t *testing.T) {
	ordinary := taken(t, quiet)
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			names := taken(t, d.Input)
			if d.Cmd == "run" {
				names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(ordinary, name) })
			}
			return byModel(names)
		})
	})
}

// byModel is a line for each model.
func byModel(names []string) string {
	var text strings.Builder
	model := ""
	for _, name := range names {
		of, action, _ := strings.Cut(name, ".")
		switch {
		case model == "":
			text.WriteString(of + ":")
		case of != model:
			text.WriteString("\n" + of + ":")
		}
		model = of
		text.WriteString(" " + action)
	}
	if len(names) == 0 {
		return "nothing else\n"
	}
	return text.String() + "\n"
}

// Goal: the finder of each action that simulated runs take says yes to a story, and no to another. Method: all stories. What even a quiet
// cluster takes is in all of them; TestNothingIsFoundInNothing is about that.
func TestScriptsTakeEveryAction(t *testing.T) {
	ordinary := taken(t, quiet)
	in, stories := map[string]int{}, 0
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			stories++
			for _, name := range taken(t, d.Input) {
				in[name]++
			}
			return d.Expected
		})
	})
	for _, a := range actions.Actions() {
		if a.Where != actions.Simulated && a.Where != actions.Rare && a.Where != actions.Story {
			continue
		}
		n, name := in[a.String()], a.String()
		require.True(t, n > 0 && (n < stories || slices.Contains(ordinary, name)), "%d of %d stories take %s", n, stories, name)
	}
}
