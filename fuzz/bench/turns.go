package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// side is one of two things that are compared. It returns its figure for one turn.
type side func(ctx context.Context) (float64, error)

// compared is what came of all turns.
type compared struct {
	a, b, ratio float64 // medians; ratio is a/b turn by turn
}

// inTurns measures a and b in turns, the order reversed from one turn to the next, after one turn that does not count: it
// opens connections and fills caches.
func inTurns(ctx context.Context, turns int, a, b side) (compared, error) {
	var as, bs, ratios []float64
	for turn := range turns + 1 {
		first, second := a, b
		if turn%2 == 1 {
			first, second = b, a
		}
		x, err := first(ctx)
		if err != nil {
			return compared{}, err
		}
		y, err := second(ctx)
		if err != nil {
			return compared{}, err
		}
		if turn%2 == 1 {
			x, y = y, x
		}
		if turn > 0 {
			as, bs, ratios = append(as, x), append(bs, y), append(ratios, x/y)
		}
	}
	return compared{median(as), median(bs), median(ratios)}, nil
}

// rate has so many clients do n things between them as fast as they can, and returns how many were done in a second. The
// first error ends it.
func rate(ctx context.Context, clients, n int, do func(ctx context.Context, client int) error) (float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var left atomic.Int64
	left.Store(int64(n))
	var working sync.WaitGroup
	begun := time.Now()
	for client := range clients {
		working.Go(func() {
			for left.Add(-1) >= 0 && ctx.Err() == nil {
				if err := do(ctx, client); err != nil {
					cancel(err)
				}
			}
		})
	}
	working.Wait()
	took := time.Since(begun)
	return float64(n) / took.Seconds(), context.Cause(ctx)
}
