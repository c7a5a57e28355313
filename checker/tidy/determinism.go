package tidy

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Deciding are the packages all of whose files decide, but for those named, which are their shells.
var Deciding = map[string][]string{
	"impl/control":                {"shell.go", "command.go", "elect.go"},
	"impl/control/election":       {},
	"impl/scheduler":              {"command.go"},
	"impl/controller/endpoints":   {},
	"impl/controller/node":        {"config.go"},
	"impl/controller/garbage":     {},
	"impl/controller/replication": {"command.go"},
	"impl/controller/namespace":   {},
	"impl/apiserver/kubelets":     {},
	"impl/apiserver/rbac":         {},
	"impl/apiserver/rbac/policy":  {},
	"impl/proxy":                  {"local.go", "command.go"},
	"impl/apiserver/registry":     {},
	"impl/controller/account":     {},
	"impl/token":                  {},
}

// ForbiddenToDeciders are packages that a deciding file may not import.
var ForbiddenToDeciders = []string{"sync", "sync/atomic", "math/rand", "math/rand/v2", "crypto/rand", "net/http",
	"go.etcd.io/etcd", "orrery/impl/store/etcd"}

// clock is what a deciding file may not use of package time.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// Decides reports whether the file of a package (both relative to the module) is bound by the rules of determinism.
func Decides(pkg, file string) bool {
	if strings.HasSuffix(file, "_test.go") || !under(pkg, "impl") {
		return false
	}
	if file == "reconcile.go" || strings.HasPrefix(file, "decide") {
		return true
	}
	shells, whole := Deciding[pkg]
	return whole && !slices.Contains(shells, file)
}

// Determinism judges one file that decides. Types, which may be incomplete, tell maps from other things.
func Determinism(fset *token.FileSet, file *ast.File, types *Types) []Violation {
	d := determinism{fset: fset, file: file, types: types, comments: commentLines(fset, file), packages: map[string]string{}}
	d.imports()
	ast.Inspect(file, d.visit)
	return d.found
}

type determinism struct {
	fset     *token.FileSet
	file     *ast.File
	types    *Types
	comments map[int]string    // what comment ends on a line
	packages map[string]string // import path by local name
	function ast.Node          // the innermost function declaration
	found    []Violation
}

func (d *determinism) report(pos token.Pos, format string, args ...any) {
	p := d.fset.Position(pos)
	d.found = append(d.found, Violation{fmt.Sprintf("%s:%d", p.Filename, p.Line), fmt.Sprintf(format, args...)})
}

func (d *determinism) imports() {
	for _, spec := range d.file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if slices.ContainsFunc(ForbiddenToDeciders, func(f string) bool { return under(imported, f) }) {
			d.report(spec.Pos(), "a file that decides imports %s", imported)
		}
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		d.packages[name] = imported
	}
}

func (d *determinism) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		d.function = n
	case *ast.GoStmt:
		d.report(n.Pos(), "a file that decides starts a goroutine")
	case *ast.SelectStmt:
		d.report(n.Pos(), "a file that decides selects")
	case *ast.ChanType:
		d.report(n.Pos(), "a file that decides uses a channel")
	case *ast.SendStmt:
		d.report(n.Pos(), "a file that decides sends on a channel")
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			d.report(n.Pos(), "a file that decides receives from a channel")
		}
	case *ast.SelectorExpr:
		if d.is(n, "time") && slices.Contains(clock, n.Sel.Name) {
			d.report(n.Pos(), "a file that decides uses time.%s: the time is an argument", n.Sel.Name)
		}
	case *ast.RangeStmt:
		d.rangeStmt(n)
	}
	return true
}

// is reports whether a selector picks from the package of that path.
func (d *determinism) is(s *ast.SelectorExpr, path string) bool {
	x, ok := s.X.(*ast.Ident)
	return ok && d.packages[x.Name] == path && x.Obj == nil
}

// commentLines maps the line on which each comment ends to its last line.
func commentLines(fset *token.FileSet, file *ast.File) map[int]string {
	lines := map[int]string{}
	for _, group := range file.Comments {
		for _, c := range group.List {
			lines[fset.Position(c.End()).Line] = c.Text
		}
	}
	return lines
}
