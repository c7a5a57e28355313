package actions_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/fuzz/actions"
	"orrery/fuzz/simulation"
	"orrery/impl/trace"
	"orrery/model/account"
	"orrery/model/api"
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

// models are the tables' models, each with what small explorations of its machine take.
var models = map[string]func(*testing.T) []any{
	"store": func(t *testing.T) []any {
		return explored(t, func(m store.Move) any { return m.Kind },
			store.New(store.Domain{Keys: 1, Members: 1, Clients: 1, Watchers: 1, Puts: 1, Changes: 1, Reads: 1, Losses: 1, Cuts: 1, Elections: 1}),
			store.New(store.Domain{Keys: 2, Members: 1, Clients: 1, Watchers: 2, Changes: 2}))
	},
	"api": func(t *testing.T) []any {
		return explored(t, func(a api.Action) any { return a.Kind },
			api.New(api.Domain{Names: 1, Servers: 1, Writers: 1, Objects: 1, Window: 1, Period: 1, Changes: 1, Reads: 1, Losses: 1, Crashes: 1, Compactions: 1}),
			api.New(api.Domain{Names: 1, Servers: 1, Writers: 1, Objects: 1, Window: 1, Labels: true, Watcher: true, Changes: 2, Losses: 1}),
			api.New(api.Domain{Names: 1, Servers: 1, Writers: 1, Objects: 1, Window: 1, Period: 1, Changes: 2}))
	},
	"replication": func(t *testing.T) []any {
		return explored(t, func(a replication.Action) any { return a.Kind }, replication.New(replication.Domain{Replicas: 1, Most: 1, Changes: 2, Losses: 1, Crashes: 1}))
	},
	"scheduler": func(t *testing.T) []any {
		d := scheduler.Domain{Direct: true, Changes: 2, Losses: 1, Crashes: 1}
		d.Nodes[0], d.Pods[0] = 1, 1
		return explored(t, func(a scheduler.Action) any { return a.Kind }, scheduler.New(d))
	},
	"node": func(t *testing.T) []any {
		return explored(t, func(a node.Action) any { return a.Kind },
			node.New(node.Domain{Nodes: 1, Pods: 1, Tolerates: 1, Elsewhere: 1, Changes: 2, Prompt: true}),
			node.New(node.Domain{Nodes: 1, Elsewhere: 1, Cuts: 2, Losses: 1, Crashes: 1}))
	},
	"account": func(t *testing.T) []any {
		return explored(t, func(a account.Action) any { return a.Kind },
			account.New(account.Domain{Generates: true, Changes: 3, Losses: 1, Crashes: 1}),
			account.New(account.Domain{Settled: true, Changes: 2, Losses: 1, Crashes: 1}),
			account.New(account.Domain{Settled: true, Changes: 2, Tokens: 1, Prompt: true}))
	},
	"kubelet": func(t *testing.T) []any {
		return explored(t, func(a kubelet.Action) any { return a.Kind }, kubelet.New(kubelet.Domain{Names: 1, Init: true, Changes: 2, Losses: 1, Crashes: 1, Reboots: 1}))
	},
	"garbage": func(t *testing.T) []any {
		return explored(t, func(a garbage.Action) any { return a.Kind },
			garbage.New(garbage.Domain{Objects: 1, Shape: garbage.Lost, Deletions: 1, Changes: 1, Crashes: 1, Losses: 1}))
	},
	"endpoints": func(t *testing.T) []any {
		return explored(t, func(a endpoints.Action) any { return a.Kind },
			endpoints.New(endpoints.Domain{Pods: 1, Room: 1, Bounds: endpoints.Bounds{Services: 2, Edits: 2}}),
			endpoints.New(endpoints.Domain{Room: 1, Bounds: endpoints.Bounds{Pods: 3, Losses: 1, Crashes: 1}}))
	},
	"proxy": func(t *testing.T) []any {
		return explored(t, func(a proxy.Action) any { return a.Kind },
			proxy.New(proxy.Domain{Endpoints: 1, Bounds: proxy.Bounds{Tampers: 1, Slices: 1, Failures: 1, Crashes: 1}}),
			proxy.New(proxy.Domain{Endpoints: 1, Bounds: proxy.Bounds{Services: 2}}))
	},
	"namespace": func(t *testing.T) []any {
		return explored(t, func(a namespace.Action) any { return a.Kind },
			namespace.New(namespace.Domain{Objects: 1, Keep: namespace.Slow, Changes: 2, Losses: 1, Crashes: 1}),
			namespace.New(namespace.Domain{Objects: 1, Changes: 1, Asks: 1, Losses: 1}), namespace.New(namespace.Domain{Changes: 2, Asks: 1}))
	},
}

// states bounds an exploration.
const states = 20_000

// explored are the kinds of the actions that explorations take.
func explored[S, A any](t *testing.T, kind func(A) any, machines ...*machine.Machine[S, A]) (kinds []any) {
	for _, m := range machines {
		next := m.Next
		m.Next = func(s S, a A) (S, bool) {
			if k := kind(a); !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
			return next(s, a)
		}
		m.Eventually = nil // only what is taken matters here
		require.Nil(t, machine.Explore(m, machine.Options{States: states, NoReduction: true}).Violation)
	}
	return kinds
}

// Goal: each action of each model is in its table once, by the name and the value that the model gives it. Method: the model's source is read;
// and its machine is explored, which takes no others, and all that it has.
func TestEveryActionIsInTheTable(t *testing.T) {
	inTable := map[string][]actions.Action{}
	for _, a := range actions.Actions() {
		inTable[a.Model] = append(inTable[a.Model], a)
	}
	require.Len(t, inTable, len(models))
	for model, explore := range models {
		t.Run(model, func(t *testing.T) {
			types, kinds := declared(t, "../../model/"+model)
			var names []string
			var taken []any
			for _, a := range inTable[model] {
				names = append(names, a.Name)
				of := reflect.TypeOf(a.Kind)
				if of.Kind() == reflect.Struct {
					require.Equal(t, a.Name, of.Name())
					continue
				}
				require.EqualValues(t, slices.Index(kinds, a.Name), reflect.ValueOf(a.Kind).Uint(), "%s is another kind", a.Name)
				taken = append(taken, a.Kind)
			}
			require.ElementsMatch(t, append(types, kinds...), names)
			require.ElementsMatch(t, taken, explore(t))
		})
	}
}

// declared are the types of a package that are its actions, and the constants of its type Kind, in order.
func declared(t *testing.T, dir string) (types, kinds []string) {
	files, err := filepath.Glob(dir + "/*.go")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range source.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.Name == "action" && d.Recv != nil && d.Type.Params.NumFields() == 0 && d.Type.Results == nil {
					types = append(types, d.Recv.List[0].Type.(*ast.Ident).Name)
				}
			case *ast.GenDecl:
				if d.Tok == token.CONST && len(d.Specs) > 0 && isKind(d.Specs[0].(*ast.ValueSpec)) {
					require.Empty(t, kinds, "the kinds are in two lists")
					for _, spec := range d.Specs {
						for _, name := range spec.(*ast.ValueSpec).Names {
							kinds = append(kinds, name.Name)
						}
					}
				}
			}
		}
	}
	return types, kinds
}

func isKind(first *ast.ValueSpec) bool {
	of, ok := first.Type.(*ast.Ident)
	return ok && of.Name == "Kind"
}

// seeds is how many runs are made.
const seeds = 300

// simulated is what is found in one run.
type simulated struct {
	found [][]int64
	// quiet: there were no faults in it.
	quiet bool
}

// runs are those of some seeds, in their order.
func runs(t *testing.T) []simulated {
	if testing.Short() {
		t.Skip(seeds, "runs")
	}
	all, err := simulate()
	require.NoError(t, err)
	return all
}

var simulate = sync.OnceValues(func() ([]simulated, error) {
	all, errs := make([]simulated, seeds), make([]error, seeds)
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				r, err := simulation.Explore(context.Background(), simulation.DefaultSize, simulation.Seed(uint64(i+1)))
				if errs[i] = err; err == nil {
					all[i] = simulated{actions.Find(history.New(r.Header, r.Lines)), len(r.Faults) == 0}
				}
			}
		})
	}
	for i := range seeds {
		next <- i
	}
	close(next)
	workers.Wait()
	return all, errors.Join(errs...)
})

// Goal: each action that simulated runs are said to take is taken in some hundred of them, and each that they are said not to take is not: then
// the reason is no longer true, and must go. Method: the table of what is found, printed with -v.
func TestSeedsTakeEveryAction(t *testing.T) {
	all := runs(t)
	var tally actions.Tally
	for i, r := range all {
		tally.Add(fmt.Sprint("seed ", i+1), r.found)
	}
	t.Logf("\n%v", &tally)
	require.Empty(t, tally.Missing(actions.Simulated))
	for _, a := range tally.Taken() {
		require.Contains(t, []actions.Where{actions.Simulated, actions.Rare, actions.Story}, a.Where, "%v is taken, though it is said that %s", a, a.Why)
	}
}

// faulty are the actions that no run takes without a fault.
var faulty = []string{
	"Refuse", "Lose", "Land", "Drop", "Depose", "Elect", "LoseList", "Resume", "Cut", "Compact", "Crash", "Start", "LoseAnswer", "GiveUp", "Resolve", "Repeat",
	"Wash", "Sink", "Tidy", "Boot", "Reboot", "WriteUnheard", "WriteGivenUp", "WriteLands", "WriteDropped",
}

// Goal: what became of requests is not mistaken: where nothing fails, nothing is lost. Method: the runs without a fault.
func TestQuietRunsLoseNothing(t *testing.T) {
	all := runs(t)
	quiet := 0
	for i, r := range all {
		if !r.quiet {
			continue
		}
		quiet++
		for n, a := range actions.Actions() {
			if slices.Contains(faulty, a.Name) {
				require.Empty(t, r.found[n], "seed %d: %v", i+1, a)
			}
		}
	}
	require.Greater(t, quiet, seeds/10)
}

// recorded are runs of the real cluster.
const recorded = "../../testdata/histories/ok-*.jsonl.zst"

// Goal: likewise what only real runs are said to take. Method: those that are kept.
func TestRealRunsTakeWhatSimulatedOnesDoNot(t *testing.T) {
	files, err := filepath.Glob(recorded)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var tally actions.Tally
	for _, file := range files {
		h, err := history.Load(file)
		require.NoError(t, err)
		tally.Add(filepath.Base(file), actions.Find(h))
	}
	t.Logf("\n%v", &tally)
	require.Empty(t, tally.Missing(actions.Real))
	for _, a := range tally.Taken() {
		require.NotContains(t, []actions.Where{actions.Nowhere, actions.Unseen}, a.Where, "%v is taken, though it is said that %s", a, a.Why)
	}
}

// Goal: what is not in a trace is not found. Method: of a run with much in it the lines are taken away that show an action, until it is not found
// any more: that must be so while most of the lines are still there.
func TestNothingIsFoundInNothing(t *testing.T) {
	all := runs(t)
	rich := 0
	for i := range all {
		if variety(all[i].found) > variety(all[rich].found) {
			rich = i
		}
	}
	r, err := simulation.Explore(context.Background(), simulation.DefaultSize, simulation.Seed(uint64(rich+1)))
	require.NoError(t, err)
	list := actions.Actions()
	for i, lines := range all[rich].found {
		if len(lines) == 0 {
			continue
		}
		left := slices.Clone(r.Lines)
		for len(lines) > 0 {
			left = without(left, lines)
			lines = actions.Find(history.New(r.Header, left))[i]
		}
		require.Greater(t, len(left), len(r.Lines)/2, "%v", list[i])
	}
	for i, lines := range actions.Find(history.New(trace.Header{}, nil)) {
		require.Empty(t, lines, "%v is found in an empty trace", list[i])
	}
}

// variety is how many actions were taken.
func variety(found [][]int64) (n int) {
	for _, lines := range found {
		if len(lines) > 0 {
			n++
		}
	}
	return n
}

// without are the lines but for those with one of these numbers.
func without(lines []trace.Line, numbers []int64) (left []trace.Line) {
	for i, l := range lines {
		if !slices.Contains(numbers, int64(i+1)) {
			left = append(left, l)
		}
	}
	return left
}

// Goal: the command tells the same of a file and of a folder, and without either how actions are recognized. Method: a simulated run is saved.
func TestCommand(t *testing.T) {
	r, err := simulation.Explore(context.Background(), simulation.Size{ControlPlanes: 1, Workers: 1}, simulation.Seed(1))
	require.NoError(t, err)
	dir := t.TempDir()
	file := filepath.Join(dir, "trace.jsonl.zst")
	require.NoError(t, history.Save(file, r.Header, r.Lines))
	for _, arg := range []string{file, dir} {
		out := executed(t, arg)
		require.Regexp(t, `store +Put +\d+ +1 +.*, line \d+\n`, out)
		require.Regexp(t, `kubelet +Die +0 +0 +nowhere: no fault kills the process of a sandbox alone; .*\n`, out)
	}
	require.Regexp(t, `store +Pass +\(unseen: etcd tells nobody`, executed(t))
	cmd := actions.Command()
	cmd.SetArgs([]string{dir + "/none"})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	require.Error(t, cmd.Execute())
}

func executed(t *testing.T, args ...string) string {
	cmd := actions.Command()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs(args)
	require.NoError(t, cmd.Execute())
	return out.String()
}
