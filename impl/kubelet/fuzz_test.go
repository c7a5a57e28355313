package kubelet

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/control"
)

const (
	// fuzzSeeds is how many inputs the target begins with, of so many bytes: rapid takes eight for each choice, and skips
	// an input that ends before the run does.
	fuzzSeeds = 20
	seedBytes = 6 << 10
)

// FuzzKubelet is the machine of [TestKubeletUnderFaults]. Goal: its laws hold under choices that cover the code, not only
// under those that chance makes. Method: the bytes of a fuzz input choose.
func FuzzKubelet(f *testing.F) {
	for seed := range uint64(fuzzSeeds) {
		random := rand.New(rand.NewPCG(seed, 3))
		data := make([]byte, seedBytes)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { underFaults(t, newWorld(), t) }))
}

// planted is a kubelet whose effects are changed before they are sent; what becomes nil is left out.
type planted struct {
	control.Component
	change func(control.Effect) *control.Effect
}

func (p planted) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	plan := p.Component.Reconcile(v, now, key)
	for i, batch := range plan.Batches {
		var kept []control.Effect
		for _, e := range batch {
			if changed := p.change(e); changed != nil {
				kept = append(kept, *changed)
			}
		}
		plan.Batches[i] = kept
	}
	return plan
}

// without leaves out the effects of one type.
func without[T any](e control.Effect) *control.Effect {
	if _, ok := e.Other.(T); ok {
		return nil
	}
	return &e
}

// tooEarly deletes a pod from the API where its containers should be stopped.
func tooEarly(e control.Effect) *control.Effect {
	stop, ok := e.Other.(Stop)
	if !ok {
		return &e
	}
	pods, _ := api.ByName("pods")
	return &control.Effect{Request: &api.Request{Verb: api.Delete, Resource: pods, Namespace: stop.Namespace, Name: stop.Name,
		Delete: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &stop.UID}}}}
}

// removes takes away a container that should be stopped: it is killed at once.
func removes(e control.Effect) *control.Effect {
	if stop, ok := e.Other.(Stop); ok {
		return &control.Effect{Other: Remove{PodRef: stop.PodRef, ID: stop.ID, Container: stop.Container}}
	}
	return &e
}

// hurried gives half of the grace.
func hurried(e control.Effect) *control.Effect {
	if stop, ok := e.Other.(Stop); ok {
		stop.Grace /= 2
		e.Other = stop
	}
	return &e
}

// rounds are how many times a hundred runs are made at most. Where nothing is stopped, one run in forty shows it by the law of that (cleaning up ends what
// was not stopped, mostly): a hundred runs would miss it one time in twenty.
const rounds = 10

// Goal: the machine is seen to fail. Method: each planted bug must be found, and named by its law.
func TestMachineFindsKubeletBugs(t *testing.T) {
	for _, c := range []struct {
		name, says string
		change     func(control.Effect) *control.Effect
	}{
		{"nothing is cleaned up", "row 95", without[CleanUp]},
		{"nothing is stopped", "still being deleted", without[Stop]},
		{"nothing is started", "does not run", without[Start]},
		{"a pod that runs is deleted from the API", "row 88", tooEarly},
		{"what runs is removed before it was stopped", "row 86", removes},
		{"half of the grace is given", "row 86", hurried},
	} {
		t.Run(c.name, func(t *testing.T) {
			var said complaint
			named := func() bool {
				return slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, c.says) })
			}
			for range rounds {
				rapid.Check(t, func(t *rapid.T) {
					if named() { // a bug may break other laws before
						return
					}
					w := newWorld()
					w.wrap = func(k control.Component) control.Component { return planted{k, c.change} }
					w.boot()
					underFaults(t, w, &said)
				})
			}
			require.True(t, named(), "the planted bug was not found, only %q", said)
		})
	}
}
