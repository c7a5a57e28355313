package tidy

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
)

// Types is what the type checker found out about one package.
type Types struct {
	Info *types.Info
}

// Checker type-checks packages against what the compiler wrote for their dependencies.
type Checker struct {
	Fset     *token.FileSet
	importer types.Importer
}

// NewChecker returns a checker that finds its imports among packages, which [List] has compiled.
func NewChecker(packages []Package) *Checker {
	exports := map[string]string{}
	for _, p := range packages {
		exports[p.ImportPath] = p.Export
	}
	fset := token.NewFileSet()
	return &Checker{fset, importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("%s has not been compiled", path)
		}
		return os.Open(exports[path])
	})}
}

// Parse reads the files of a package, all with comments. Names in positions are relative to root.
func (c *Checker) Parse(root, dir string, names []string) ([]*ast.File, error) {
	var files []*ast.File
	for _, name := range names {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if relative, err := filepath.Rel(root, path); err == nil {
			path = relative
		}
		file, err := parser.ParseFile(c.Fset, path, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// Check finds the types. What has none, because of a mistake that the compiler will report, is left out.
func (c *Checker) Check(path string, files []*ast.File) *Types {
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: c.importer, Error: func(error) {}}
	_, _ = conf.Check(path, c.Fset, files, info)
	return &Types{info}
}
