package shrink_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orrery/checker/shrink"
)

// Goal: what is left fails, and nothing of it can be left out. Method: scripts of letters, which fail if they hold some of them
// in order.
func TestLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := rapid.SliceOfN(rapid.SampledFrom(strings.Split("abcdefg", "")), 1, 60).Draw(t, "script")
		needed := rapid.SliceOfN(rapid.SampledFrom(strings.Split("abc", "")), 1, 4).Draw(t, "needed")
		fails := func(s []string) bool { return holds(s, needed) }
		if !fails(script) {
			t.Skip("it does not fail")
		}
		before := slices.Clone(script)
		got := shrink.Lines(context.Background(), script, nil, fails)
		require.Equal(t, needed, got)
		require.Equal(t, before, script, "the script was modified")
	})
}

// holds reports whether the letters come in s in their order.
func holds(s, letters []string) bool {
	for _, letter := range s {
		if len(letters) > 0 && letter == letters[0] {
			letters = letters[1:]
		}
	}
	return len(letters) == 0
}

// A line is replaced by the simplest that still fails.
func TestSimpler(t *testing.T) {
	simpler := func(line string) []string { return []string{"0", line[:len(line)-1]} }
	got := shrink.Lines(context.Background(), []string{"12345", "777"}, simpler, func(s []string) bool {
		return len(s) > 0 && strings.HasPrefix(s[0], "12")
	})
	require.Equal(t, []string{"12"}, got)
}

// When the time is up, what was found is returned, and it fails.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	tries := 0
	fails := func(s []string) bool {
		if tries++; tries == 5 {
			cancel()
		}
		return slices.Contains(s, "x")
	}
	got := shrink.Lines(ctx, []string{"a", "b", "c", "x", "d", "e", "f", "g"}, nil, fails)
	require.Contains(t, got, "x")
	require.LessOrEqual(t, tries, 6)
}
