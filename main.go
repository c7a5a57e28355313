// Command orrery is the components of a Kubernetes cluster, the checkers that judge them, and what brings both together.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"orrery/checker/verdict"
	"orrery/fuzz/actions"
	"orrery/fuzz/bench"
	"orrery/fuzz/exploration"
	"orrery/fuzz/scenario"
	"orrery/fuzz/simulation"
	apiserver "orrery/impl/apiserver/command"
	"orrery/impl/controller"
	"orrery/impl/host"
	"orrery/impl/host/containerd"
	"orrery/impl/host/disk"
	"orrery/impl/host/etcd"
	"orrery/impl/kubelet"
	"orrery/impl/proxy"
	"orrery/impl/scheduler"
)

func main() {
	err := command().Execute()
	var judged *verdict.Error
	switch {
	case err == nil:
	case errors.As(err, &judged):
		os.Exit(judged.Verdict.ExitCode())
	default:
		fmt.Fprintln(os.Stderr, "orrery: "+oneLine(err))
		os.Exit(verdict.NoVerdict)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:                        "orrery",
		Short:                      "A Kubernetes cluster small enough to read, its model, and its judges",
		Example:                    "  orrery up\n  orrery check --seed 7",
		SilenceUsage:               true,
		SilenceErrors:              true,
		CompletionOptions:          cobra.CompletionOptions{HiddenDefaultCmd: true},
		SuggestionsMinimumDistance: 2,
		Args:                       known,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(suggestFlag)
	root.SetHelpCommand(help(root))
	root.AddGroup(&cobra.Group{ID: "use", Title: "Commands:"}, &cobra.Group{ID: "component", Title: "Components, as the cluster starts them:"})
	add(root, "use", scenario.CheckCommand(), simulation.Command(), simulation.CampaignCommand(), exploration.Command(), scenario.JudgeCommand(), actions.Command(), scenario.MuseumCommand(), bench.Command(), host.UpCommand(), host.LoadCommand(), host.CleanCommand())
	add(root, "component", etcd.Command(), disk.Command(), apiserver.Command(), scheduler.Command(), controller.Command(),
		kubelet.Command(), proxy.Command(), containerd.Command(), containerd.ObserveCommand())
	return root
}

func add(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID, c.Args = group, counted(c.Args)
		root.AddCommand(c)
	}
}
