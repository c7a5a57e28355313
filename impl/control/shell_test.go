package control_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/control"
	"orrery/impl/metrics"
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

// run serves a loop with so many keys, of whose effects so many may be in flight, until the test ends; what is performed waits until it may be.
func run(t *testing.T, keys, inFlight int, shell control.Shell) (decided map[control.Key]bool, may chan struct{}) {
	decided, may = map[control.Key]bool{}, make(chan struct{})
	loop := control.New(control.Config{Component: separate{decided}, ID: "e", InFlight: inFlight})
	perform := shell.Perform
	shell.Perform = func(ctx context.Context, e control.Effect) control.Answer {
		<-may
		return perform(ctx, e)
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
		decided, may := run(t, 100, 2, control.Shell{Perform: func(context.Context, control.Effect) control.Answer {
			return control.Answer{Outcome: trace.OK}
		}})
		require.Len(t, decided, 3, "two whose effects are in flight, and one whose effect is to be sent next")
		may <- struct{}{}
		synctest.Wait()
		require.Len(t, decided, 4)
		close(may)
		synctest.Wait()
		require.Len(t, decided, 100)
	})
}

// Goal: what is measured of the queue is what waits at the time of asking, how long it has waited, and how often keys were added, and tried again. Method:
// many keys are due of which most have to wait until others were done; it is asked before, and after one that failed and all others.
func TestTheQueueIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := metrics.New()
		shows := func(lines ...string) {
			t.Helper()
			recorder := httptest.NewRecorder()
			registry.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			for _, line := range lines {
				require.Contains(t, recorder.Body.String(), "\nworkqueue_"+strings.Replace(line, " ", `{name="separate"} `, 1)+"\n")
			}
		}
		fails := true
		_, may := run(t, 100, 2, control.Shell{Meter: registry.Loops(false), Perform: func(context.Context, control.Effect) (answer control.Answer) {
			if fails {
				fails = false
				return control.Answer{Outcome: trace.Failed, Err: errors.New("no")}
			}
			return control.Answer{Outcome: trace.OK}
		}})
		shows("depth 97", "adds_total 100", "retries_total 0", "queue_duration_seconds_count 3", "queue_duration_seconds_sum 0")
		time.Sleep(time.Second)
		may <- struct{}{}
		synctest.Wait()
		shows("depth 96", "adds_total 100", "retries_total 1", "queue_duration_seconds_count 4", "queue_duration_seconds_sum 1")
		close(may)
		time.Sleep(time.Second)
		synctest.Wait()
		shows("depth 0", "adds_total 101", "retries_total 1", "queue_duration_seconds_count 101", "queue_duration_seconds_sum 97")
	})
}
