package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"orrery/checker/verdict"
	"orrery/fuzz/sometimes"
	"orrery/impl/trace"
)

// Campaign is many runs.
type Campaign struct {
	From, Seeds uint64
	// Shard i of n makes every n-th run only.
	Shard, Shards uint64
	Size          Size
	// Time bounds the whole; 0: no bound.
	Time time.Duration
	// Long multiplies the steps of each run's safety phase; 0: as they are.
	Long int
	// Twice makes each run a second time, and requires the same trace.
	Twice bool
	// Each is given each run that could be made, by several goroutines at once; nil: nobody.
	Each func(seed uint64, r Result)
	// Progress is told how far it is, every so often; nil: nobody.
	Progress func(Tally)
}

// Tally is what a campaign has come to.
type Tally struct {
	Runs      int            `json:"runs"`
	Steps     int            `json:"steps"`
	Lines     int            `json:"lines"`
	Faults    map[string]int `json:"faults"`
	Sometimes map[string]int `json:"sometimes"`
	Unknown   int            `json:"unknown"`
	Seconds   float64        `json:"seconds"`
	// Failed is the seed of the first run that was illegal; nil: none was.
	Failed *uint64 `json:"failed,omitempty"`
	Broken string  `json:"broken,omitempty"`
	// Unjudged is the seed of the first run that could not be judged, and Why what the first checker says that could not; nil: all could.
	Unjudged *uint64 `json:"unjudged,omitempty"`
	Why      string  `json:"why,omitempty"`
}

// ErrNotRepeatable: the same choices made another trace.
var ErrNotRepeatable = errors.New("simulation: a seed made two different traces")

// gcPercent is how much garbage may lie beside what is in use while a campaign is under way: a run is short, and most of what it
// makes is garbage when it ends.
const gcPercent = 1600

// Run makes the runs, on all processors, until one is illegal; it returns that one.
func (c Campaign) Run(ctx context.Context) (Tally, *Result, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	if c.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Time)
		defer cancel()
	}
	t := &tallying{Tally: Tally{Faults: map[string]int{}, Sometimes: map[string]int{}}, began: time.Now(), shown: time.Now(), progress: c.Progress}
	shards := max(c.Shards, 1)
	next, end := c.From, c.From+c.Seeds
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for ctx.Err() == nil {
				t.mu.Lock()
				for next%shards != c.Shard%shards && next < end {
					next++
				}
				seed := next
				next++
				stop := seed >= end || t.failed != nil || t.err != nil
				t.mu.Unlock()
				if stop {
					return
				}
				r, err := c.one(ctx, seed)
				if err == nil && c.Each != nil {
					c.Each(seed, r)
				}
				t.add(seed, r, err)
			}
		})
	}
	workers.Wait()
	t.Seconds = time.Since(t.began).Seconds()
	return t.Tally, t.failed, t.err
}

// One makes the first run, and judges it.
func (c Campaign) One(ctx context.Context) (Result, error) { return c.one(ctx, c.From) }

// one makes one run, or two.
//
// A component that panics has found something too: the seed is told, whatever else.
func (c Campaign) one(ctx context.Context, seed uint64) (r Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("seed %d: a component panicked: %v\n%s", seed, p, debug.Stack())
		}
	}()
	r, err = exploreLong(context.WithoutCancel(ctx), c.Size, Seed(seed), max(c.Long, 1))
	if err != nil {
		return r, fmt.Errorf("seed %d: %w", seed, err)
	}
	r.Header.Seed = seed
	if c.Twice {
		again, err := exploreLong(context.WithoutCancel(ctx), c.Size, Seed(seed), max(c.Long, 1))
		if err != nil {
			return r, fmt.Errorf("seed %d, the second time: %w", seed, err)
		}
		again.Header.Seed = seed
		if at := differ(r, again); at >= 0 {
			return r, fmt.Errorf("%w: seed %d, line %d", ErrNotRepeatable, seed, at+1)
		}
	}
	return r, nil
}

// differ is the first line in which two traces differ, byte for byte; -1: none.
func differ(a, b Result) int {
	first, second := bytes.Split(a.Encoded(), []byte("\n")), bytes.Split(b.Encoded(), []byte("\n"))
	for i := range max(len(first), len(second)) {
		if i >= len(first) || i >= len(second) || !bytes.Equal(first[i], second[i]) {
			return i
		}
	}
	return -1
}

// Encoded is the run's trace as it is written.
func (r Result) Encoded() []byte {
	var out bytes.Buffer
	w, err := trace.NewWriter(&out, r.Header)
	for i := 0; i < len(r.Lines) && err == nil; i++ {
		err = w.Write(r.Lines[i])
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		panic(fmt.Sprintf("simulation: a trace cannot be written: %v", err))
	}
	return out.Bytes()
}

type tallying struct {
	Tally
	mu       sync.Mutex
	began    time.Time
	shown    time.Time
	progress func(Tally)
	failed   *Result
	err      error
}

// between is how often progress is told.
const between = 2 * time.Second

func (t *tallying) add(seed uint64, r Result, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.err = err
		return
	}
	t.Runs++
	t.Steps += r.Steps
	t.Lines += len(r.Lines)
	for kind, n := range r.Faults {
		t.Faults[kind] += n
	}
	for _, name := range r.Sometimes {
		t.Sometimes[name]++
	}
	switch r.Report.Verdict() {
	case verdict.Illegal:
		if t.failed == nil || seed < *t.Failed {
			t.failed, t.Failed, t.Broken = &r, &seed, r.Broken()
		}
	case verdict.Unknown:
		t.Unknown++
		t.unjudged(seed, r.Report.Unjudged())
	}
	if t.Seconds = time.Since(t.began).Seconds(); t.progress != nil && time.Since(t.shown) >= between {
		t.shown = time.Now()
		t.progress(t.Tally)
	}
}

// unjudged takes note of a run that could not be judged.
func (t *Tally) unjudged(seed uint64, why string) {
	if t.Unjudged == nil || seed < *t.Unjudged {
		t.Unjudged, t.Why = &seed, why
	}
}

// Missing are the interesting states that no run has reached.
func (t Tally) Missing() (names []string) {
	for _, name := range sometimes.Names() {
		if t.Sometimes[name] == 0 {
			names = append(names, name)
		}
	}
	return names
}

// String is the tally in a line.
func (t Tally) String() string {
	faults := 0
	for _, n := range t.Faults {
		faults += n
	}
	reached := len(sometimes.Names()) - len(t.Missing())
	return fmt.Sprintf("%d runs (%.0f/s), %d steps, %d faults, %d of %d interesting states", t.Runs, float64(t.Runs)/max(t.Seconds, 1e-3), t.Steps, faults, reached, len(sometimes.Names()))
}

// Table is the tally in full.
func (t Tally) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v, %d trace lines, %.1f s\n\nFaults:\n", t, t.Lines, t.Seconds)
	table(&b, t.Faults)
	b.WriteString("\nSometimes, in how many runs:\n")
	table(&b, t.Sometimes)
	for _, name := range t.Missing() {
		fmt.Fprintf(&b, "  %7s  %s\n", "never", name)
	}
	if t.Unknown > 0 {
		fmt.Fprintf(&b, "\n%d runs could not be judged, the first from seed %d: %s\n", t.Unknown, *t.Unjudged, t.Why)
	}
	return b.String()
}

func table(b *strings.Builder, counts map[string]int) {
	names := make([]string, 0, len(counts))
	for name := range counts { // order does not matter: sorted below
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(b, "  %7d  %s\n", counts[name], name)
	}
}
