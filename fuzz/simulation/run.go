package simulation

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/checker"
	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/fuzz/sometimes"
	"orrery/fuzz/workload"
	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/controller/account"
	"orrery/impl/controller/endpoints"
	"orrery/impl/controller/garbage"
	"orrery/impl/controller/namespace"
	"orrery/impl/controller/node"
	"orrery/impl/controller/replication"
	"orrery/impl/scheduler"
	"orrery/impl/sim"
	"orrery/impl/trace"
)

// Size is that of the simulated cluster. Standby: the scheduler and the controllers run twice, and of each pair the one acts that holds the lease.
type Size struct {
	ControlPlanes, Workers int
	Standby                bool
}

// DefaultSize is three of each.
var DefaultSize = Size{ControlPlanes: 3, Workers: 3}

// Bounds of what comes before and after the safety phase, in the world's time and in steps.
const (
	setupBound = time.Minute
	quiet      = 20 * time.Second
	bound      = 3 * time.Minute
	looking    = 15 * time.Second
	// mourning is quiet where a worker was lost for good: so long nothing may be written until its pods are evicted.
	mourning   = 100 * time.Second
	stepsBound = 100_000
)

// Result is one run and what it is worth.
type Result struct {
	Size   Size
	Header trace.Header
	Lines  []trace.Line
	Report verdict.Report
	// Script is what was done in the safety phase, a line for each [run.do].
	Script []string
	// Steps is how many steps that were, and Faults how many were begun, by kind.
	Steps  int
	Faults map[string]int
	// Sometimes are the interesting states that were reached.
	Sometimes []string
	// Wants is what the components still wanted at the end, where the cluster had not come to rest.
	Wants []control.Want
	// Time is how much of the world's time went by.
	Time time.Duration
}

// Broken is the guarantee that the run broke; empty if its verdict is not Illegal.
func (r Result) Broken() string {
	if _, first, ok := r.Report.First(); ok && r.Report.Verdict() == verdict.Illegal {
		return first.Guarantee.Error()
	}
	return ""
}

// run is one run under way.
type run struct {
	world *sim.World
	users map[string]*user
	names []string // of the users, in order
	// wanted is the next request of the user whose words a script has.
	wanted api.Request
	typist *sim.Process
	// heard are the objects that the user was told of last, by resource and name.
	heard map[string]api.Object
	// standby: there are candidates.
	standby bool

	script []string
	steps  int
	taken  map[string]int
}

// user is one client of the workload, and where its decisions come from.
type user struct {
	client  *workload.Client
	process *sim.Process
	choose  workload.Choices
}

// Explore makes a run in which everything is chosen.
func Explore(ctx context.Context, size Size, choose Choices) (Result, error) {
	return exploreLong(ctx, size, choose, 1)
}

// exploreLong is Explore with a safety phase of so many times the steps.
func exploreLong(ctx context.Context, size Size, choose Choices, times int) (Result, error) {
	return execute(ctx, size, func(r *run) error {
		explore(r, choose, times)
		return nil
	})
}

// Replay makes the run that a script tells. What does not apply is passed over, or, if strict, an error that names the line.
func Replay(ctx context.Context, size Size, script []string, strict bool) (Result, error) {
	return execute(ctx, size, func(r *run) error {
		for n, line := range script {
			if err := r.do(line); err != nil && strict {
				return fmt.Errorf("line %d: %s: %w", n+1, line, err)
			}
		}
		return nil
	})
}

// execute makes a run: setup, safety under faults, then heal, then liveness, and judges it.
func execute(ctx context.Context, size Size, safety func(*run) error) (Result, error) {
	r := &run{world: sim.New(size.ControlPlanes), users: map[string]*user{}, heard: map[string]api.Object{}, taken: map[string]int{}, standby: size.Standby}
	w := r.world
	began := w.Now()
	if err := r.setUp(size); err != nil {
		return Result{}, err
	}
	r.phase(trace.Safety)
	if err := safety(r); err != nil {
		return Result{}, err
	}
	r.phase(trace.Heal)
	w.Heal()
	r.phase(trace.Liveness)
	settled := r.settle(began)
	result := Result{Size: size, Script: r.script, Steps: r.steps, Faults: r.taken, Time: w.Now().Sub(began)}
	if settled {
		r.phase(trace.Settled)
		r.repair()
		w.Settle(w.Now().Add(looking), stepsBound)
	} else {
		result.Wants = w.Wants()
	}
	for _, s := range w.Servers {
		s.Digest()
	}
	r.phase(trace.End)
	if err := w.Err(); err != nil {
		return Result{}, err
	}
	result.Header, result.Lines = r.header(), w.Trace()
	h := history.New(result.Header, result.Lines)
	result.Sometimes = sometimes.Reached(h)
	result.Report = checker.Judge(ctx, h, verdict.DefaultLimits)
	return result, nil
}

// repair has every API server look for addresses that no service has, as often as it takes until what is left of broken requests is gone.
func (r *run) repair() {
	for range 3 {
		for _, s := range r.world.Servers {
			r.world.Repair(s)
		}
		r.world.Settle(r.world.Now(), stepsBound)
	}
}

func (r *run) header() trace.Header {
	h := trace.Header{Format: trace.Format, Mode: trace.Simulated, Scenario: "cluster", Revision: 1}
	for _, s := range r.world.Servers {
		h.Topology.ControlPlanes = append(h.Topology.ControlPlanes, s.Machine)
	}
	for _, n := range r.world.Nodes {
		h.Topology.Workers = append(h.Topology.Workers, n.Name)
	}
	return h
}

func (r *run) phase(name string) {
	r.world.Emit(trace.Line{Phase: &trace.Phase{Name: name}})
}

// setUp adds everything, makes the namespaces that every cluster has, and the workload's, and waits until all is quiet.
func (r *run) setUp(size Size) error {
	w := r.world
	r.phase(trace.Setup)
	for i := range size.Workers {
		w.AddNode(fmt.Sprintf("worker-%d", i+1))
	}
	r.add(size, "scheduler", func() control.Component { return scheduler.New() })
	r.add(size, "replication", func() control.Component { return replication.ReplicationControllers() })
	r.add(size, "replicasets", func() control.Component { return replication.ReplicaSets() })
	namespaces, _ := api.ByName("namespaces")
	names := []string{metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic, corev1.NamespaceNodeLease, workload.Namespace}
	runner := w.AddUser("runner", sim.User{
		Next: func() (api.Request, bool) {
			if len(names) == 0 {
				return api.Request{}, false
			}
			return api.Request{Verb: api.Create, Resource: namespaces, Name: names[0], Object: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: names[0]}}}, true
		},
		Heard: func(_ api.Request, _ api.Response, err error) {
			if err == nil || apierrors.IsAlreadyExists(err) {
				names = names[1:]
			}
		},
	})
	for end := w.Now().Add(setupBound); len(names) > 0; {
		if w.Now().After(end) {
			return fmt.Errorf("simulation: the cluster does not come up: still wanted %v", w.Wants())
		}
		w.Issue(runner)
		w.Settle(w.Now().Add(time.Second), stepsBound)
	}
	for _, kind := range []workload.Kind{workload.Registers, workload.Owners, workload.Meddlers, workload.Readers} {
		r.addClient(kind)
	}
	r.typist = w.AddUser("user", sim.User{
		Next: func() (api.Request, bool) { return r.wanted, true },
		Heard: func(req api.Request, response api.Response, _ error) {
			if obj, ok := response.Object.(api.Object); ok {
				r.heard[req.Resource.Name+"/"+req.Name] = obj
			}
		},
	})
	// What joins later comes last: the order of processes says which server each asks first, and scripts rely on that.
	r.add(size, "endpoints", func() control.Component { return endpoints.Slices{} })
	r.addClient(workload.Publishers)
	r.add(size, "namespaces", func() control.Component { return namespace.Controller{} })
	r.addClient(workload.Spaces)
	r.add(size, "nodes", func() control.Component { return node.New(nodePolicy()) })
	r.add(size, "garbage", func() control.Component { return garbage.New(collected()...) })
	r.addClient(workload.Heirs)
	accounts := account.Config{Sign: sign, CA: rootCertificates, Generates: true}
	r.add(size, "accounts", func() control.Component { return account.New(accounts) })
	r.addClient(workload.Accounts)
	for _, n := range w.Nodes {
		w.AddProxy(n)
	}
	r.add(size, "old-endpoints", func() control.Component { return endpoints.Old{} })
	if !w.Settle(w.Now().Add(time.Second), stepsBound) {
		return fmt.Errorf("simulation: the cluster does not come to rest: still wanted %v", w.Wants())
	}
	return nil
}

// collected are the resources of which the workload makes objects that own or are owned. Every other would be one more watch for each step to
// choose from.
func collected() (resources []*api.Resource) {
	for _, r := range garbage.Resources() {
		if slices.Contains([]string{"configmaps", "pods", "replicationcontrollers", "replicasets", "services", "endpointslices"}, r.Name) {
			resources = append(resources, r)
		}
	}
	return resources
}

func (r *run) addClient(kind workload.Kind) {
	u := &user{client: workload.New(kind, fmt.Sprintf("client-%d", len(r.names)+1))}
	c := u.client
	u.process = r.world.AddUser(c.Name, sim.User{
		Next: func() (api.Request, bool) {
			req := c.Next(u.choose)
			return req, true
		},
		Heard: c.Done, Pause: 2 * time.Minute / time.Duration(c.PerMinute()), Roams: c.Roams(),
	})
	r.users[c.Name] = u
	r.names = append(r.names, c.Name)
}

// nodePolicy is how nodes are looked after: a worker that is cut off for no longer than a fault lasts may be doubted, or not.
func nodePolicy() node.Config {
	c := node.DefaultConfig()
	c.GracePeriod, c.Quarantine = 45*time.Second, 15*time.Second
	return c
}

// mourns: a worker was lost for good.
func (r *run) mourns() bool { return r.taken["lose"] > 0 }

// add adds a process that runs a component, or two of which the one does that holds the lease.
func (r *run) add(size Size, name string, component func() control.Component) {
	if !size.Standby {
		r.world.AddComponents(name, r.world.Servers[0].Machine, component)
		return
	}
	r.world.AddCandidate(name, r.world.Servers[0].Machine, name, component)
	second := r.world.AddCandidate(name+"-2", r.world.Servers[len(r.world.Servers)-1].Machine, name, component)
	if name == "scheduler" { // what the others decide by the time of day need not hold under two clocks; a lease must (row 45)
		r.world.Ahead(second, time.Hour)
	}
}

// settle waits until nothing but heartbeats has been written for a while; false: it did not come to that.
func (r *run) settle(epoch time.Time) bool {
	w := r.world
	began := w.Now()
	written, handled := began, len(w.Trace())
	for w.Now().Sub(began) < bound {
		if !w.Settle(w.Now().Add(quiet/4), stepsBound) {
			return false
		}
		lines := w.Trace()
		for _, l := range lines[handled:] {
			if l.Revision != nil && !slices.Contains([]string{"leases", "nodes", "events"}, l.Revision.Resource) {
				written = epoch.Add(time.Duration(l.Time))
			}
		}
		handled = len(lines)
		if still := w.Now().Sub(written); still >= mourning || still >= quiet && !r.mourns() {
			return true
		}
	}
	return false
}
