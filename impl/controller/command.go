package controller

import (
	"github.com/spf13/cobra"

	"orrery/impl/control"
	"orrery/impl/controller/endpoints"
	"orrery/impl/controller/namespace"
	"orrery/impl/controller/node"
	"orrery/impl/controller/replication"
)

// Command is `orrery controllers`.
func Command() *cobra.Command {
	nodes := node.DefaultConfig()
	cmd := control.Command("controllers", "Reconcile what is desired with what is there", "kube-controller-manager", func() []control.Component {
		return []control.Component{replication.ReplicaSets(), replication.ReplicationControllers(), endpoints.Slices{}, namespace.Controller{}, node.New(nodes)}
	})
	nodes.Flags(cmd.Flags())
	return cmd
}
