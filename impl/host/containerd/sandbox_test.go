package containerd

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Goal: the network of a sandbox is found in what the runtime tells of it, or it is said why not. Method: a table.
func TestNetworkOf(t *testing.T) {
	for _, test := range []struct{ info, network, err string }{
		{`{"pid":7,"runtimeSpec":{"linux":{"namespaces":[{"type":"pid"},{"type":"network","path":"/run/netns/cni-1"}]}}}`, "/run/netns/cni-1", ""},
		{`{"runtimeSpec":{"linux":{"namespaces":[{"type":"network"}]}}}`, "", "no network of its own"},
		{`{}`, "", "no network of its own"},
		{``, "", "what is told of its sandbox"},
	} {
		network, err := networkOf(test.info)
		require.Equal(t, test.network, network)
		if test.err == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, test.err)
		}
	}
}
