package actions

import (
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"orrery/checker/history"
)

// Command is `orrery actions`.
func Command() *cobra.Command {
	return &cobra.Command{
		Use:   "actions [TRACE...]",
		Short: "Tell which actions of the models saved traces have taken",
		Long: "actions reads traces (.jsonl, .jsonl.zst), or the trace in the folder of a run, and tells of each action of each model how often it\n" +
			"was taken, and where first; or why it was not. Without a trace it tells how each is recognized.",
		Example: "  orrery actions out/check\n  orrery actions",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, files []string) error {
			if len(files) == 0 {
				return explain(cmd)
			}
			var tally Tally
			for _, file := range files {
				h, err := load(file)
				if err != nil {
					return err
				}
				tally.Add(file, Find(h))
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), &tally)
			return err
		},
	}
}

// traceFile is the name of the trace in the folder of a run.
const traceFile = "trace.jsonl.zst"

func load(file string) (*history.History, error) {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		file = filepath.Join(file, traceFile)
	}
	return history.Load(file)
}

// explain tells what shows each action.
func explain(cmd *cobra.Command) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, a := range Actions() {
		how := a.Shows
		if a.Where != Simulated {
			how += fmt.Sprintf(" (%s: %s)", a.Where, a.Why)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", a.Model, a.Name, how)
	}
	return w.Flush()
}
