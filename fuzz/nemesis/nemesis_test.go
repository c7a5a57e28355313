package nemesis

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Goal: the machines of a target are told, be it a process or a zone. Method: a line for each.
func TestMachines(t *testing.T) {
	require.Equal(t, []string{"worker-1"}, machines("kubelet@worker-1"))
	require.Equal(t, []string{"control-2", "worker-1", "worker-3"}, machines("control-2+worker-1+worker-3"))
	require.Equal(t, []string{"worker-2"}, machines("worker-2"))
}

// Goal: what a list names is selected, and what is no fault is refused. Method: a line for each.
func TestSelect(t *testing.T) {
	all, err := Select("all")
	require.NoError(t, err)
	require.Equal(t, Kinds(), all)
	some, err := Select("outlast,cut-zone")
	require.NoError(t, err)
	require.Equal(t, []string{"outlast", "cut-zone"}, some)
	_, err = Select("flood")
	require.ErrorContains(t, err, `there is no fault "flood"; there are cut-worker`)
}
