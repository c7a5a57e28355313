package simulation

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orrery/fuzz/museum"
)

// Goal: a planted bug is found, by the guarantee that it breaks. Method: two of the museum, one of the API server and one of the
// kubelet, are planted and looked for in simulated clusters; `make museum` does it with all.
func TestPlantedBugsAreFound(t *testing.T) {
	for _, id := range []string{"A10", "K11"} {
		t.Run(id, func(t *testing.T) {
			bug, err := museum.Find("../../testdata/museum", id)
			require.NoError(t, err)
			d, err := Exhibit(context.Background(), bug, "../..", 1, time.Minute)
			require.NoError(t, err)
			require.Equal(t, 1, d.Found, "%v %v", d, d.Else)
		})
	}
}
