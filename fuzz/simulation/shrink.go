package simulation

import (
	"context"
	"strconv"
	"strings"

	"orrery/checker/shrink"
)

// Shrink makes a run that broke a guarantee as small as it can: another one that breaks the same.
func Shrink(ctx context.Context, broken Result) Result {
	best, guarantee := broken, broken.Broken()
	try := func(size Size, script []string) bool {
		r, err := Replay(ctx, size, script, false)
		if err != nil || r.Broken() != guarantee {
			return false
		}
		if len(r.Script) > len(script) {
			return false
		}
		best = r
		return true
	}
	size := broken.Size
	lines := func() {
		shrink.Lines(ctx, best.Script, simpler, func(s []string) bool { return try(size, s) })
	}
	lines()
	for _, n := range [][2]int{{1, 1}, {1, size.Workers}, {size.ControlPlanes, 1}, {2, 2}, {3, 2}} {
		smaller := Size{n[0], n[1], size.Standby}
		if smaller.ControlPlanes <= size.ControlPlanes && smaller.Workers <= size.Workers && smaller != size && try(smaller, best.Script) {
			size = smaller
			lines()
			break
		}
	}
	return best
}

// simpler offers what a line may be replaced by.
func simpler(line string) []string {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "run":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return nil
		}
		return []string{"settle", "run " + strconv.Itoa(n/2), "run " + strconv.Itoa(n-1)}
	case "step":
		return []string{"settle"}
	}
	return nil
}
