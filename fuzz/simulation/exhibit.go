package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"orrery/checker/verdict"
	"orrery/fuzz/museum"
)

// planted is the package of the command that is built with a bug in it.
const planted = "./fuzz/simulation/planted"

// simulated is the command by which bugs are said to be found in simulated clusters.
const simulated = "orrery sim"

// Detection says how soon a planted bug is found.
type Detection struct {
	Bug museum.Bug
	// Found is in how many tries it was, of so many; a try that breaks another guarantee than the bug's has not found it.
	Found, Tries int
	// Runs and Seconds are the medians of what a try took, those that found nothing included.
	Runs    int
	Seconds float64
	// Else are other guarantees that broke instead.
	Else []string
}

// tryApart is how far the first seeds of two tries lie apart.
const tryApart = 1_000_000

// Exhibit plants a bug and looks for it, so many times, each from other seeds and for at most so long.
func Exhibit(ctx context.Context, bug museum.Bug, root string, tries int, most time.Duration) (Detection, error) {
	d := Detection{Bug: bug, Tries: tries}
	dir, err := os.MkdirTemp("", "orrery-sim-")
	if err != nil {
		return d, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "sim")
	if err := bug.BuildPackage(ctx, root, planted, binary); err != nil {
		return d, err
	}
	var runs []int
	var seconds []float64
	for try := range tries {
		result := filepath.Join(dir, "result")
		args := append(bug.With(simulated), "--shrink=false", "--seeds=1000000", "--result="+result, fmt.Sprint("--time=", most), fmt.Sprint("--from=", try*tryApart+1))
		err := start(ctx, binary, os.Stderr, args...)
		if err != nil && !errors.As(err, new(*verdict.Error)) {
			return d, fmt.Errorf("%s: %w", bug.ID, err)
		}
		text, err := os.ReadFile(result)
		if err != nil {
			return d, err
		}
		var tally Tally
		if err := json.Unmarshal(text, &tally); err != nil {
			return d, fmt.Errorf("%s: %w", bug.ID, err)
		}
		switch {
		case tally.Failed == nil:
		case bug.Breaks(tally.Broken):
			d.Found++
		default:
			d.Else = append(d.Else, tally.Broken)
		}
		runs, seconds = append(runs, tally.Runs), append(seconds, tally.Seconds)
	}
	slices.Sort(runs)
	slices.Sort(seconds)
	d.Runs, d.Seconds = runs[len(runs)/2], seconds[len(seconds)/2]
	return d, nil
}

// start runs the planted program; its verdict is the error.
func start(ctx context.Context, binary string, stderr *os.File, args ...string) error {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stderr = stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return outcome(cmd.Run())
}

// outcome turns the exit status of another orrery into what it means.
func outcome(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		for _, v := range []verdict.Verdict{verdict.Illegal, verdict.Unknown} {
			if exit.ExitCode() == v.ExitCode() {
				return v.Err()
			}
		}
	}
	return err
}

// String is the detection as a row of a table.
func (d Detection) String() string {
	return fmt.Sprintf("%-4s found %d of %d, median %d runs, %.1f s: %s", d.Bug.ID, d.Found, d.Tries, d.Runs, d.Seconds, d.Bug.What)
}
