package bench

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/vishvananda/netns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/host/machine"
	"orrery/impl/proxy"
	"orrery/impl/proxy/rules"
	"orrery/impl/proxy/rules/nft"
	"orrery/impl/trace"
)

// endpointsEach is how many endpoints each service has.
const endpointsEach = 10

// maxRules is the target for the first rules of a node, in seconds: that of upstream's proxy from one list to the next (--min-sync-period).
const maxRules = 1.0

// measureRules has a proxy learn of many services, in a network namespace of its own, then of what changes no rule, and then of one endpoint that has moved.
func measureRules(ctx context.Context, s Size) ([]Row, error) {
	var firsts, nothings, moves []float64
	var first, move spending
	for range s.Turns {
		p, err := newProxied(s.Services)
		if err != nil {
			return nil, err
		}
		got, err := p.measure(ctx)
		p.close()
		if err != nil {
			return nil, err
		}
		if got[0].applied != 1 || got[1].applied != 0 || got[2].applied != 1 {
			return nil, fmt.Errorf("rules were applied %d times for all services, %d for none, %d for one", got[0].applied, got[1].applied, got[2].applied)
		}
		firsts, nothings, moves = append(firsts, got[0].seconds), append(nothings, got[1].seconds), append(moves, got[2].seconds)
		first, move = got[0], got[2]
	}
	of := fmt.Sprintf("%d services of %d endpoints", s.Services, endpointsEach)
	rows := []Row{
		atMost("seconds until the rules of "+of+" are in the kernel", median(firsts), maxRules, first.String()),
		told("seconds after a change of no rule", fmt.Sprintf("%.4f", median(nothings)), "nothing is applied"),
		told("seconds after a change of one endpoint", fmt.Sprintf("%.3f", median(moves)), "one transaction; "+move.String()),
	}
	return rows, nil
}

// spending is what came of one change.
type spending struct {
	applied         int
	seconds         float64
	allocated, peak float64 // bytes
}

func (s spending) String() string {
	return fmt.Sprintf("%.1f MB allocated, at most %.1f MB more in memory", s.allocated/1e6, s.peak/1e6)
}

// proxied is a proxy's loop, with the kernel of a network namespace of its own.
type proxied struct {
	loop      *control.Loop
	local     *proxy.Local
	kernel    *nft.Kernel
	namespace netns.NsHandle
	services  []metav1.Object
	slices    []metav1.Object
	rv        int64
	applied   int
}

func newProxied(services int) (*proxied, error) {
	p := &proxied{}
	made := make(chan error, 1)
	machine.Thread(func() {
		var err error
		p.namespace, err = netns.New()
		made <- err
	})
	if err := <-made; err != nil {
		return nil, fmt.Errorf("a network namespace: %w", err)
	}
	var err error
	if p.kernel, err = nft.New(p.namespace); err != nil {
		_ = p.namespace.Close() // it goes with the process otherwise
		return nil, err
	}
	p.loop = control.New(control.Config{Component: proxy.New("here"), ID: "bench"})
	p.local = &proxy.Local{Node: "here", Rules: counted{p.kernel, &p.applied}, Trace: trace.Discard}
	for i := range services {
		name := fmt.Sprintf("service-%d", i)
		p.services = append(p.services, &corev1.Service{ObjectMeta: p.meta(name),
			Spec: corev1.ServiceSpec{ClusterIP: fmt.Sprintf("10.96.%d.%d", i/250, i%250+1), Ports: []corev1.ServicePort{{Port: 80}}}})
		slice := &discoveryv1.EndpointSlice{ObjectMeta: p.meta(name), AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Port: new(int32(8080))}}}
		slice.Labels = map[string]string{discoveryv1.LabelServiceName: name}
		for j := range endpointsEach {
			slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{fmt.Sprintf("10.88.%d.%d", i/25, i%25*endpointsEach+j+1)}})
		}
		p.slices = append(p.slices, slice)
	}
	return p, nil
}

func (p *proxied) meta(name string) metav1.ObjectMeta {
	p.rv++
	return metav1.ObjectMeta{Namespace: "bench", Name: name, UID: types.UID(name), ResourceVersion: strconv.FormatInt(p.rv, 10)}
}

func (p *proxied) close() {
	p.kernel.Close()
	_ = p.namespace.Close() // it goes with the process otherwise
}

// measure has the proxy learn of all, of what changes no rule, and of what changes one.
func (p *proxied) measure(ctx context.Context) (got [3]spending, err error) {
	p.local.Connect(p.loop.ObserveList)
	labelled := p.services[0].(*corev1.Service).DeepCopy()
	labelled.ResourceVersion, labelled.Labels = p.meta("").ResourceVersion, map[string]string{"a": "b"}
	moved := p.slices[0].(*discoveryv1.EndpointSlice).DeepCopy()
	moved.ResourceVersion, moved.Endpoints[0].Addresses = p.meta("").ResourceVersion, []string{"10.87.0.1"}
	for i, change := range []func() error{
		func() error {
			if err := p.loop.ObserveList("services", p.rv-2, p.services); err != nil {
				return err
			}
			return p.loop.ObserveList("slices", p.rv-2, p.slices)
		},
		func() error {
			return p.loop.Observe("services", api.WatchEvent{Type: watch.Modified, Object: labelled})
		},
		func() error { return p.loop.Observe("slices", api.WatchEvent{Type: watch.Modified, Object: moved}) },
	} {
		if got[i], err = p.spend(func() error {
			if err := change(); err != nil {
				return err
			}
			return p.work(ctx)
		}); err != nil {
			return got, err
		}
	}
	return got, nil
}

// work does all that the loop wants done.
func (p *proxied) work(ctx context.Context) error {
	for now := time.Now(); p.loop.Work(now); {
		for e, ok := p.loop.Next(now); ok; e, ok = p.loop.Next(now) {
			answer := p.local.Perform(ctx, e)
			if answer.Err != nil {
				return answer.Err
			}
			p.loop.Done(now, e.ID, answer)
		}
	}
	return nil
}

// spend does something, and tells what it took.
func (p *proxied) spend(do func() error) (spending, error) {
	runtime.GC()
	// The kernel forgets the most that this process ever had in memory: proc(5), clear_refs.
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return spending{}, err
	}
	memory, err := readMemory(os.Getpid())
	if err != nil {
		return spending{}, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	applied, begun := p.applied, time.Now()
	if err := do(); err != nil {
		return spending{}, err
	}
	took := time.Since(begun)
	runtime.ReadMemStats(&after)
	most, err := readMemory(os.Getpid())
	return spending{p.applied - applied, took.Seconds(), float64(after.TotalAlloc - before.TotalAlloc), max(most.most-memory.resident, 0)}, err
}

// counted counts the sets that are applied.
type counted struct {
	rules.Rules
	applied *int
}

func (c counted) Apply(ctx context.Context, set rules.Set) error {
	*c.applied++
	return c.Rules.Apply(ctx, set)
}
