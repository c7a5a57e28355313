package tidy

import (
	"fmt"
	"slices"
	"strings"
)

// module is the name under which the rooms import one another.
const module = "orrery"

// room is one line of the import law.
type room struct {
	path string
	// own are packages of this module that it may import, third those of others, unless it may import all of them.
	own, third []string
	allThird   bool
	// never are packages of the standard library that it may not import.
	never []string
	// inTests are third-party libraries that its tests may import besides.
	inTests []string
	why     string
}

var (
	// effects are what a model has no business with: it is a function of its arguments.
	effects = []string{"time", "math/rand", "math/rand/v2", "crypto/rand", "sync", "sync/atomic", "context", "os", "os/exec",
		"net", "net/http", "log", "log/slog", "syscall", "unsafe", "runtime"}
	dataLibraries = []string{"github.com/anishathalye/porcupine", "github.com/klauspost/compress", "sigs.k8s.io/yaml"}
	testLibraries = []string{"github.com/stretchr/testify", "pgregory.net/rapid", "github.com/cockroachdb/datadriven"}
)

// rooms are looked up from the first line to the last.
var rooms = []room{
	{path: "model", own: []string{"model"}, never: effects,
		why: "a model is the standard library and models, without effects"},
	{path: "impl/trace", own: []string{"impl/trace"}, inTests: testLibraries,
		why: "the trace is a leaf: judges read it and need nothing of what ran"},
	{path: "impl", own: []string{"impl"}, allThird: true,
		why: "what runs must not know what it is judged by"},
	{path: "checker", own: []string{"checker", "model", "impl/trace"}, third: dataLibraries, inTests: testLibraries,
		why: "a judge reads traces, and never runs the system"},
}

// Imports judges the imports of all packages of the module. Packages is the answer of [List] with dependencies, which
// knows what belongs to the standard library.
func Imports(packages []Package) []Violation {
	standard := map[string]bool{"C": true, "unsafe": true}
	for _, p := range packages {
		if p.Standard {
			standard[p.ImportPath] = true
		}
	}
	var violations []Violation
	for _, p := range packages {
		path, isOurs := strings.CutPrefix(p.ImportPath, module+"/")
		if !isOurs {
			continue
		}
		for _, r := range rooms {
			if !under(path, r.path) {
				continue
			}
			violations = append(violations, r.judge(p.ImportPath, p.Imports, r.third, standard)...)
			tests := slices.Concat(p.TestImports, p.XTestImports)
			violations = append(violations, r.judge(p.ImportPath+" (tests)", tests, slices.Concat(r.third, r.inTests), standard)...)
			break
		}
	}
	return violations
}

func (r room) judge(where string, imports, third []string, standard map[string]bool) []Violation {
	var violations []Violation
	for _, i := range imports {
		own, isOurs := strings.CutPrefix(i, module+"/")
		switch {
		case isOurs && slices.ContainsFunc(r.own, func(o string) bool { return under(own, o) }):
		case isOurs:
			violations = append(violations, Violation{where, fmt.Sprintf("imports %s: %s", i, r.why)})
		case slices.Contains(r.never, i):
			violations = append(violations, Violation{where, fmt.Sprintf("imports %s: %s", i, r.why)})
		case isStandard(i, standard), r.allThird:
		case !slices.ContainsFunc(third, func(t string) bool { return under(i, t) }):
			violations = append(violations, Violation{where, fmt.Sprintf("imports %s: %s", i, r.why)})
		}
	}
	return violations
}

// isStandard: what only a test imports is in no list of dependencies, but nothing outside the standard library has a first
// element without a dot.
func isStandard(path string, standard map[string]bool) bool {
	first, _, _ := strings.Cut(path, "/")
	return standard[path] || !strings.Contains(first, ".")
}

// under reports whether path is root or below it.
func under(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }
