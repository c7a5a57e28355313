package museum

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// Every exhibit must still fit the code that it breaks: a patch that no longer applies finds nothing, silently. Each is
// applied, and the packages that it changes are built.
func TestEveryPatchAppliesAndBuilds(t *testing.T) {
	bugs, err := Load(filepath.Join(root, "testdata/museum"))
	require.NoError(t, err)
	require.NotEmpty(t, bugs)
	for _, bug := range bugs {
		t.Run(bug.ID, func(t *testing.T) {
			require.NoError(t, bug.Compiles(context.Background(), root))
		})
	}
}

const head = "# Bug: b\n# Cites: c\n# Guarantee: g\n# Found by: make check BUG=X1\n"

// A patch that cannot plant its bug must say so and name itself: planted files that are wrong in each way.
func TestBadPatchesAreRefused(t *testing.T) {
	for _, test := range []struct{ name, file, content, want string }{
		{"no words in the name", "X1.patch", head, "<ID>-<words>.patch"},
		{"a head without its lines", "X1-a.patch", "# Bug: b\n", "must have the lines"},
		{"a head with an unknown line", "X1-a.patch", head + "# Author: me\n", "Author"},
		{"no hunks", "X1-a.patch", head, "changes nothing"},
		{"a file that is not there", "X1-a.patch", head + "--- a/no/such.go\n+++ b/no/such.go\n@@ -1 +1 @@\n-a\n+b\n", "no/such.go"},
		{"a package that is not required", "X1-a.patch", head + "--- a/module:no.such/module/x.go\n+++ b/module:no.such/module/x.go\n@@ -1 +1 @@\n-a\n+b\n", "no.such/module"},
		{"lines that have changed since", "X1-a.patch", head + "--- a/LICENSE\n+++ b/LICENSE\n@@ -1 +1 @@\n-a line that is not there\n+b\n", "does not apply"},
		{"code that does not compile", "X1-a.patch", head + "--- a/impl/trace/sink.go\n+++ b/impl/trace/sink.go\n@@ -1,1 +1,1 @@\n-package trace\n+package trace oops\n", "does not build"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, test.file), []byte(test.content), 0o644))
			bug, err := Find(dir, "X1")
			if err == nil {
				err = bug.Compiles(context.Background(), root)
			}
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, test.file)
		})
	}
}

// Goal: the flags that a command needs are found. Method: a head that names several commands.
func TestWith(t *testing.T) {
	bug := Bug{ID: "X1", FoundBy: []string{"make check BUG=X1", "orrery sim --bug X1 --standby --long 2"}}
	require.Equal(t, []string{"--standby", "--long", "2"}, bug.With("orrery sim"))
	require.Empty(t, bug.With("make check"))
}

// An ID without a patch is an error that lists those that there are.
func TestUnknownBugNamesTheKnown(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "X1-a.patch"), []byte(head), 0o644))
	_, err := Find(dir, "X2")
	require.ErrorIs(t, err, ErrUnknownBug)
	require.ErrorContains(t, err, "X1")
}

// Goal: the README shows every bug, in its own words. Method: a row of a table begins with them.
func TestReadmeShowsEveryBug(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	bugs, err := Load(filepath.Join(root, "testdata/museum"))
	require.NoError(t, err)
	for _, bug := range bugs {
		require.Contains(t, string(readme), "\n| "+bug.ID+" | "+bug.What+" ("+bug.Cites+")", "%s: no row of a table in README.md begins so", bug.ID)
	}
}
