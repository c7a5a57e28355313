package exploration

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// What is drawn at most. A picture of more tells nobody anything, and takes minutes.
const (
	mostDrawnStates = 1000
	mostDrawnSteps  = 3000
)

// drawer is the program that draws; see its source for why it is one of its own.
const drawer = "draw"

// svg writes the graph of a result to a file as a picture.
func (r *result) svg(ctx context.Context, file string) error {
	if r.report.States > mostDrawnStates || r.report.Steps > mostDrawnSteps {
		return fmt.Errorf("--svg: the graph has %d states and %d steps, and at most %d and %d are drawn; --dot writes any graph, for Graphviz",
			r.report.States, r.report.Steps, mostDrawnStates, mostDrawnSteps)
	}
	program, err := findDrawer()
	if err != nil {
		return err
	}
	var graph, says bytes.Buffer
	if err := r.dot(&graph); err != nil {
		return err
	}
	return toFile(file, func(w io.Writer) error {
		cmd := exec.CommandContext(ctx, program)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = &graph, w, &says
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%w: %s", err, says.Bytes())
		}
		return nil
	})
}

// findDrawer looks beside the program that is running, as `make build` has it, and then where all programs are.
func findDrawer() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return "", err
	}
	beside := filepath.Join(filepath.Dir(self), drawer)
	if found, err := exec.LookPath(beside); err == nil {
		return found, nil
	}
	found, err := exec.LookPath(drawer)
	if err != nil {
		return "", fmt.Errorf("--svg: %s is not there: make build", beside)
	}
	return found, nil
}

// toFile has a file written.
func toFile(file string, write func(io.Writer) error) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return fmt.Errorf("%s: %w", file, err)
	}
	return f.Close()
}
