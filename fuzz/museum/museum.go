package museum

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Bug is one exhibit.
type Bug struct {
	// ID is that of the list of historical bugs, such as "K11"; Words tell it from others with that ID.
	ID, Words string
	// What, Cites, Guarantee and FoundBy are the lines of the patch's head.
	What      string
	Cites     string
	Guarantee string
	FoundBy   []string

	file string
	diff []byte
}

// Breaks reports whether a guarantee is one of those that the bug breaks: the head may name several, with " or " between them.
func (b Bug) Breaks(guarantee string) bool {
	for part := range strings.SplitSeq(b.Guarantee, " or ") {
		if strings.Contains(guarantee, part) {
			return true
		}
	}
	return false
}

// By reports whether the bug is said to be found by a command that begins so.
func (b Bug) By(command string) bool {
	for _, by := range b.FoundBy {
		if strings.HasPrefix(by, command) {
			return true
		}
	}
	return false
}

// With are the flags that a command which finds the bug is said to need, beside the one that names the bug.
func (b Bug) With(command string) []string {
	for _, by := range b.FoundBy {
		if flags, ok := strings.CutPrefix(by, command+" --bug "+b.ID); ok {
			return strings.Fields(flags)
		}
	}
	return nil
}

// ErrUnknownBug is returned for an ID that has no patch.
var ErrUnknownBug = errors.New("no such bug in the museum")

// Load reads all patches in dir, ordered by ID.
func Load(dir string) ([]Bug, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.patch"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s is no museum: it holds no patch", dir)
	}
	var bugs []Bug
	for _, file := range files {
		bug, err := read(file)
		if err != nil {
			return nil, err
		}
		bugs = append(bugs, bug)
	}
	sort.Slice(bugs, func(i, j int) bool { return bugs[i].ID < bugs[j].ID })
	for i := 1; i < len(bugs); i++ {
		if bugs[i].ID == bugs[i-1].ID {
			return nil, fmt.Errorf("%s and %s have the same ID", bugs[i-1].file, bugs[i].file)
		}
	}
	return bugs, nil
}

// Find returns the bug with that ID. The error names those that there are.
func Find(dir, id string) (Bug, error) {
	bugs, err := Load(dir)
	if err != nil {
		return Bug{}, err
	}
	var ids []string
	for _, bug := range bugs {
		if bug.ID == id {
			return bug, nil
		}
		ids = append(ids, bug.ID)
	}
	return Bug{}, fmt.Errorf("%w: %q; there are %s", ErrUnknownBug, id, strings.Join(ids, ", "))
}

// read parses one patch file.
func read(file string) (Bug, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return Bug{}, err
	}
	base := strings.TrimSuffix(filepath.Base(file), ".patch")
	id, words, ok := strings.Cut(base, "-")
	if !ok || id == "" || words == "" {
		return Bug{}, fmt.Errorf("%s: a patch is named <ID>-<words>.patch", file)
	}
	bug := Bug{ID: id, Words: words, file: file}
	lines := bufio.NewScanner(bytes.NewReader(content))
	head := 0
	for lines.Scan() && strings.HasPrefix(lines.Text(), "#") {
		head += len(lines.Bytes()) + 1
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "# "), ": ")
		value = strings.TrimSpace(value)
		switch name {
		case "Bug":
			bug.What = value
		case "Cites":
			bug.Cites = value
		case "Guarantee":
			bug.Guarantee = value
		case "Found by":
			bug.FoundBy = strings.Split(value, "; ")
		default:
			return Bug{}, fmt.Errorf("%s: the head has a line %q; it may have Bug, Cites, Guarantee, Found by", file, lines.Text())
		}
	}
	if bug.What == "" || bug.Cites == "" || bug.Guarantee == "" || len(bug.FoundBy) == 0 {
		return Bug{}, fmt.Errorf("%s: the head must have the lines Bug, Cites, Guarantee and Found by", file)
	}
	bug.diff = content[min(head, len(content)):]
	return bug, nil
}
