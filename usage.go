package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// oneLine is what err says, on one line: a joined error has several.
func oneLine(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// known refuses a command that there is not, and names those that may have been meant.
func known(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if close := root.SuggestionsFor(args[0]); len(close) > 0 {
		return fmt.Errorf("unknown command %q: did you mean %s?", args[0], strings.Join(close, " or "))
	}
	return fmt.Errorf("unknown command %q: see %s --help", args[0], root.CommandPath())
}

// suggestFlag names the flags that may have been meant by one that there is not.
func suggestFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	// cobra knows which commands are close to a word, and nothing else: so flags are shown to it as commands.
	flags := &cobra.Command{SuggestionsMinimumDistance: 2}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	if close := flags.SuggestionsFor(unknown.GetSpecifiedName()); len(close) > 0 {
		return fmt.Errorf("%w: did you mean --%s?", err, strings.Join(close, " or --"))
	}
	return fmt.Errorf("%w: see %s --help", err, cmd.CommandPath())
}

// counted adds to what is wrong with the number of arguments how the command is used.
func counted(args cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if args == nil {
			return nil
		}
		if err := args(cmd, given); err != nil {
			return fmt.Errorf("%w: usage: %s", err, cmd.UseLine())
		}
		return nil
	}
}

// help is cobra's help command, except that a topic that there is not is an error.
func help(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [command]",
		Short:   "Help about any command",
		Example: "  orrery help check",
		RunE: func(_ *cobra.Command, args []string) error {
			topic, rest, err := root.Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return known(root, rest)
			}
			return topic.Help()
		},
	}
}
