package object

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Goal: quantities are read as upstream reads them. Method: one of each suffix, and what is none.
func TestQuantities(t *testing.T) {
	for text, want := range map[string]string{"1": "1", "100m": "1/10", "1Ki": "1024", "1.5Gi": "1610612736", "2k": "2000", "1e3": "1000", "0.5": "1/2", "3n": "3/1000000000"} {
		q, err := ParseQuantity(text)
		require.NoError(t, err, text)
		require.Equal(t, want, q.RatString(), text)
	}
	for _, text := range []string{"", "m", "1/2", "0x10", "ten", "1Kii"} {
		_, err := ParseQuantity(text)
		require.Error(t, err, text)
	}
}
