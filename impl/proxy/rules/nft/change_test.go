package nft

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netns"

	"orrery/impl/host/machine"
	"orrery/impl/proxy/rules"
)

// Goal: nothing is believed to be in the kernel where another's transaction came between. Method: the generation is that which it must be, and the one after.
func TestWhatIsKnown(t *testing.T) {
	require.Zero(t, os.Geteuid(), "namespaces and nftables need root")
	made := make(chan netns.NsHandle, 1)
	machine.Thread(func() {
		handle, _ := netns.New()
		made <- handle
	})
	handle := <-made
	require.True(t, handle.IsOpen())
	defer handle.Close()
	k, err := New(handle)
	require.NoError(t, err)
	defer k.Close()
	require.NoError(t, k.Apply(t.Context(), rules.Set{}))
	now, err := k.generation()
	require.NoError(t, err)
	require.Equal(t, now, k.known.generation)
	k.known = known{}
	k.learn(rules.Set{}, now-1)
	require.Zero(t, k.known.generation)
	k.learn(rules.Set{}, now)
	require.Equal(t, now, k.known.generation)
}
