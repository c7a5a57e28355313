package bench

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Goal: who measures in a network namespace of its own stays in the host's: the pairs of etcd and API server are started there (ownNetwork), and one that was
// not is never ready. Method: many of them, of which some may meet the first thread, which does not end with a goroutine.
func TestRulesLeaveTheNetwork(t *testing.T) {
	const often = 200
	before, err := os.Readlink(ownNetwork)
	require.NoError(t, err)
	for range often {
		p, err := newProxied(0)
		require.NoError(t, err)
		p.close()
		now, err := os.Readlink(ownNetwork)
		require.NoError(t, err)
		require.Equal(t, before, now)
	}
}
