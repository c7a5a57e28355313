package election_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/control/controltest"
	"orrery/impl/control/election"
)

var noon = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

func lease(holder string, seconds int32, renewed time.Time) *coordinationv1.Lease {
	at := metav1.NewMicroTime(renewed)
	l := &coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder, RenewTime: &at, AcquireTime: &at}}
	if seconds > 0 {
		l.Spec.LeaseDurationSeconds = &seconds
	}
	return l
}

// Goal: what is decided follows from the holder, and from the time since the record was first seen as it is; and not from the times in the
// record (row 45, C09). Method: a table.
func TestDecide(t *testing.T) {
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	for _, c := range []struct {
		name string
		seen election.Seen
		want election.Verb
	}{
		{"there is none", election.Seen{}, election.Acquire},
		{"we hold it", election.Seen{Lease: lease("a", 15, ago(time.Hour)), At: ago(time.Hour)}, election.Renew},
		{"it was given back", election.Seen{Lease: lease("", 1, noon), At: noon}, election.Acquire},
		{"it has no holder", election.Seen{Lease: &coordinationv1.Lease{}, At: noon}, election.Acquire},
		{"another's, seen just now", election.Seen{Lease: lease("b", 15, noon), At: noon}, election.Wait},
		{"another's, almost over", election.Seen{Lease: lease("b", 15, noon), At: ago(15*time.Second - 1)}, election.Wait},
		{"another's, over", election.Seen{Lease: lease("b", 15, noon), At: ago(15 * time.Second)}, election.Acquire},
		{"another's, seen just now, and renewed long ago as it says", election.Seen{Lease: lease("b", 15, ago(time.Hour)), At: noon}, election.Wait},
		{"another's, over, and renewed in the future as it says", election.Seen{Lease: lease("b", 15, noon.Add(time.Hour)), At: ago(15 * time.Second)}, election.Acquire},
		{"another's that holds it longer", election.Seen{Lease: lease("b", 60, noon), At: ago(15 * time.Second)}, election.Wait},
		{"another's that does not say for how long", election.Seen{Lease: lease("b", 0, noon), At: ago(15*time.Second - 1)}, election.Wait},
	} {
		require.Equal(t, c.want, election.Decide(election.Default, "a", c.seen, noon).Verb, c.name)
	}
}

// Goal: what upstream refuses is refused, in its words. Method: a table.
func TestValidate(t *testing.T) {
	const s = time.Second
	require.NoError(t, election.Default.Validate())
	for _, c := range []struct {
		config election.Config
		want   string
	}{
		{election.Config{LeaseDuration: 10 * s, RenewDeadline: 10 * s, RetryPeriod: 2 * s}, "leaseDuration must be greater than renewDeadline"},
		{election.Config{LeaseDuration: 15 * s, RenewDeadline: 2400 * time.Millisecond, RetryPeriod: 2 * s}, "renewDeadline must be greater than retryPeriod*JitterFactor"},
		{election.Config{LeaseDuration: 0, RenewDeadline: -s, RetryPeriod: -2 * s}, "leaseDuration must be greater than zero"},
		{election.Config{LeaseDuration: 15 * s, RenewDeadline: 0, RetryPeriod: -s}, "renewDeadline must be greater than zero"},
		{election.Config{LeaseDuration: 15 * s, RenewDeadline: 10 * s, RetryPeriod: 0}, "retryPeriod must be greater than zero"},
		{election.Config{LeaseDuration: 1500 * time.Millisecond, RenewDeadline: s, RetryPeriod: s / 2}, "whole number of seconds"},
	} {
		require.ErrorContains(t, c.config.Validate(), c.want)
	}
	require.Panics(t, func() { election.New(election.Config{}, "ns", "l", "a") })
	require.Panics(t, func() { election.New(election.Default, "ns", "l", "") })
}

// candidate is an elector with a clock of its own, over an API that answers at once or as its test says.
type candidate struct {
	*election.Elector
	world  *world
	rate   int64 // thousandths
	offset time.Duration
	sent   *election.Request
	answer any
	err    error
	done   bool // the request was carried out, or refused
}

type world struct {
	api  *controltest.API
	now  time.Duration
	late []election.Request
}

func (w *world) candidate(me string, rate int64, offset time.Duration) *candidate {
	return &candidate{Elector: election.New(election.Default, "kube-system", "l", me), world: w, rate: rate, offset: offset}
}

func newWorld() *world { return &world{api: controltest.NewAPI(noon)} }

func (c *candidate) now() time.Time {
	return noon.Add(c.offset + c.world.now/1000*time.Duration(c.rate))
}

func (c *candidate) leads() bool { return c.Leads(c.now()) }

// ask hands out the next request.
func (c *candidate) ask() bool {
	r, ok := c.Next(c.now())
	if ok {
		c.sent, c.done = &r, false
	}
	return ok
}

// arrive carries the request out.
func (c *candidate) arrive() {
	c.answer, c.err = c.world.api.Do(c.sent.Request)
	c.done = true
}

// hear tells the answer.
func (c *candidate) hear() {
	r := c.sent
	c.sent = nil
	c.Done(c.now(), r.Number, c.answer, c.err)
}

// settle does all that is to be done now.
func (c *candidate) settle() {
	for c.ask() {
		c.arrive()
		c.hear()
	}
}

func (w *world) lease() coordinationv1.LeaseSpec {
	r, _ := api.ByName("leases")
	return w.api.Must(api.Request{Verb: api.Get, Resource: r, Namespace: "kube-system", Name: "l"}).(*coordinationv1.Lease).Spec
}

// Goal: the life of a lease, with upstream's fields: acquired, renewed, given back, taken by another; kept by one that is silent until the
// others have waited. Method: two candidates step by step.
func TestLife(t *testing.T) {
	w := newWorld()
	a, b := w.candidate("a", 1000, 0), w.candidate("b", 1000, -time.Hour)
	a.settle()
	require.True(t, a.leads())
	require.Equal(t, 1, a.Term(a.now()))
	require.Equal(t, "a", *w.lease().HolderIdentity)
	require.EqualValues(t, 15, *w.lease().LeaseDurationSeconds)
	require.EqualValues(t, 0, *w.lease().LeaseTransitions)
	require.Equal(t, noon, w.lease().AcquireTime.UTC())
	b.settle()
	require.False(t, b.leads())

	// Renewed every RetryPeriod, it stays a's, and b's clock, which is an hour behind, does not matter.
	for range 20 {
		w.now += 2 * time.Second
		a.settle()
		b.settle()
		require.True(t, a.leads())
		require.False(t, b.leads())
	}
	require.Equal(t, noon, w.lease().AcquireTime.UTC())
	require.Equal(t, noon.Add(40*time.Second), w.lease().RenewTime.UTC())
	require.Equal(t, 1, a.Term(a.now()))

	// Given back, it is b's at the next look.
	a.Release()
	require.False(t, a.leads())
	a.settle()
	require.True(t, a.Over())
	require.Empty(t, *w.lease().HolderIdentity)
	w.now += 2 * time.Second
	b.settle()
	require.True(t, b.leads())
	require.EqualValues(t, 1, *w.lease().LeaseTransitions)

	// b falls silent: it stops at its RenewDeadline, and another waits for LeaseDuration from when it first looked.
	c := w.candidate("c", 1000, 0)
	c.settle()
	for range 10 {
		require.True(t, b.leads())
		w.now += time.Second
		c.settle()
	}
	require.False(t, b.leads())
	for range 5 {
		require.False(t, c.leads())
		w.now += time.Second
		c.settle()
	}
	require.True(t, c.leads())
	require.EqualValues(t, 2, *w.lease().LeaseTransitions)

	// b comes back, and sees that it is too late.
	b.settle()
	require.False(t, b.leads())
	require.Equal(t, "c", *w.lease().HolderIdentity)
}

// Goal: a renewal that is not answered is no renewal, also if it took place; and what was sent counts from when it was. Method: answers that are
// late or never come.
func TestUnanswered(t *testing.T) {
	w := newWorld()
	a := w.candidate("a", 1000, 0)
	require.True(t, a.ask())
	a.arrive()
	a.hear() // there is none
	require.True(t, a.ask())
	a.arrive()
	w.now += 4 * time.Second
	a.hear()
	require.True(t, a.leads())
	w.now += 6*time.Second - 1
	require.True(t, a.leads())
	w.now++
	require.False(t, a.leads(), "it counts from when the write was sent")

	require.True(t, a.ask())
	a.arrive()
	lost := a.sent.Number
	w.now += a.Timeout()
	require.False(t, a.ask(), "it waits for a moment after a failure")
	a.Done(a.now(), lost, a.answer, nil)
	require.False(t, a.leads(), "it has given that one up")
	w.now += 2 * time.Second
	a.settle()
	require.True(t, a.leads(), "the lease names it still")
	require.Equal(t, 2, a.Term(a.now()))
	require.EqualValues(t, 0, *w.lease().LeaseTransitions)

	// A renewal that is answered when RenewDeadline has passed since it was sent is too late for this one; the next is not.
	w.now += 2 * time.Second
	require.True(t, a.ask())
	a.arrive()
	w.now += 10 * time.Second
	a.hear()
	require.False(t, a.leads())
	a.settle()
	require.True(t, a.leads())

	// It ends while a renewal is on its way: what became of that is asked for first.
	w.now += 2 * time.Second
	require.True(t, a.ask())
	a.arrive()
	a.Release()
	require.False(t, a.ask())
	a.err = errors.New("the connection was lost")
	a.answer = nil
	a.hear()
	a.settle()
	require.True(t, a.Over())
	require.Empty(t, *w.lease().HolderIdentity)
}

// Goal: whatever is lost or late, and however the clocks go as long as their rates differ by less than LeaseDuration/RenewDeadline, no two
// lead at once (row 44). Method: a rapid machine; it reaches takeovers, which is checked by the next test's drift.
func TestNoTwoLead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		slow := rapid.Int64Range(500, 1000).Draw(t, "slow")
		fast := rapid.Int64Range(slow, slow*3/2-1).Draw(t, "fast")
		all := []*candidate{w.candidate("a", slow, 0), w.candidate("b", fast, time.Hour), w.candidate("c", (slow+fast)/2, -time.Hour)}
		one := func(t *rapid.T) *candidate { return rapid.SampledFrom(all).Draw(t, "candidate") }
		lives := 0
		t.Repeat(map[string]func(*rapid.T){
			"ask": func(t *rapid.T) { one(t).ask() },
			"arrive": func(t *rapid.T) {
				if c := one(t); c.sent != nil && !c.done {
					c.arrive()
				}
			},
			"hear": func(t *rapid.T) {
				if c := one(t); c.sent != nil && c.done {
					c.hear()
				}
			},
			"settle": func(t *rapid.T) {
				if c := one(t); c.sent == nil {
					c.settle()
				}
			},
			"lose": func(t *rapid.T) {
				if c := one(t); c.sent != nil {
					if !c.done {
						w.late = append(w.late, *c.sent)
					}
					c.answer, c.err = nil, errors.New("lost")
					c.hear()
				}
			},
			"land": func(*rapid.T) {
				if len(w.late) > 0 {
					_, _ = w.api.Do(w.late[0].Request)
					w.late = w.late[1:]
				}
			},
			"pass":    func(t *rapid.T) { w.now += time.Duration(rapid.IntRange(1, 5000).Draw(t, "ms")) * time.Millisecond },
			"release": func(t *rapid.T) { one(t).Release() },
			"crash": func(t *rapid.T) {
				i := rapid.IntRange(0, len(all)-1).Draw(t, "who")
				lives++
				if c := all[i]; c.sent != nil && !c.done {
					w.late = append(w.late, *c.sent)
				}
				all[i] = w.candidate(fmt.Sprint("life-", lives), all[i].rate, all[i].offset)
			},
			"": func(t *rapid.T) {
				n := 0
				for _, c := range all {
					if c.leads() {
						n++
					}
				}
				require.LessOrEqual(t, n, 1, "they lead at once")
			},
		})
	})
}

// Goal: the condition on the clocks is needed. Method: a holder whose clock goes at half the rate of the other's.
func TestTwoLeadWhereClocksDiffer(t *testing.T) {
	w := newWorld()
	a, b := w.candidate("a", 500, 0), w.candidate("b", 1000, 0)
	a.settle()
	b.settle()
	w.now += 15 * time.Second
	b.settle()
	require.True(t, a.leads())
	require.True(t, b.leads())
}
