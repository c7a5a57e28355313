package control_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/control"
	"orrery/impl/trace"
)

// separate is a component that wants one thing done for each object, once.
type separate struct{ done map[control.Key]bool }

func (separate) Name() string              { return "separate" }
func (separate) Sources() []control.Source { return []control.Source{{Name: "local"}} }

func (separate) Keys(_ *control.View, _ string, _, new metav1.Object, add func(control.Key)) {
	add(control.Key(new.GetName()))
}

func (e separate) Reconcile(_ *control.View, _ time.Time, key control.Key) control.Plan {
	if e.done[key] {
		return control.Plan{}
	}
	e.done[key] = true
	return control.Plan{Batches: [][]control.Effect{{{Other: "it"}}}}
}

// run serves a loop with so many keys, of whose effects so many may be in flight, until the test ends; perform does nothing until it may.
func run(t *testing.T, keys, inFlight int, shell control.Shell) (decided map[control.Key]bool, may chan struct{}) {
	decided, may = map[control.Key]bool{}, make(chan struct{})
	loop := control.New(control.Config{Component: separate{decided}, ID: "e", InFlight: inFlight})
	shell.Perform = func(context.Context, control.Effect) control.Answer {
		<-may
		return control.Answer{Outcome: trace.OK}
	}
	shell.Feeds = []func(context.Context, func(string, int64, []metav1.Object) error){func(_ context.Context, list func(string, int64, []metav1.Object) error) {
		var objects []metav1.Object
		for i := range keys {
			objects = append(objects, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%03d", i)}})
		}
		require.NoError(t, list("local", 1, objects))
	}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); control.Run(ctx, loop, shell) }()
	t.Cleanup(func() { stop(); <-ended })
	synctest.Wait()
	return decided, may
}

// Goal: answers do not wait until all that is due is decided, and nothing that is due is forgotten. Method: many keys, and few effects that may be in
// flight; how many keys were decided is counted before the first answer, and after all of them.
func TestAnswersDoNotWaitForWhatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		decided, may := run(t, 100, 2, control.Shell{})
		require.Len(t, decided, 3, "two whose effects are in flight, and one whose effect is to be sent next")
		may <- struct{}{}
		synctest.Wait()
		require.Len(t, decided, 4)
		close(may)
		synctest.Wait()
		require.Len(t, decided, 100)
	})
}
