package exploration

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/pflag"

	"orrery/fuzz/exploration/script"
	"orrery/model/account"
	"orrery/model/api"
	"orrery/model/cluster"
	"orrery/model/election"
	"orrery/model/endpoints"
	"orrery/model/garbage"
	"orrery/model/kubelet"
	"orrery/model/machine"
	"orrery/model/namespace"
	"orrery/model/node"
	"orrery/model/proxy"
	"orrery/model/replication"
	"orrery/model/scheduler"
	"orrery/model/store"
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
	{"cluster", "an owner, its pods, a service and what one or two nodes run and do with packets: all from the store to the rules, each seeing another past", func(flags *pflag.FlagSet) explorable {
		d := cluster.Domain{}
		flags.IntVar(&d.Nodes, "nodes", 1, "nodes, 1 or 2")
		flags.IntVar(&d.Room, "room", 1, "pods that have room on a node, at most 3")
		flags.IntVar(&d.Replicas, "replicas", 1, "pods that are wanted at first, at most 2")
		flags.IntVar(&d.Most, "most", 1, "pods that users may want at most, at most 2")
		flags.IntVar(&d.Pods, "pods", 1, "pods that there are at first, and that the service leads to, as many as have room and at most 2")
		flags.BoolVar(&d.Lone, "lone", false, "there is no owner at first, and the pods are a user's")
		flags.BoolVar(&d.Force, "force", false, "users may remove pods by force")
		count(flags, (*uint8)(&d.Policy), "policy", 0, "restart policy: 0 Always, 1 OnFailure, 2 Never")
		count(flags, &d.Bounds.Owners, "owner-changes", 0, "changes of the owner by users")
		count(flags, &d.Bounds.Pods, "pod-changes", 1, "changes of pods by users")
		count(flags, &d.Bounds.Edits, "edits", 0, "slices that users delete")
		count(flags, &d.Bounds.Ends, "ends", 0, "containers that exit by themselves")
		count(flags, &d.Bounds.Losses, "losses", 0, "requests and answers that are lost or late")
		count(flags, &d.Bounds.Crashes, "crashes", 0, "crashes of components")
		count(flags, &d.Bounds.Cuts, "cuts", 0, "nodes that are cut off")
		count(flags, &d.Bounds.Stalls, "stalls", 0, "stalls of the store")
		count(flags, &d.Bounds.Lags, "lags", 0, "lags of an API server")
		return func(o options) (*result, error) {
			return explore(o, func() *cluster.Machine { return cluster.New(d) }, between("nodes", d.Nodes, 1, cluster.Nodes), between("room", d.Room, 0, cluster.Names),
				between("replicas", d.Replicas, 0, 2), between("most", d.Most, 0, 2), between("pods", d.Pods, 0, min(2, d.Nodes*d.Room)), between("policy", int(d.Policy), 0, 2))
		}
	}},
	{"store", "a store whose members lag behind each other, clients that write and list, and watchers that go from member to member", func(flags *pflag.FlagSet) explorable {
		d := store.Domain{}
		flags.IntVar(&d.Keys, "keys", 1, "keys that are used, at most 2")
		flags.IntVar(&d.Members, "members", 2, "members of the store, at most 2")
		flags.IntVar(&d.Clients, "clients", 1, "clients, at most 2")
		flags.IntVar(&d.Watchers, "watchers", 0, "watchers, at most 2: of the first key, and of all")
		flags.IntVar(&d.Puts, "puts", 1, "how often the first key was put at first, at most 4")
		flags.BoolVar(&d.Past, "past", false, "clients list the past, too")
		count(flags, &d.Changes, "changes", 1, "puts and deletes that are asked for")
		count(flags, &d.Reads, "reads", 1, "lists that are asked for")
		count(flags, &d.Compactions, "compactions", 0, "compactions that are asked for")
		count(flags, &d.Losses, "losses", 0, "writes that clients give up")
		count(flags, &d.Cuts, "cuts", 0, "watches that break off")
		count(flags, &d.Elections, "elections", 0, "leaders that are lost")
		return func(o options) (*result, error) {
			return explore(o, func() *store.Machine { return store.New(d) }, between("keys", d.Keys, 1, 2), between("members", d.Members, 1, 2), between("clients", d.Clients, 0, 2),
				between("watchers", d.Watchers, 0, 2), between("puts", d.Puts, 0, 4), between("puts, --changes and --compactions together", int(d.Changes)+int(d.Compactions)+d.Puts, 0, 8))
		}
	}},
	{"api", "objects under two names, servers whose caches lag behind the store, and clients that write, list and watch", func(flags *pflag.FlagSet) explorable {
		d := api.Domain{}
		flags.IntVar(&d.Names, "names", 1, "names that are used, at most 2")
		flags.IntVar(&d.Servers, "servers", 1, "API servers, at most 2")
		flags.IntVar(&d.Writers, "writers", 1, "writers, at most 2")
		flags.IntVar(&d.Objects, "objects", 1, "objects that there are at first, at most one for each name")
		flags.IntVar(&d.Window, "window", 2, "events that a cache keeps")
		count(flags, &d.Period, "period", 0, "grace period that objects ask for")
		flags.BoolVar(&d.Finalizers, "finalizers", false, "writers change finalizers")
		flags.BoolVar(&d.Labels, "labels", false, "writers change the label by which the watcher selects")
		flags.BoolVar(&d.Statuses, "statuses", false, "writers report on the status")
		flags.BoolVar(&d.Watcher, "watcher", false, "there is a watcher")
		count(flags, &d.Changes, "changes", 2, "requests to write")
		count(flags, &d.Reads, "reads", 0, "lists")
		count(flags, &d.Losses, "losses", 0, "answers that are not heard, writes that are late, and watches that break off")
		count(flags, &d.Crashes, "crashes", 0, "crashes of servers")
		count(flags, &d.Compactions, "compactions", 0, "compactions of the store")
		return func(o options) (*result, error) {
			return explore(o, func() *api.Machine { return api.New(d) }, between("names", d.Names, 1, 2), between("servers", d.Servers, 1, 2), between("writers", d.Writers, 1, 2),
				between("objects", d.Objects, 0, d.Names), between("window", d.Window, 1, 8))
		}
	}},
	{"replication", "an owner that wants so many pods, and its controller, which sees the past", func(flags *pflag.FlagSet) explorable {
		d := replication.Domain{}
		anyhow(flags, &d.Anyhow)
		flags.IntVar(&d.Replicas, "replicas", 1, "pods that are wanted at first")
		flags.IntVar(&d.Most, "most", 1, "pods that users may want at most")
		flags.IntVar(&d.Pods, "pods", 0, "pods that there are at first")
		count(flags, &d.Changes, "changes", 1, "changes by users, and ends of pods")
		count(flags, &d.Losses, "losses", 0, "requests and answers that are lost or late")
		count(flags, &d.Crashes, "crashes", 0, "crashes of the controller")
		return func(o options) (*result, error) {
			return explored(o, func() *replication.Machine { return replication.New(d) }, script.Replication, between("replicas", d.Replicas, 0, replication.Names), between("most", d.Most, 0, replication.Names), between("pods", d.Pods, 0, replication.Names),
				orNot(d.Anyhow, between("pods and --most together", d.Pods+d.Most, 0, replication.Names)))
		}
	}},
	{"scheduler", "pods without a node, nodes with so much room, and a scheduler that sees the past", func(flags *pflag.FlagSet) explorable {
		d := scheduler.Domain{}
		anyhow(flags, &d.Anyhow)
		count(flags, &d.Nodes[0], "node1", 1, "what is allocatable on the first node; 0: there is none")
		count(flags, &d.Nodes[1], "node2", 0, "likewise on the second")
		count(flags, &d.Pods[0], "pod0", 1, "what the first pod asks for; 0: there is none")
		count(flags, &d.Pods[1], "pod1", 1, "likewise the second")
		count(flags, &d.Pods[2], "pod2", 0, "likewise the third")
		flags.BoolVar(&d.Direct, "direct", false, "users may create pods on a node of their choice")
		count(flags, &d.Changes, "changes", 1, "changes of pods and nodes by users and others, and ends of pods")
		count(flags, &d.Losses, "losses", 0, "binds and answers that are lost or late")
		count(flags, &d.Crashes, "crashes", 0, "crashes of the scheduler")
		return func(o options) (*result, error) {
			return explored(o, func() *machine.Machine[scheduler.State, scheduler.Action] { return scheduler.New(d) }, script.Scheduler)
		}
	}},
	{"kubelet", "the pods of one node, its container runtime, and its kubelet, which sees the past of both", func(flags *pflag.FlagSet) explorable {
		d := kubelet.Domain{}
		flags.IntVar(&d.Names, "names", 1, "names of pods, each with a pod at first; at most 2")
		flags.BoolVar(&d.Init, "init", false, "every pod has an init container")
		count(flags, (*uint8)(&d.Policy), "policy", 0, "restart policy: 0 Always, 1 OnFailure, 2 Never")
		count(flags, &d.Changes, "changes", 1, "changes by users and others, ends of containers and sandboxes, records that are tidied up")
		count(flags, &d.Losses, "losses", 0, "calls and writes that are given up and land late, and answers that are lost")
		count(flags, &d.Crashes, "crashes", 0, "crashes of the kubelet")
		count(flags, &d.Reboots, "reboots", 0, "reboots of the node")
		return func(o options) (*result, error) {
			return explored(o, func() *kubelet.Machine { return kubelet.New(d) }, script.Kubelet, between("names", d.Names, 1, 2), between("policy", int(d.Policy), 0, 2))
		}
	}},
	{"node", "nodes that fall silent, and the controller that doubts, taints, evicts and collects", func(flags *pflag.FlagSet) explorable {
		d := node.Domain{}
		anyhow(flags, &d.Anyhow)
		flags.IntVar(&d.Nodes, "nodes", 1, "nodes that something may happen to: 1 or 2")
		flags.IntVar(&d.Pods, "pods", 1, "pods that something may happen to: 0 to 2")
		flags.BoolVar(&d.Apart, "apart", false, "each node has a zone of its own")
		flags.IntVar(&d.Tolerates, "tolerates", 1, "ticks for which pods tolerate the taint: 0 to 2")
		flags.BoolVar(&d.Serving, "serving", false, "pods run something that is ready")
		flags.IntVar(&d.Steady, "steady", 0, "nodes that nothing happens to, in the zone of the first node")
		flags.IntVar(&d.Elsewhere, "elsewhere", 1, "nodes that nothing happens to, in another zone")
		flags.BoolVar(&d.Prompt, "prompt", false, "the cache shows everything at once")
		count(flags, &d.Cuts, "cuts", 2, "machines that die or are cut off, and such that are back")
		count(flags, &d.Changes, "changes", 0, "changes by users and kubelets")
		count(flags, &d.Losses, "losses", 0, "requests that are lost or late")
		count(flags, &d.Crashes, "crashes", 0, "crashes of the controller")
		return func(o options) (*result, error) {
			return explore(o, func() *node.Machine { return node.New(d) }, between("nodes", d.Nodes, 1, 2), between("pods", d.Pods, 0, 2), between("tolerates", d.Tolerates, 0, 2),
				between("steady", d.Steady, 0, 8), between("elsewhere", d.Elsewhere, 0, 8))
		}
	}},
	{"account", "a namespace's default account, its root certificates, and tokens", func(flags *pflag.FlagSet) explorable {
		d := account.Domain{}
		anyhow(flags, &d.Anyhow)
		flags.BoolVar(&d.Settled, "settled", true, "the account and the map are there at first")
		flags.BoolVar(&d.Pod, "pod", false, "so is the pod")
		flags.BoolVar(&d.Generates, "generates", false, "every account has a token that nobody asked for")
		flags.BoolVar(&d.Prompt, "prompt", false, "the controller's cache shows everything at once")
		count(flags, &d.Changes, "changes", 2, "changes by users")
		count(flags, &d.Tokens, "tokens", 0, "tokens that somebody gets")
		count(flags, &d.Losses, "losses", 0, "requests that are lost or late")
		count(flags, &d.Crashes, "crashes", 0, "crashes of the controller")
		return func(o options) (*result, error) { return explore(o, func() *account.Machine { return account.New(d) }) }
	}},
	{"garbage", "a few objects that own each other, and the collector of what has no owner left, which sees the past", func(flags *pflag.FlagSet) explorable {
		d := garbage.Domain{}
		anyhow(flags, &d.Anyhow)
		flags.IntVar(&d.Objects, "objects", 2, "objects that there are at first, 3 at most")
		flags.IntVar(&d.Spare, "spare", 0, "names beside theirs that users may use; with the objects 3 at most")
		flags.StringVar((*string)(&d.Shape), "shape", "chain", "how they own each other: chain, ring, fan, heir, lost, or empty: not at all")
		flags.BoolVar(&d.Blocking, "blocking", true, "their references block the deletion of their owners")
		count(flags, &d.Deletions, "deletions", 1, "deletions by users")
		count(flags, &d.Changes, "changes", 0, "other changes by users")
		count(flags, &d.Losses, "losses", 0, "requests that are lost or late")
		count(flags, &d.Crashes, "crashes", 0, "crashes of the collector")
		return func(o options) (*result, error) {
			shapes := []garbage.Shape{garbage.Chain, garbage.Ring, garbage.Fan, garbage.Heir, garbage.Lost, ""}
			var known error
			if !slices.Contains(shapes, d.Shape) {
				known = fmt.Errorf("--shape %s: must be one of chain, ring, fan, heir, lost, or empty", d.Shape)
			}
			return explore(o, func() *garbage.Machine { return garbage.New(d) }, between("objects", d.Objects, 0, 3), between("spare", d.Spare, 0, 3-min(d.Objects, 3)), known)
		}
	}},
	{"namespace", "a namespace, two API servers that create objects in it, and its controller, which all see the past", func(flags *pflag.FlagSet) explorable {
		d := namespace.Domain{}
		anyhow(flags, &d.Anyhow)
		flags.IntVar(&d.Objects, "objects", 1, "objects that there are at first, 2 at most")
		flags.Uint8Var((*uint8)(&d.Keep), "keep", 0, "what keeps a deleted object: 0 nothing, 1 somebody who stops it, 2 nobody takes it away")
		count(flags, &d.Asks, "asks", 1, "objects that users ask for")
		count(flags, &d.Changes, "changes", 1, "changes of the namespace by users")
		count(flags, &d.Losses, "losses", 0, "requests that are lost or late")
		count(flags, &d.Crashes, "crashes", 0, "crashes of the controller")
		return func(o options) (*result, error) {
			return explore(o, func() *namespace.Machine { return namespace.New(d) }, between("objects", d.Objects, 0, 2), between("keep", int(d.Keep), 0, 2))
		}
	}},
	{"endpoints", "a service, its pods and its slices, and the controller that fills them, which sees the past", func(flags *pflag.FlagSet) explorable {
		d := endpoints.Domain{}
		anyhow(flags, &d.Anyhow)
		flags.IntVar(&d.Pods, "pods", 1, "ready pods that there are at first, at most 2")
		flags.IntVar(&d.Room, "room", 2, "endpoints that a slice holds at most, at most 2")
		flags.BoolVar(&d.Publishes, "publishes", false, "the service publishes addresses that are not ready")
		count(flags, &d.Bounds.Services, "service-changes", 1, "changes of the service by users")
		count(flags, &d.Bounds.Pods, "pod-changes", 1, "changes of pods")
		count(flags, &d.Bounds.Edits, "edits", 0, "slices that users change, delete or make")
		count(flags, &d.Bounds.Losses, "losses", 0, "requests and answers that are lost or late")
		count(flags, &d.Bounds.Crashes, "crashes", 0, "crashes of the controller")
		return func(o options) (*result, error) {
			return explore(o, func() *endpoints.Machine { return endpoints.New(d) }, between("pods", d.Pods, 0, 2), between("room", d.Room, 1, 2))
		}
	}},
	{"election", "two candidates for a lease, and clocks that go at rates of their own", func(flags *pflag.FlagSet) explorable {
		d := election.Domain{}
		count(flags, &d.LeaseDuration, "lease-duration", 3, "how long a candidate waits for a holder that is silent")
		count(flags, &d.RenewDeadline, "renew-deadline", 2, "how long a leader acts after it sent its last write")
		count(flags, &d.Rates[0], "first-rate", 1, "how far the first candidate's clock goes on in a tick")
		count(flags, &d.Rates[1], "second-rate", 1, "how far the second's does")
		flags.BoolVar(&d.Acting, "acting", false, "what a leader does is on its way for a while")
		count(flags, &d.Changes, "changes", 0, "how often users touch the lease, or tell a candidate to end")
		count(flags, &d.Losses, "losses", 1, "requests and answers that are lost or late")
		count(flags, &d.Crashes, "crashes", 0, "crashes of candidates")
		return func(o options) (*result, error) {
			return explore(o, func() *election.Machine { return election.New(d) }, between("lease-duration", int(d.LeaseDuration), 1, 100),
				between("renew-deadline", int(d.RenewDeadline), 1, int(d.LeaseDuration)-1),
				between("first-rate", int(d.Rates[0]), 1, int(d.RenewDeadline)-1), between("second-rate", int(d.Rates[1]), 1, int(d.RenewDeadline)-1))
		}
	}},
	{"proxy", "the rules and the flows of a node, and the proxy that keeps them, which sees the past", func(flags *pflag.FlagSet) explorable {
		d := proxy.Domain{}
		anyhow(flags, &d.Anyhow)
		flags.IntVar(&d.Endpoints, "endpoints", 1, "ready endpoints that there are at first, at most 2")
		flags.BoolVar(&d.Second, "second", false, "an endpoint waits for a second service")
		flags.BoolVar(&d.Local, "local", false, "the service uses endpoints on the node only")
		flags.BoolVar(&d.Affinity, "affinity", false, "a client of the service stays with its endpoint")
		count(flags, &d.Services, "service-changes", 1, "changes of services by users")
		count(flags, &d.Slices, "slice-changes", 1, "changes of slices")
		count(flags, &d.Tampers, "tampers", 0, "how often somebody else removes all rules")
		count(flags, &d.Failures, "failures", 0, "writes to the kernel that fail, or whose outcome is not told")
		count(flags, &d.Crashes, "crashes", 0, "crashes of the proxy")
		return func(o options) (*result, error) {
			return explore(o, func() *proxy.Machine { return proxy.New(d) }, between("endpoints", d.Endpoints, 0, 2))
		}
	}},
}

// between is an error if the value of a flag is none that its model is made for.
func between(flag string, value, least, most int) error {
	if value < least || value > most {
		return fmt.Errorf("--%s %d: must be %d to %d", flag, value, least, most)
	}
	return nil
}

// orNot is an error that matters only sometimes.
func orNot(matters bool, err error) error {
	if !matters {
		return nil
	}
	return err
}

func anyhow(flags *pflag.FlagSet, into *bool) {
	flags.BoolVar(into, "anyhow", false, "it begins in states that no history need have led to")
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
	// dot writes the graph, if it was kept.
	dot func(io.Writer) error
	// script makes a script of how it breaks, if it does.
	script func(context.Context) (script.Script, error)
}

// claim is a property and what kind it is of.
type claim struct{ kind, name string }
