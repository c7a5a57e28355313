package tidy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the module's, as seen from this package.
const root = "../.."

func none(t *testing.T, violations []Violation) {
	t.Helper()
	for _, v := range violations {
		t.Error(v)
	}
}

// The module obeys the import law.
func TestImports(t *testing.T) {
	packages, err := List(root, false, "./...")
	require.NoError(t, err)
	none(t, Imports(packages))
}

// The files that decide can be repeated.
func TestDeterminism(t *testing.T) {
	packages, err := List(root, true, "./impl/...")
	require.NoError(t, err)
	top, err := filepath.Abs(root)
	require.NoError(t, err)
	checker := NewChecker(packages)
	judged := 0
	for _, p := range packages {
		pkg, isOurs := strings.CutPrefix(p.ImportPath, module+"/")
		if !isOurs || !decidesSomewhere(pkg, p.GoFiles) {
			continue
		}
		files, err := checker.Parse(top, p.Dir, p.GoFiles)
		require.NoError(t, err)
		types := checker.Check(p.ImportPath, files)
		for i, file := range files {
			if Decides(pkg, p.GoFiles[i]) {
				judged++
				none(t, Determinism(checker.Fset, file, types))
			}
		}
	}
	require.Greater(t, judged, 10, "the files that decide are not where this test looks for them")
}

func decidesSomewhere(pkg string, files []string) bool {
	for _, file := range files {
		if Decides(pkg, file) {
			return true
		}
	}
	return false
}

// The tree has its shape.
func TestTree(t *testing.T) {
	violations, err := Tree(os.DirFS(root))
	require.NoError(t, err)
	none(t, violations)
}
