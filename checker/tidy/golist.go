package tidy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// Package is what `go list` tells of one package.
type Package struct {
	ImportPath   string
	Dir          string
	Standard     bool
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Export       string // the file that the compiler wrote for its importers
}

// Violation is one place that breaks one rule.
type Violation struct {
	Where string
	What  string
}

func (v Violation) String() string { return v.Where + ": " + v.What }

// List asks `go list -deps` in dir. With export it also has the packages compiled, for the type checker. A package that
// does not build is the compiler's to report.
func List(dir string, export bool, patterns ...string) ([]Package, error) {
	fields := "ImportPath,Dir,Standard,GoFiles,Imports,TestImports,XTestImports"
	args := []string{"list", "-e", "-deps", "-json=" + fields}
	if export {
		args = []string{"list", "-e", "-deps", "-export", "-json=" + fields + ",Export"}
	}
	cmd := exec.Command("go", append(args, patterns...)...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("go list: %w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("go list: %w", err)
	}
	return parseList(out)
}

func parseList(out []byte) ([]Package, error) {
	var packages []Package
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var p Package
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		packages = append(packages, p)
	}
}
