// Command planted is `orrery sim` by itself: what `orrery sim --bug` builds with a bug in it, as it takes a fraction of the time that
// the whole orrery takes.
package main

import (
	"errors"
	"fmt"
	"os"

	"orrery/checker/verdict"
	"orrery/fuzz/simulation"
)

func main() {
	cmd := simulation.Command()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.Execute()
	var judged *verdict.Error
	switch {
	case err == nil:
	case errors.As(err, &judged):
		os.Exit(judged.Verdict.ExitCode())
	default:
		fmt.Fprintln(os.Stderr, "orrery:", err)
		os.Exit(verdict.NoVerdict)
	}
}
