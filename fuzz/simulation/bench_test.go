package simulation

import (
	"context"
	"testing"
)

// BenchmarkRun is whole runs, each of another seed, on one processor.
func BenchmarkRun(b *testing.B) {
	steps, lines := 0, 0
	for i := range b.N {
		r, err := Explore(context.Background(), DefaultSize, Seed(uint64(i+1)))
		if err != nil {
			b.Fatal(err)
		}
		steps += r.Steps
		lines += len(r.Lines)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
	b.ReportMetric(float64(steps)/float64(b.N), "steps/run")
	b.ReportMetric(float64(lines)/float64(b.N), "lines/run")
}
