package proxy_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/impl/control"
	"orrery/impl/proxy"
	"orrery/impl/proxy/rules"
	"orrery/impl/proxy/rules/fake"
	"orrery/impl/trace"
)

// world is one node, its kernel, and the services and slices that its proxy sees late. Its laws are those of model/proxy, by name.
type world struct {
	now      time.Time
	rv       int64
	uids     int
	services map[string]*corev1.Service
	slices   map[string]*discoveryv1.EndpointSlice
	seen     map[string][]metav1.Object // by source, as last shown; absent: not listed

	kernel fake.Kernel
	// sure: the last set that was applied is there, by the hash, for all that the proxy can know.
	sure    string
	faults  []error // before and after of the next call
	loop    *control.Loop
	local   *proxy.Local
	flying  []control.Effect
	applied int
	wrap    func(rules.Rules) rules.Rules // nil: none
}

var servicePorts = []netip.AddrPort{netip.MustParseAddrPort("10.96.0.1:53"), netip.MustParseAddrPort("10.96.0.2:53")}

func newWorld() *world {
	w := &world{now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), rv: 1, services: map[string]*corev1.Service{}, slices: map[string]*discoveryv1.EndpointSlice{}}
	w.kernel.Fault = func(string) (before, after error) {
		if len(w.faults) == 2 {
			before, after, w.faults = w.faults[0], w.faults[1], nil
		}
		return before, after
	}
	w.start()
	return w
}

// start is a proxy that knows nothing. The kernel goes on.
func (w *world) start() {
	w.loop = control.New(control.Config{Component: proxy.New("here"), ID: "p"})
	w.local = &proxy.Local{Node: "here", Rules: &w.kernel, Trace: trace.Discard}
	if w.wrap != nil {
		w.local.Rules = w.wrap(&w.kernel)
	}
	w.seen, w.flying, w.sure = map[string][]metav1.Object{}, nil, ""
	w.local.Connect(w.loop.ObserveList)
}

func (w *world) content(source string) (all []metav1.Object) {
	for _, name := range names {
		if s := w.services[name]; source == "services" && s != nil {
			all = append(all, s)
		}
		if s := w.slices[name]; source == "slices" && s != nil {
			all = append(all, s)
		}
	}
	return all
}

var names = []string{"a", "b", "a-1", "a-2", "b-1"}

func (w *world) deliver(t require.TestingT, source string) {
	w.seen[source] = w.content(source)
	require.NoError(t, w.loop.ObserveList(source, w.rv, w.seen[source]))
}

func wanted(services, slices []metav1.Object) rules.Set {
	var s []*corev1.Service
	for _, obj := range services {
		s = append(s, obj.(*corev1.Service))
	}
	var e []*discoveryv1.EndpointSlice
	for _, obj := range slices {
		e = append(e, obj.(*discoveryv1.EndpointSlice))
	}
	return proxy.Wanted(s, e, "here")
}

// work reconciles once, and holds the decision against what the proxy has been shown.
func (w *world) work(t require.TestingT) bool {
	worked := w.loop.Work(w.now)
	for e, ok := w.loop.Next(w.now); ok; e, ok = w.loop.Next(w.now) {
		for _, source := range []string{"services", "slices"} {
			_, listed := w.seen[source]
			require.True(t, listed, "nothing is done before all %s were listed", source)
		}
		want := wanted(w.seen["services"], w.seen["slices"])
		switch do := e.Other.(type) {
		case proxy.Apply:
			require.Equal(t, want.String(), do.Set.String(), "the view justifies what is decided")
			require.NotEqual(t, w.sure, do.Hash, "the kernel holds these rules already")
		case proxy.Flush:
			require.Equal(t, want.Hash(), w.sure, "flows are ended once the rules are there")
			require.Equal(t, want.Stays(), do.Set.Stays())
		}
		w.flying = append(w.flying, e)
	}
	return worked
}

func (w *world) perform() {
	for _, e := range w.flying {
		if _, is := e.Other.(proxy.Apply); is {
			w.sure = ""
		}
		answer := w.local.Perform(context.Background(), e)
		if answer.Outcome == trace.OK {
			if do, is := e.Other.(proxy.Apply); is {
				w.applied++
				w.sure = do.Hash
			}
		}
		w.loop.Done(w.now, e.ID, answer)
	}
	w.flying = nil
}

func (w *world) examine() {
	known := w.sure
	if current, err := w.kernel.Current(context.Background()); err != nil || current.Hash() != known {
		w.sure = ""
	}
	_ = w.local.Examine(context.Background())
}

// rest ends all faults, shows the proxy everything, and lets it work until it has nothing to do.
func (w *world) rest(t require.TestingT) {
	w.perform()
	w.faults = nil
	w.deliver(t, "services")
	w.deliver(t, "slices")
	w.examine()
	for range 100 {
		switch due, waits := w.loop.Due(); {
		case w.work(t):
		case len(w.flying) > 0:
		case waits:
			w.now = due
		default:
			return
		}
		w.perform()
	}
	require.Fail(t, "it does not come to rest")
}

var conditions = []discoveryv1.EndpointConditions{
	{Ready: new(true), Serving: new(true), Terminating: new(false)}, {Ready: new(false), Serving: new(false), Terminating: new(false)},
	{Ready: new(true), Serving: new(false), Terminating: new(false)}, {Ready: new(false), Serving: new(false), Terminating: new(true)},
	{Ready: new(false), Serving: new(true), Terminating: new(true)},
}

func (w *world) service(t *rapid.T) {
	name := rapid.SampledFrom(names[:2]).Draw(t, "service")
	w.rv++
	if w.services[name] != nil && rapid.Bool().Draw(t, "gone") {
		delete(w.services, name)
		return
	}
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if old := w.services[name]; old != nil {
		s.UID = old.UID
	} else {
		w.uids++
		s.UID = types.UID(fmt.Sprintf("uid-%d", w.uids))
	}
	named(s, w.rv)
	s.CreationTimestamp = metav1.NewTime(w.now)
	s.Spec.ClusterIP = rapid.SampledFrom(servicePorts).Draw(t, "address").Addr().String()
	s.Spec.Ports = []corev1.ServicePort{{Port: 53, Protocol: corev1.ProtocolUDP}}
	if rapid.Bool().Draw(t, "local") {
		s.Spec.InternalTrafficPolicy = new(corev1.ServiceInternalTrafficPolicyLocal)
	}
	if rapid.Bool().Draw(t, "affinity") {
		s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP
	}
	w.services[name] = s
}

func (w *world) slice(t *rapid.T) {
	name := rapid.SampledFrom(names[2:]).Draw(t, "slice")
	w.rv++
	s := &discoveryv1.EndpointSlice{AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Port: new(int32(5353)), Protocol: new(corev1.ProtocolUDP)}}}
	s.Name, s.Labels = name, map[string]string{discoveryv1.LabelServiceName: name[:1]}
	for i, c := range rapid.SliceOfN(rapid.IntRange(-1, len(conditions)-1), 3, 3).Draw(t, "conditions") {
		if c >= 0 {
			node := []string{"here", "there"}[i%2]
			s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{fmt.Sprintf("10.88.0.%d", i+1)}, NodeName: &node, Conditions: conditions[c]})
		}
	}
	w.slices[name] = named(s, w.rv)
}

func (w *world) connect(t *rapid.T) {
	from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, rapid.Byte().Draw(t, "client")}), 5000)
	w.kernel.Connect(from, rules.UDP, rapid.SampledFrom(servicePorts).Draw(t, "to"), func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "target") })
}

// anyhow is a kernel that holds any rules and any flows (row 123).
func (w *world) anyhow(t *rapid.T) {
	target := func() netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 88, 0, rapid.ByteRange(1, 9).Draw(t, "target")}), 5353)
	}
	var set rules.Set
	for _, address := range servicePorts {
		r := rules.Rule{Protocol: rules.UDP, Address: address, Verdict: rapid.SampledFrom([]rules.Verdict{rules.Reject, rules.Drop, rules.Forward}).Draw(t, "verdict")}
		if r.Verdict == rules.Forward {
			r.Targets = []netip.AddrPort{target()}
		}
		set.Rules = append(set.Rules, r)
		f := rules.Flow{Protocol: rules.UDP, Address: address}
		if rapid.Bool().Draw(t, "translated") {
			f.Target = target()
		}
		w.kernel.Put(fake.Client{From: netip.MustParseAddrPort("10.1.0.1:6000"), Flow: f})
	}
	require.NoError(t, w.kernel.Apply(context.Background(), set))
}

var errRefused = errors.New("the kernel refuses")

func machine(t *rapid.T) {
	newWorld().run(t, t)
}

// run makes a run. laws is told which law is broken.
func (w *world) run(t *rapid.T, laws require.TestingT) {
	if rapid.Bool().Draw(t, "anyhow") {
		w.anyhow(t)
	}
	t.Repeat(map[string]func(*rapid.T){
		"service":          w.service,
		"slice":            w.slice,
		"deliver services": func(t *rapid.T) { w.deliver(t, "services") },
		"deliver slices":   func(t *rapid.T) { w.deliver(t, "slices") },
		"work":             func(*rapid.T) { w.work(laws) },
		"perform":          func(*rapid.T) { w.perform() },
		"connect":          w.connect,
		"tamper":           func(*rapid.T) { w.kernel.Tamper() },
		"fail": func(t *rapid.T) {
			w.faults = []error{errRefused, nil}
			if rapid.Bool().Draw(t, "unknown") {
				w.faults = []error{nil, rules.ErrUnknown}
			}
		},
		"examine": func(*rapid.T) {
			w.faults = nil
			w.examine()
		},
		"crash":   func(*rapid.T) { w.start() },
		"advance": func(*rapid.T) { w.now = w.now.Add(time.Second) },
	})
	w.rest(laws)
	truth := wanted(w.content("services"), w.content("slices"))
	current, err := w.kernel.Current(context.Background())
	require.NoError(laws, err)
	require.Equal(laws, truth.String(), current.String(), "the kernel holds the rules that are wanted")
	for _, c := range w.kernel.Flows() {
		require.True(laws, truth.Keeps(c.Flow), "no flow of UDP is at what is no endpoint: %+v", c)
	}
	applied := w.applied
	w.rest(laws)
	require.Equal(laws, applied, w.applied, "what is there is not written again")
}

// Goal: whatever happens, the decisions are those of model/proxy, and in the end the kernel holds what is wanted, from wherever it began. Method: a
// random machine over the kernel in memory.
func TestMachine(t *testing.T) { rapid.Check(t, machine) }

// Goal: the machine is seen to fail. Method: each planted bug must be found, and named by its law.
func TestMachineFindsBugs(t *testing.T) {
	for _, c := range []struct {
		name, says string
		plant      func(*planted)
	}{
		{"flows are left alone (X01, X03, X04)", "no flow of UDP is at what is no endpoint", func(p *planted) { p.idle = true }},
		{"only flows of services that are there are ended (X03)", "no flow of UDP is at what is no endpoint", func(p *planted) { p.gone = true }},
		{"a write that has failed is taken for done (X05)", "flows are ended once the rules are there", func(p *planted) { p.deaf = true }},
		{"a set is applied in part", "the kernel holds the rules that are wanted", func(p *planted) {
			p.apply = func(s rules.Set) rules.Set { return rules.Set{Rules: s.Rules[:min(1, len(s.Rules))]} }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			said := ""
			old := flag.Lookup("rapid.checks").Value.String()
			require.NoError(t, flag.Set("rapid.checks", "3000")) // those after the one that finds it do nothing
			defer func() { require.NoError(t, flag.Set("rapid.checks", old)) }()
			rapid.Check(t, func(t *rapid.T) {
				if strings.Contains(said, c.says) {
					return
				}
				w := newWorld()
				w.wrap = func(k rules.Rules) rules.Rules {
					p := &planted{Rules: k}
					c.plant(p)
					return p
				}
				w.start()
				func() {
					defer func() {
						if r := recover(); r != nil && r != any(stop{}) {
							panic(r)
						}
					}()
					w.run(t, complaint{&said})
				}()
			})
			require.Contains(t, said, c.says, "the planted bug was not found")
		})
	}
}

// planted is a kernel with a bug, which stands for one of the proxy's.
type planted struct {
	rules.Rules
	apply            func(rules.Set) rules.Set
	deaf, idle, gone bool
	last             rules.Set // that the proxy believes is there
}

func (p *planted) Apply(ctx context.Context, set rules.Set) error {
	p.last = set
	if p.apply != nil {
		set = p.apply(set)
	}
	if err := p.Rules.Apply(ctx, set); err != nil && !p.deaf {
		return err
	}
	return nil
}

func (p *planted) Current(context.Context) (rules.Set, error) { return p.last, nil }

func (p *planted) Flush(ctx context.Context, set rules.Set) (int, error) {
	missing := func(address netip.AddrPort) bool {
		return !slices.ContainsFunc(set.Rules, func(r rules.Rule) bool { return r.Address == address })
	}
	if p.idle || p.gone && slices.ContainsFunc(servicePorts, missing) {
		return 0, nil
	}
	return p.Rules.Flush(ctx, set)
}

// complaint keeps what is said instead of failing.
type complaint struct{ said *string }

type stop struct{}

func (c complaint) Errorf(format string, args ...any) { *c.said += fmt.Sprintf(format, args...) }

// FailNow implements [require.TestingT].
func (c complaint) FailNow() { panic(stop{}) }

// FuzzMachine is the same, with choices that cover the code.
func FuzzMachine(f *testing.F) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 9))
		data := make([]byte, 6<<10)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(rapid.MakeFuzz(machine))
}
