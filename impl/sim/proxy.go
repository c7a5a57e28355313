package sim

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/control"
	"orrery/impl/proxy"
	"orrery/impl/proxy/rules"
	"orrery/impl/proxy/rules/fake"
)

// examine is how often a simulated proxy looks at its kernel.
const examine = 30 * time.Second

// AddProxy adds a proxy to a worker, whose kernel outlives it.
func (w *World) AddProxy(n *Node) {
	n.Kernel = &fake.Kernel{Fault: n.kernelFault}
	n.Proxy = w.add("proxy-"+n.Name, n.Name, func(p *Process) program { return newProxy(n, p) })
}

// kernelFault loses what is to be applied as calls to the runtime are lost.
func (n *Node) kernelFault(call string) (before, after error) {
	if call != "apply" {
		return nil, nil
	}
	before, after = n.fault(call)
	if after != nil {
		after = fmt.Errorf("%w: %w", rules.ErrUnknown, after)
	}
	return before, after
}

// proxyProgram is a shell with a kernel behind it.
type proxyProgram struct {
	*shell
	local *proxy.Local
	look  time.Time // when the kernel is to be looked at next
}

func newProxy(n *Node, p *Process) *proxyProgram {
	x := &proxyProgram{shell: newShell(p, proxy.New(n.Name), p.ID()), look: p.world.now.Add(examine)}
	x.local = &proxy.Local{Node: n.Name, Rules: n.Kernel, Trace: p}
	x.local.Connect(func(source string, rv int64, objects []metav1.Object) error {
		err := x.loop.ObserveList(source, rv, objects)
		if err != nil {
			p.world.broken("%s refuses its own list: %v", p.Name, err)
		}
		return err
	})
	x.shell.local = func(e control.Effect) control.Answer { return x.local.Perform(context.Background(), e) }
	return x
}

func (x *proxyProgram) enabled(steps []Step, self int32) []Step {
	if !x.look.After(x.p.world.now) {
		steps = append(steps, Step{Kind: Look, actor: self})
	}
	return x.shell.enabled(steps, self)
}

func (x *proxyProgram) take(kind Kind, item int) {
	if kind != Look {
		x.shell.take(kind, item)
		return
	}
	x.look = x.p.world.now.Add(examine)
	_ = x.local.Examine(context.Background()) // what could not be read is written anew
}

func (x *proxyProgram) due() (time.Time, bool) {
	var next earliest
	if at, ok := x.shell.due(); ok {
		next.add(at)
	}
	next.add(x.look)
	return next.at, true
}
