package shrink

import (
	"context"
	"slices"
)

// Lines shrinks. simpler offers replacements for a line, the simplest first; nil: none has any. When ctx ends, what was found so
// far is returned.
func Lines(ctx context.Context, script []string, simpler func(line string) []string, fails func([]string) bool) []string {
	s := shrinker{ctx: ctx, best: slices.Clone(script), fails: fails}
	s.prefix()
	for again := true; again && ctx.Err() == nil; {
		again = s.leaveOut()
		if simpler != nil && s.simplify(simpler) {
			again = true
		}
	}
	return s.best
}

type shrinker struct {
	ctx   context.Context
	best  []string
	fails func([]string) bool
}

// try takes a candidate over if it fails.
func (s *shrinker) try(candidate []string) bool {
	if s.ctx.Err() != nil || !s.fails(candidate) {
		return false
	}
	s.best = candidate
	return true
}

// prefix cuts off the end, as far as halving finds that it is not needed.
func (s *shrinker) prefix() {
	low, high := 0, len(s.best) // the first high lines fail
	for low < high {
		middle := low + (high-low)/2
		if s.try(slices.Clone(s.best[:middle])) {
			high = middle
		} else {
			low = middle + 1
		}
	}
}

// leaveOut leaves out ranges, from the end, as what comes late is needed by least.
func (s *shrinker) leaveOut() (any bool) {
	for size := max(len(s.best)/2, 1); size >= 1; size /= 2 {
		for from := len(s.best) - size; from > -size; {
			begin := max(from, 0)
			if s.try(slices.Concat(s.best[:begin], s.best[min(begin+size, len(s.best)):])) {
				any = true
				from = min(from, len(s.best)) - size
				continue
			}
			from -= size
		}
	}
	return any
}

func (s *shrinker) simplify(simpler func(string) []string) (any bool) {
	for i := 0; i < len(s.best); i++ {
		for _, other := range simpler(s.best[i]) {
			if other == s.best[i] {
				continue
			}
			candidate := slices.Clone(s.best)
			candidate[i] = other
			if s.try(candidate) {
				any = true
				break
			}
		}
	}
	return any
}
