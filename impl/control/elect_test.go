package control_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/client"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/control/election"
	"orrery/impl/trace"
)

// leased is a transport to an API that keeps one lease; while it hangs, no request is answered.
type leased struct {
	mu    sync.Mutex
	api   *controltest.API
	hangs map[string]bool
}

func (l *leased) of(who string) client.Transport { return leasedFor{l, who} }

type leasedFor struct {
	*leased
	who string
}

func (l leasedFor) Do(ctx context.Context, req api.Request) (api.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hangs[l.who] {
		l.mu.Unlock()
		<-ctx.Done()
		l.mu.Lock()
		return api.Response{}, ctx.Err()
	}
	obj, err := l.api.Do(req)
	return api.Response{Object: obj}, err
}

func (leasedFor) Watch(context.Context, api.Request) (client.Stream, error) {
	return nil, errors.New("nobody watches")
}

func (l *leased) hang(who string, yes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hangs[who] = yes
}

func (l *leased) holder() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, _ := api.ByName("leases")
	return *l.api.Must(api.Request{Verb: api.Get, Resource: r, Namespace: "kube-system", Name: "l"}).(*coordinationv1.Lease).Spec.HolderIdentity
}

// acts is what the candidates did, and who acts now.
type acts struct {
	t      *testing.T
	leased *leased
	mu     sync.Mutex
	now    map[string]bool
	cause  error
	lines  []trace.Line
}

func (a *acts) Emit(l trace.Line) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lines = append(a.lines, l)
}

func (a *acts) set(who string, yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now[who] = yes
}

func (a *acts) does(who string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now[who]
}

// run is one candidate; what acts for it takes some time to stop.
func (a *acts) run(ctx context.Context, who string, stopping time.Duration) {
	e := election.New(election.Default, "kube-system", "l", who)
	control.Elect(ctx, e, control.Shell{Transport: a.leased.of(who)}, a, func(ctx context.Context, _ int, leads func(time.Time) bool) {
		a.set(who, true)
		<-ctx.Done()
		if a.cause = context.Cause(ctx); !errors.Is(a.cause, control.ErrLost) {
			require.True(a.t, leads(time.Now()), "it is told to end, and still leads")
			time.Sleep(stopping)
			require.Equal(a.t, who, a.leased.holder(), "the lease is given back before what acts has stopped")
		} else {
			require.False(a.t, leads(time.Now()))
		}
		a.set(who, false)
	})
}

// Goal: what acts ends within RenewDeadline where the lease cannot be renewed, and long before another acts (C07); and it ends before the lease
// is given back where the process is told to end (C10), so that another need not wait. Method: two candidates in the time of synctest.
func TestElect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &leased{api: controltest.NewAPI(time.Now()), hangs: map[string]bool{}}
		a := &acts{t: t, leased: l, now: map[string]bool{}}
		var running sync.WaitGroup
		first, endFirst := context.WithCancel(t.Context())
		second, endSecond := context.WithCancel(t.Context())
		running.Go(func() { a.run(first, "a", time.Second) })
		synctest.Wait()
		running.Go(func() { a.run(second, "b", time.Second) })
		time.Sleep(time.Minute + time.Second)
		require.True(t, a.does("a"))
		require.False(t, a.does("b"))

		l.hang("a", true)
		time.Sleep(8 * time.Second)
		require.True(t, a.does("a"))
		time.Sleep(2 * time.Second)
		require.False(t, a.does("a"))
		require.ErrorIs(t, a.cause, control.ErrLost)
		require.Equal(t, "a", l.holder())
		time.Sleep(8 * time.Second)
		require.True(t, a.does("b"))
		require.Equal(t, "b", l.holder())

		l.hang("a", false)
		time.Sleep(time.Minute)
		require.False(t, a.does("a"))
		endSecond()
		time.Sleep(5 * time.Second)
		require.False(t, a.does("b"))
		require.True(t, a.does("a"))
		endFirst()
		running.Wait()
		require.Empty(t, l.holder())

		var lives []string
		for _, line := range a.lines {
			if line.Life != nil {
				lives = append(lives, line.Life.State+" "+line.Life.Why)
			}
		}
		require.Equal(t, []string{"leads as a", "follows as a", "leads as b", "follows as b", "leads as a", "follows as a"}, lives)
	})
}

// Goal: a loop whose process may not lead does nothing, and sends nothing. Method: a loop with something to do, which is told that it does not
// lead; then that it does.
func TestRunAsksWhetherItLeads(t *testing.T) {
	for _, leads := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var calls int
			loop := control.New(control.Config{Component: counting{&calls}, ID: "c"})
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			var sent int
			control.Run(ctx, loop, control.Shell{
				Leads:   func(time.Time) bool { return leads },
				Perform: func(context.Context, control.Effect) control.Answer { sent++; return control.Answer{Outcome: trace.OK} },
				Feeds: []func(context.Context, func(string, int64, []metav1.Object) error){func(_ context.Context, list func(string, int64, []metav1.Object) error) {
					require.NoError(t, list("local", 1, []metav1.Object{&coordinationv1.Lease{}}))
				}},
			})
			if leads {
				require.Equal(t, []int{1, 1}, []int{calls, sent})
			} else {
				require.Equal(t, []int{0, 0}, []int{calls, sent})
			}
		})
	}
}

// counting is a component that wants one thing done.
type counting struct{ calls *int }

func (counting) Name() string              { return "counting" }
func (counting) Sources() []control.Source { return []control.Source{{Name: "local"}} }

func (counting) Keys(_ *control.View, _ string, _, _ metav1.Object, add func(control.Key)) { add("k") }

func (c counting) Reconcile(*control.View, time.Time, control.Key) control.Plan {
	*c.calls++
	return control.Plan{Batches: [][]control.Effect{{{Other: "it"}}}}
}
