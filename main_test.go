package main

import (
	"errors"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// Goal: every command says what it does and shows how. Method: all of them, as they are assembled.
func TestHelp(t *testing.T) {
	root := command()
	require.NotEmpty(t, root.Example)
	require.Greater(t, len(root.Commands()), 10)
	for _, c := range root.Commands() {
		t.Run(c.Name(), func(t *testing.T) {
			require.Regexp(t, "^[A-Z].*[^.]$", c.Short)
			require.Contains(t, c.Example, "orrery "+c.Name())
			c.Flags().VisitAll(func(f *pflag.Flag) { require.NotEmpty(t, f.Usage, f.Name) })
		})
	}
}

// Goal: an error is one line, and one that comes of a slip says what may have been meant.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"chekc"}, `unknown command "chekc": did you mean check?`},
		{[]string{"frobnicate"}, `unknown command "frobnicate": see orrery --help`},
		{[]string{"help", "jugde"}, `unknown command "jugde": did you mean judge?`},
		{[]string{"check", "--sede", "1"}, "unknown flag: --sede: did you mean --seed?"},
		{[]string{"check", "--frobnicate"}, "unknown flag: --frobnicate: see orrery check --help"},
		{[]string{"up", "-x"}, "unknown shorthand flag: 'x' in -x: see orrery up --help"},
		{[]string{"load"}, "accepts 1 arg(s), received 0: usage: orrery load IMAGE.tar [flags]"},
	} {
		root := command()
		root.SetArgs(c.args)
		require.EqualError(t, root.Execute(), c.want)
	}
	require.Equal(t, "a; b; c", oneLine(errors.Join(errors.New("a\n\n\tb"), errors.New("c"))))
}

func TestCounted(t *testing.T) {
	require.NoError(t, counted(nil)(&cobra.Command{}, []string{"a"}), "a command that takes anything still does")
}
