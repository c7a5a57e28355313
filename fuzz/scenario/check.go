package scenario

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"orrery/checker/verdict"
	"orrery/fuzz/museum"
	"orrery/fuzz/nemesis"
	"orrery/impl/apiserver"
	"orrery/impl/host"
	"orrery/impl/trace"
)

// Config says what run is wanted.
type Config struct {
	Seed uint64
	// Time is how long the safety phase lasts, unless a kind of fault has not had its turn by then.
	Time time.Duration
	// Faults are the kinds that the nemesis uses, each at least once.
	Faults []string
	// Out is the folder for what the run leaves; what an earlier run left there is removed.
	Out string
	// Bug is the ID of a bug to plant, Museum the folder of patches and Root the sources they are planted in.
	Bug, Museum, Root string
	// Wait for the host's turn where another cluster runs, instead of being refused.
	Wait bool
	// Progress takes a line for each thing worth telling while the run goes on.
	Progress io.Writer
}

// DefaultTime is the length of the safety phase: some six seconds for each kind of fault.
const DefaultTime = 110 * time.Second

// Bounds of the run's own waiting.
const (
	// quiet is how long nothing but heartbeats must have been written for the cluster to count as converged. It is
	// longer than any backoff in the cluster may be by then, or a retry would come after the end, longer than a lease that nobody renews, and longer
	// than it takes an API server that was forgotten to say again that it is there.
	quiet = apiserver.DefaultRenewEvery + 2*time.Second
	// overtime is how much longer the safety phase may take until each kind of fault has had its turn.
	overtime = 75 * time.Second
	// bound is how long convergence may take.
	bound = 75 * time.Second
	// looking is the length of the settled phase.
	looking = 4 * time.Second
	// judging bounds the checkers.
	judging = 2 * time.Minute
)

// Check makes one run and judges it.
func Check(ctx context.Context, config Config) (verdict.Report, error) {
	var bug museum.Bug
	if config.Bug != "" {
		var err error
		if bug, err = museum.Find(config.Museum, config.Bug); err != nil {
			return verdict.Report{}, err
		}
	}
	// Whatever refuses the run does so before the last run's report is thrown away.
	if err := host.Refused(config.cluster("")); err != nil {
		return verdict.Report{}, err
	}
	if err := clear(config.Out); err != nil {
		return verdict.Report{}, err
	}
	binary := ""
	if config.Bug != "" {
		tell(config.Progress, "planting %s: %s", bug.ID, bug.What)
		var err error
		if binary, err = filepath.Abs(filepath.Join(config.Out, plantedPrefix+bug.ID)); err != nil {
			return verdict.Report{}, err
		}
		if err := bug.Build(ctx, config.Root, binary); err != nil {
			return verdict.Report{}, err
		}
	}
	begun := time.Now()
	if err := record(ctx, config, binary); err != nil {
		return verdict.Report{}, err
	}
	recorded := time.Now()
	report, err := JudgeRun(ctx, config.Out, config.Progress)
	tell(config.Progress, "the run took %.0f s, its judgement %.1f s", recorded.Sub(begun).Seconds(), time.Since(recorded).Seconds())
	return report, err
}

// leftovers are what a run leaves in its folder.
var leftovers = []string{partsDir, clusterDir, traceFile, reportFile, verdictFile}

const (
	traceFile   = "trace.jsonl.zst"
	reportFile  = "report.txt"
	verdictFile = "verdict"
	partsDir    = "parts"
	clusterDir  = "cluster"
	// plantedPrefix begins the name of a binary with a planted bug.
	plantedPrefix = "orrery-"
)

// clear makes an empty folder for the run. It removes what runs leave, and refuses a folder that holds anything else.
func clear(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("out: %w", err)
	}
	held, err := os.ReadDir(out)
	if err != nil {
		return fmt.Errorf("out: %w", err)
	}
	for _, entry := range held {
		if !slices.Contains(leftovers, entry.Name()) && !strings.HasPrefix(entry.Name(), plantedPrefix) {
			return fmt.Errorf("out: %s holds %s, which no run has left there; name an empty folder", out, entry.Name())
		}
	}
	for _, entry := range held {
		if err := os.RemoveAll(filepath.Join(out, entry.Name())); err != nil {
			return fmt.Errorf("out: %w", err)
		}
	}
	return os.MkdirAll(filepath.Join(out, partsDir), 0o755)
}

// record brings the cluster up, makes the run, takes the cluster down, and writes the trace.
func record(ctx context.Context, config Config, binary string) (err error) {
	parts := filepath.Join(config.Out, partsDir)
	sink, err := trace.Open(filepath.Join(parts, "runner.jsonl"), "runner")
	if err != nil {
		return err
	}
	defer sink.Close()
	// A recording with a hole is not judged; the cluster still comes down.
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	sink.OnFailure(fail)
	phase(sink, config.Progress, trace.Setup)
	started := time.Now()
	cluster, err := host.Up(ctx, config.cluster(binary))
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := cluster.Close(); err == nil {
			err = closeErr
		}
	}()
	tell(config.Progress, "the cluster is up after %.1f s", time.Since(started).Seconds())

	run := &run{config: config, cluster: cluster, sink: sink, parts: parts, fail: fail, choose: rand.New(rand.NewPCG(config.Seed, 0))}
	if err := run.phases(ctx); err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	phase(sink, config.Progress, trace.End)
	return run.write()
}

// flags shorten what would make a run long: a lease, after which another scheduler or other controllers lead, and the time until pods are removed
// whose node is missing.
var flags = map[string][]string{
	host.Scheduler:   elected,
	host.Controllers: append([]string{"--pod-gc-quarantine=3s"}, elected...),
}

var elected = []string{"--leader-elect-lease-duration=5s", "--leader-elect-renew-deadline=3s", "--leader-elect-retry-period=500ms"}

// cluster is what a run is made on; binary is that with the planted bug, if there is one.
func (c Config) cluster(binary string) host.Config {
	return host.Config{
		ControlPlanes: 3, Workers: 3, Standby: true, Flags: flags, Dir: filepath.Join(c.Out, clusterDir), Trace: filepath.Join(c.Out, partsDir), Binary: binary,
		Tools: toolsOf(binary), Wait: c.Wait, Log: c.Progress,
	}
}

// toolsOf is the folder of the tools when the components are another binary than this one.
func toolsOf(binary string) string {
	own, err := host.Binary()
	if binary == "" || err != nil {
		return ""
	}
	return filepath.Dir(own)
}

func phase(sink trace.Sink, progress io.Writer, name string) {
	sink.Emit(trace.Line{Phase: &trace.Phase{Name: name}})
	tell(progress, "phase %s", name)
}

func tell(w io.Writer, format string, args ...any) {
	if w != nil {
		fmt.Fprintf(w, format+"\n", args...)
	}
}

// pace gives every kind of fault its turn within the time.
func pace(kinds int, within time.Duration) nemesis.Pace {
	if kinds == 0 {
		return nemesis.Pace{}
	}
	each := within / time.Duration(kinds)
	return nemesis.Pace{Last: each * 6 / 10, Rest: each * 3 / 10}
}
