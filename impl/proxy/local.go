package proxy

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/control"
	"orrery/impl/proxy/rules"
	"orrery/impl/trace"
)

// Kernel is what the proxy knows of its node's kernel, as an object of a local source.
type Kernel struct {
	metav1.ObjectMeta
	// Rules is the hash of the set that the kernel holds; empty: nobody is sure.
	Rules string
	// Stays tells which flows were kept when the others were last ended, since the kernel has held those rules; empty: nobody is sure.
	Stays string
}

// Local is what the loop is connected to on its own node: it performs effects, and keeps the local source. It decides nothing, starts no goroutine
// and reads no clock, so that a simulation can hold it.
type Local struct {
	Node  string
	Rules rules.Rules
	// Trace is told each set that was applied.
	Trace trace.Sink

	mu     sync.Mutex // held over each effect and each look, so that none sees the half of another
	list   func(source string, rv int64, objects []metav1.Object) error
	number int64
	kernel Kernel
}

// Connect names the function that takes over whole lists, and must be called first. Nothing is known then.
func (l *Local) Connect(list func(source string, rv int64, objects []metav1.Object) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list, l.number = list, 0
	l.publish("", "")
}

// publish tells the loop what is known, if that is new.
func (l *Local) publish(rules, stays string) {
	if l.number > 0 && l.kernel.Rules == rules && l.kernel.Stays == stays {
		return
	}
	l.number++
	l.kernel = Kernel{metav1.ObjectMeta{Name: l.Node, UID: "local", ResourceVersion: strconv.FormatInt(l.number, 10)}, rules, stays}
	kernel := l.kernel
	// The number is greater than any before it, which is all that could be refused.
	_ = l.list(kernelSource, l.number, []metav1.Object{&kernel})
}

// Perform carries out an effect.
func (l *Local) Perform(ctx context.Context, e control.Effect) control.Answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	switch do := e.Other.(type) {
	case Apply:
		if err = l.Rules.Apply(ctx, do.Set); err != nil {
			l.publish("", "")
			break
		}
		l.Trace.Emit(trace.Line{Rules: &trace.Rules{Node: l.Node, View: do.View, Hash: do.Hash}})
		l.publish(do.Hash, "")
	case Flush:
		if _, err = l.Rules.Flush(ctx, do.Set); err == nil {
			l.publish(l.kernel.Rules, do.Stays)
		}
	default:
		panic(fmt.Sprintf("proxy: an effect of type %T", e.Other))
	}
	return control.Answer{Outcome: outcome(err), Err: err}
}

func outcome(err error) trace.Outcome {
	switch {
	case err == nil:
		return trace.OK
	case errors.Is(err, rules.ErrUnknown):
		return trace.Unknown
	}
	return trace.Failed
}

// Examine looks at the kernel: if it does not hold what the proxy has put there, that is not believed any more. Flows are looked through again in
// any case: one may have begun by the rules before, and been remembered only after the others were ended.
func (l *Local) Examine(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.kernel.Rules
	if known == "" {
		return nil
	}
	current, err := l.Rules.Current(ctx)
	if err != nil || current.Hash() != known {
		known = ""
	}
	l.publish(known, "")
	return err
}

// Feed keeps the local source fed: it looks at the kernel again and again.
func (l *Local) Feed(every time.Duration) func(context.Context, func(string, int64, []metav1.Object) error) {
	return func(ctx context.Context, list func(string, int64, []metav1.Object) error) {
		l.Connect(list)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				_ = l.Examine(ctx) // what could not be read is written anew
			}
		}
	}
}
