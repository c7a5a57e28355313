package scheduler

import (
	"github.com/spf13/cobra"

	"orrery/impl/control"
)

// Command is `orrery scheduler`.
func Command() *cobra.Command {
	return control.Command("scheduler", "Give every pod a node", "kube-scheduler", func() ([]control.Component, error) {
		return []control.Component{New()}, nil
	})
}
