package exploration

import (
	"github.com/spf13/pflag"

	"orrery/model/machine"
	"orrery/model/replication"
)

// component is a model that can be explored.
type component struct {
	name string
	// what is what its machine is about, in a sentence.
	what string
	// bind declares the flags of its bounds and returns what explores it once they are parsed.
	bind func(flags *pflag.FlagSet) explorable
}

// explorable explores a model within the bounds that its flags have set.
type explorable func(o options) (*result, error)

var components = []component{
	{"replication", "an owner that wants so many pods, and its controller, which sees the past", func(flags *pflag.FlagSet) explorable {
		d := replication.Domain{}
		flags.IntVar(&d.Replicas, "replicas", 1, "pods that are wanted at first")
		flags.IntVar(&d.Most, "most", 1, "pods that users may want at most")
		flags.IntVar(&d.Pods, "pods", 0, "pods that there are at first")
		count(flags, &d.Changes, "changes", 1, "changes by users, and ends of pods")
		count(flags, &d.Losses, "losses", 0, "requests and answers that are lost or late")
		count(flags, &d.Crashes, "crashes", 0, "crashes of the controller")
		return func(o options) (*result, error) { return explore(o, replication.New(d)) }
	}},
}

func count(flags *pflag.FlagSet, into *uint8, name string, value uint8, usage string) {
	flags.Uint8Var(into, name, value, usage)
}

// result is what came of exploring a machine, without its types.
type result struct {
	report machine.Report
	claims []claim
	// broken is the first property that does not hold, and how it breaks, in words; empty: none.
	broken, path string
	dot          func(file string) error
}

// claim is a property and what kind it is of.
type claim struct{ kind, name string }
