package tidy

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// TopFolders may stand at the top; bin and out hold what make leaves there.
var TopFolders = []string{"bin", "checker", "fuzz", "impl", "model", "out", "testdata"}

// machinePath is the beginning of a path that exists on one machine only. It is put together here, so as not to be one.
var machinePath = regexp.MustCompile(`(^|[^A-Za-z0-9_.~-])/(` + strings.Join([]string{"work", "root", `home/[a-z]+`, `Users/[A-Za-z]+`}, "|") + `)/`)

// unread are files that are not text, or not ours.
var unread = []string{".zst", ".tar", ".gz", ".png", "go.sum"}

// Tree judges the shape of a tree of files.
func Tree(tree fs.FS) ([]Violation, error) {
	var violations []Violation
	sources := map[string][]string{} // the Go files of each folder
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return folder(name, &violations)
		}
		if strings.HasSuffix(name, ".go") && !strings.Contains(name, "testdata/") {
			sources[path.Dir(name)] = append(sources[path.Dir(name)], path.Base(name))
		}
		return text(tree, name, entry, &violations)
	})
	if err != nil {
		return nil, err
	}
	for dir, files := range sources {
		if err := documented(tree, dir, files, &violations); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(violations, func(a, b Violation) int { return strings.Compare(a.Where, b.Where) })
	return violations, nil
}

func folder(name string, violations *[]Violation) error {
	if strings.Contains(name, "/") || name == "." {
		return nil
	}
	if strings.HasPrefix(name, ".") || name == "bin" || name == "out" {
		return fs.SkipDir
	}
	if !slices.Contains(TopFolders, name) {
		*violations = append(*violations, Violation{name, "no room of this name: see the import law"})
	}
	return nil
}

// text looks for a machine's paths in one file.
func text(tree fs.FS, name string, entry fs.DirEntry, violations *[]Violation) error {
	if !entry.Type().IsRegular() || slices.ContainsFunc(unread, func(suffix string) bool { return strings.HasSuffix(name, suffix) }) {
		return nil
	}
	content, err := fs.ReadFile(tree, name)
	if err != nil {
		return err
	}
	for i, line := range bytes.Split(content, []byte("\n")) {
		if found := machinePath.Find(line); found != nil {
			*violations = append(*violations, Violation{fmt.Sprintf("%s:%d", name, i+1), fmt.Sprintf("names a path of one machine: %s", bytes.TrimSpace(found))})
		}
	}
	return nil
}

// documented judges that a package has a package comment, in doc.go, or in main.go if it is a program.
func documented(tree fs.FS, dir string, files []string, violations *[]Violation) error {
	where := "doc.go"
	if slices.Contains(files, "main.go") && !slices.Contains(files, where) {
		where = "main.go"
	}
	if !slices.Contains(files, where) {
		*violations = append(*violations, Violation{dir, "has no doc.go"})
		return nil
	}
	name := path.Join(dir, where)
	content, err := fs.ReadFile(tree, name)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		return err
	}
	if !startsWell(file) {
		*violations = append(*violations, Violation{name, fmt.Sprintf("the package comment does not begin with what %s is", file.Name.Name)})
	}
	return nil
}

func startsWell(file *ast.File) bool {
	comment := file.Doc.Text()
	return strings.HasPrefix(comment, "Package "+file.Name.Name+" ") || file.Name.Name == "main" && comment != ""
}
