package museum

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// Overlay writes the patched files below dir, and beside them the overlay file for "go build -overlay", whose path it
// returns. root is the project's folder.
func (b Bug) Overlay(ctx context.Context, root, dir string) (string, error) {
	files, _, err := gitdiff.Parse(bytes.NewReader(b.diff))
	if err != nil {
		return "", fmt.Errorf("%s is no patch: %w", b.file, err)
	}
	if len(files) == 0 {
		return "", fmt.Errorf("%s changes nothing", b.file)
	}
	replace := map[string]string{}
	for i, file := range files {
		original, err := locate(ctx, root, named(file))
		if err != nil {
			return "", fmt.Errorf("%s: %w", b.file, err)
		}
		source, err := os.ReadFile(original)
		if err != nil {
			return "", fmt.Errorf("%s: %w", b.file, err)
		}
		var patched bytes.Buffer
		if err := gitdiff.Apply(&patched, bytes.NewReader(source), file); err != nil {
			return "", fmt.Errorf("%s does not apply to %s any more: %w", b.file, named(file), err)
		}
		copy := filepath.Join(dir, fmt.Sprintf("%d-%s", i, filepath.Base(original)))
		if err := os.WriteFile(copy, patched.Bytes(), 0o644); err != nil {
			return "", err
		}
		replace[original] = copy
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, overlay, 0o644)
}

// Build builds the orrery command with the bug planted, as the file out.
func (b Bug) Build(ctx context.Context, root, out string) error {
	return b.BuildPackage(ctx, root, ".", out)
}

// BuildPackage builds another command than orrery, named by its package, with the bug planted.
func (b Bug) BuildPackage(ctx context.Context, root, command, out string) error {
	return b.goTool(ctx, root, "build", "-o", out, command)
}

// Compiles builds, and throws away, only the packages that the patch changes: enough to know that the patch still fits.
func (b Bug) Compiles(ctx context.Context, root string) error {
	files, _, err := gitdiff.Parse(bytes.NewReader(b.diff))
	if err != nil {
		return fmt.Errorf("%s is no patch: %w", b.file, err)
	}
	var packages []string
	for _, file := range files {
		if name, ok := strings.CutPrefix(named(file), modulePrefix); ok {
			packages = append(packages, filepath.Dir(name))
		} else {
			packages = append(packages, "./"+filepath.Dir(named(file)))
		}
	}
	return b.goTool(ctx, root, append([]string{"build"}, packages...)...)
}

// goTool runs "go verb -overlay ... args" in root.
func (b Bug) goTool(ctx context.Context, root string, args ...string) error {
	dir, err := os.MkdirTemp("", "orrery-museum-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	overlay, err := b.Overlay(ctx, root, dir)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{args[0], "-overlay", overlay}, args[1:]...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as orrery itself is built
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s does not build: %w\n%s", b.file, err, output)
	}
	return nil
}

const modulePrefix = "module:"

// named is the path of the file that is patched, without the "a/" or "b/" before it: a diff without git's extended
// header keeps them.
func named(file *gitdiff.File) string {
	name := file.OldName
	for _, side := range []string{"a/", "b/"} {
		if rest, ok := strings.CutPrefix(name, side); ok {
			return rest
		}
	}
	return name
}

// locate returns the absolute path of a file that a patch names.
func locate(ctx context.Context, root, name string) (string, error) {
	name, ok := strings.CutPrefix(name, modulePrefix)
	if !ok {
		return filepath.Abs(filepath.Join(root, name))
	}
	list := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", filepath.Dir(name))
	list.Dir = root
	dir, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("package %s is not one that the project builds with: %w", filepath.Dir(name), err)
	}
	return filepath.Join(strings.TrimSpace(string(dir)), filepath.Base(name)), nil
}
