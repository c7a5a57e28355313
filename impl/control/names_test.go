package control

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesFollowFromOwnerAndNumber(t *testing.T) {
	seen := map[string]bool{}
	for n := range uint64(5000) {
		s := suffix("uid-1", n)
		require.Len(t, s, suffixLength)
		require.Equal(t, s, suffix("uid-1", n))
		seen[s] = true
	}
	require.Greater(t, len(seen), 4990, "collisions are rare")
	require.NotEqual(t, suffix("uid-1", 0), suffix("uid-2", 0))
	require.Equal(t, "web-", NamePrefix("web"))
	require.Len(t, NamePrefix(string(make([]byte, 200))), maxBase)
}
