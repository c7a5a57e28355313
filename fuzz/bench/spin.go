package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"orrery/model/replication"
)

// twinFile is the twin of model/replication in Promela, as the root of the source tree sees it.
const twinFile = "testdata/spin/replication.pml"

// stackDepth bounds SPIN's path: no behavior of a domain that is measured or tested is longer, as every change, fault and write is counted.
const stackDepth = 10_000

// How SPIN is told not to do less than we do. It would leave variables out of the state that are never read, reduce the graph, and look
// for cycles; with none of that it visits the states that we visit.
var (
	wholeStates = []string{"-a", "-o2"}
	wholeGraph  = []string{"-DSAFETY", "-DNOREDUCE"}
)

// twin is the verifier that SPIN makes of the twin, for one domain.
type twin struct{ program string }

// searched is what a search of SPIN's came to.
type searched struct {
	states, steps  int
	perSecond, per float64 // states in a second, bytes for a state
}

// missingForSpin is why there is no yardstick on this host; empty: there is one.
func missingForSpin() string {
	for _, need := range []struct{ program, packages string }{{"spin", "spin"}, {"gcc", "gcc libc6-dev"}} {
		if _, err := exec.LookPath(need.program); err != nil {
			return fmt.Sprintf("not measured: %s is not installed (Debian: apt-get install %s)", need.program, need.packages)
		}
	}
	return ""
}

// makeTwin has SPIN write the verifier of a Promela file in that domain to a folder, and gcc compile it with that optimization.
func makeTwin(ctx context.Context, file, dir, optimization string, d replication.Domain) (twin, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return twin{}, err
	}
	spin := append([]string{}, wholeStates...)
	for _, bound := range []struct {
		name  string
		value int
	}{{"REPLICAS", d.Replicas}, {"MOST", d.Most}, {"PODS", d.Pods}, {"CHANGES", int(d.Changes)}, {"LOSSES", int(d.Losses)}, {"CRASHES", int(d.Crashes)}} {
		spin = append(spin, fmt.Sprintf("-D%s=%d", bound.name, bound.value))
	}
	t := twin{filepath.Join(dir, "pan")}
	if _, err := said(ctx, dir, "spin", append(spin, file)...); err != nil {
		return twin{}, err
	}
	_, err = said(ctx, dir, "gcc", append(wholeGraph, optimization, "-w", "-o", t.program, "pan.c")...)
	return t, err
}

// search visits all states. Of how many there will be it is told, so that its hash table is neither crowded nor larger than need be.
func (t twin) search(ctx context.Context, states int) (searched, error) {
	out, err := said(ctx, filepath.Dir(t.program), t.program, fmt.Sprintf("-m%d", stackDepth), fmt.Sprintf("-w%d", bits.Len(uint(states))))
	if err != nil {
		return searched{}, err
	}
	return readSearch(out)
}

// What SPIN prints of a search.
var (
	spinErrors  = regexp.MustCompile(`errors: (\d+)`)
	spinStored  = regexp.MustCompile(`(\d+) states, stored`)
	spinSteps   = regexp.MustCompile(`(\d+) transitions`)
	spinStates  = regexp.MustCompile(`([\d.]+)\s+actual memory usage for states`)
	spinTable   = regexp.MustCompile(`([\d.]+)\s+memory used for hash table`)
	spinElapsed = regexp.MustCompile(`elapsed time ([\d.]+) seconds`)
)

// readSearch reads what SPIN prints. A search that found an error or did not finish is none.
func readSearch(out []byte) (searched, error) {
	var figures [6]float64
	for i, pattern := range []*regexp.Regexp{spinErrors, spinStored, spinSteps, spinStates, spinTable, spinElapsed} {
		found := pattern.FindSubmatch(out)
		if found == nil {
			return searched{}, fmt.Errorf("spin does not say %q, but\n%s", pattern, out)
		}
		figure, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			return searched{}, fmt.Errorf("spin: %w", err)
		}
		figures[i] = figure
	}
	if figures[0] != 0 || bytes.Contains(out, []byte("Search not completed")) || bytes.Contains(out, []byte("max search depth too small")) {
		return searched{}, fmt.Errorf("spin did not visit all states:\n%s", out)
	}
	const mebi = 1 << 20
	// The initial state is among the states stored, and among the transitions, which no step leads to.
	s := searched{states: int(figures[1]), steps: int(figures[2]) - 1, per: (figures[3] + figures[4]) * mebi / figures[1]}
	if figures[5] > 0 { // otherwise it took less than SPIN can tell
		s.perSecond = figures[1] / figures[5]
	}
	return s, nil
}

// said runs a program in a folder and returns what it says.
func said(ctx context.Context, dir, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, errors.Join(ctx.Err(), fmt.Errorf("%s: %w:\n%s", filepath.Base(program), err, out))
	}
	return out, nil
}
