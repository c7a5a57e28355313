package client

import (
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/api"
)

// What is recorded of a dry run says so: to a judge it would else be a write that the store has lost.
func TestRecordedDryRun(t *testing.T) {
	pods, _ := api.ByName("pods")
	for _, dry := range []bool{false, true} {
		call := CallOf("c.1", "c/1", "a", api.Request{Verb: api.Delete, Resource: pods, Namespace: "d", Name: "a", DryRun: dry})
		require.Equal(t, dry, call.DryRun)
	}
}
