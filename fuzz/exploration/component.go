package exploration

import (
	"github.com/spf13/pflag"

	"orrery/model/machine"
	"orrery/model/replication"
	"orrery/model/scheduler"
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
	{"scheduler", "pods without a node, nodes with so much room, and a scheduler that sees the past", func(flags *pflag.FlagSet) explorable {
		d := scheduler.Domain{}
		count(flags, &d.Nodes[0], "node1", 1, "what is allocatable on the first node; 0: there is none")
		count(flags, &d.Nodes[1], "node2", 0, "likewise on the second")
		count(flags, &d.Pods[0], "pod0", 1, "what the first pod asks for; 0: there is none")
		count(flags, &d.Pods[1], "pod1", 1, "likewise the second")
		count(flags, &d.Pods[2], "pod2", 0, "likewise the third")
		flags.BoolVar(&d.Direct, "direct", false, "users may create pods on a node of their choice")
		count(flags, &d.Changes, "changes", 1, "changes of pods and nodes by users and others, and ends of pods")
		count(flags, &d.Losses, "losses", 0, "binds and answers that are lost or late")
		count(flags, &d.Crashes, "crashes", 0, "crashes of the scheduler")
		return func(o options) (*result, error) { return explore(o, scheduler.New(d)) }
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
