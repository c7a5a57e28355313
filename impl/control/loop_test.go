package control_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/trace"
)

// Goal: each promise of the package comment by itself. Method: a component whose plans the test writes, and a loop driven by
// hand.

type toy struct {
	sources []control.Source
	plan    func(v *control.View, now time.Time, key control.Key) control.Plan
	worked  []string
	keys    []string
}

func (c *toy) Name() string              { return "toy" }
func (c *toy) Sources() []control.Source { return c.sources }
func (c *toy) Keys(_ *control.View, source string, old, new metav1.Object, add func(control.Key)) {
	say := func(o metav1.Object) string {
		if o == nil {
			return "-"
		}
		return o.GetName() + "@" + o.GetResourceVersion()
	}
	c.keys = append(c.keys, source+" "+say(old)+" "+say(new))
	for _, o := range []metav1.Object{old, new} {
		if o != nil {
			add(control.Key(o.GetName()))
		}
	}
}
func (c *toy) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	c.worked = append(c.worked, string(key))
	if c.plan == nil {
		return control.Plan{}
	}
	return c.plan(v, now, key)
}

var (
	podsResource, _ = api.ByName("pods")
	podsOnly        = []control.Source{{Name: "pods", Resource: podsResource, Indexes: []control.Index{control.ByNode}}}
)

func toyLoop(c *toy) *control.Loop {
	if c.sources == nil {
		c.sources = podsOnly
	}
	return control.New(control.Config{Component: c, ID: "t", BackoffBase: time.Second, BackoffMax: 4 * time.Second, InFlight: 2})
}

func pod(name string, rv int) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "d", Name: name, UID: types.UID(name), ResourceVersion: fmt.Sprint(rv)}}
}

func list(t *testing.T, l *control.Loop, rv int64, pods ...*corev1.Pod) {
	t.Helper()
	var objects []metav1.Object
	for _, p := range pods {
		objects = append(objects, p)
	}
	require.NoError(t, l.ObserveList("pods", rv, objects))
}

func event(kind watch.EventType, p *corev1.Pod) api.WatchEvent {
	return api.WatchEvent{Type: kind, Object: p}
}

// label is the write that gives a pod a label.
func label(p *corev1.Pod, value string) control.Effect {
	q := p.DeepCopy()
	q.Labels = map[string]string{"l": value}
	return control.Effect{Request: &api.Request{Verb: api.Update, Resource: podsResource, Namespace: "d", Name: p.Name, Object: q}, Expect: q}
}

// all works and takes effects until there is nothing more now.
func all(l *control.Loop, now time.Time) (effects []control.Effect) {
	for worked := true; worked; {
		worked = l.Work(now)
		for e, ok := l.Next(now); ok; e, ok = l.Next(now) {
			effects = append(effects, e)
		}
	}
	return effects
}

// once is a plan for the first time only.
func once(plan control.Plan) func(*control.View, time.Time, control.Key) control.Plan {
	done := false
	return func(*control.View, time.Time, control.Key) control.Plan {
		if done {
			return control.Plan{}
		}
		done = true
		return plan
	}
}

var unknown = control.Answer{Outcome: trace.Unknown, Err: errors.New("timeout")}

func failed(err error) control.Answer { return control.Answer{Outcome: trace.Failed, Err: err} }

func ok(obj metav1.Object) control.Answer { return control.Answer{Outcome: trace.OK, Object: obj} }

func TestNothingBeforeEverySourceIsListed(t *testing.T) {
	nodes, _ := api.ByName("nodes")
	c := &toy{sources: append([]control.Source{{Name: "nodes", Resource: nodes}}, podsOnly...)}
	l := toyLoop(c)
	list(t, l, 5, pod("a", 3))
	require.NoError(t, l.Observe("pods", event(watch.Added, pod("b", 6))))
	require.Empty(t, all(l, start))
	require.Empty(t, c.worked)
	require.Empty(t, c.keys, "no key either, since Keys may look at any source")
	require.Equal(t, "the first list of nodes", l.Wants()[0].Why)
	require.NoError(t, l.ObserveList("nodes", 9, nil))
	all(l, start)
	require.Equal(t, []string{"a", "b"}, c.worked)
}

// What waits for no late source is decided without it, and everything anew when it has come.
func TestLateSource(t *testing.T) {
	nodes, _ := api.ByName("nodes")
	var complete []bool
	c := &toy{sources: append([]control.Source{{Name: "nodes", Resource: nodes, Late: true}}, podsOnly...), plan: func(v *control.View, _ time.Time, _ control.Key) control.Plan {
		complete = append(complete, v.Complete())
		return control.Plan{}
	}}
	var steps lines
	l := control.New(control.Config{Component: c, ID: "t", Trace: &steps})
	list(t, l, 5, pod("a", 3))
	require.NoError(t, l.Observe("pods", event(watch.Added, pod("b", 6))))
	all(l, start)
	require.Equal(t, []string{"a", "b"}, c.worked)
	require.Equal(t, []bool{false, false}, complete)
	require.Equal(t, map[string]int64{"pods": 6}, steps[0].Step.View, "what was not listed shows nothing")
	require.Equal(t, "the first list of nodes", l.Wants()[0].Why)
	require.NoError(t, l.ObserveList("nodes", 9, nil))
	all(l, start)
	require.Equal(t, []string{"a", "b", "a", "b"}, c.worked)
	require.Equal(t, []bool{false, false, true, true}, complete)
	require.Empty(t, l.Wants())
}

func TestWhatGoesBackIsRefused(t *testing.T) {
	c := &toy{}
	l := toyLoop(c)
	list(t, l, 5, pod("a", 3))
	require.NoError(t, l.Observe("pods", event(watch.Modified, pod("a", 8))))
	require.ErrorContains(t, l.ObserveList("pods", 7, nil), "refused a list at resourceVersion 7, 8 has been seen")
	require.ErrorContains(t, l.ObserveList("pods", 9, []metav1.Object{pod("a", 10)}), `holds d/a at "10"`)
	require.ErrorContains(t, l.Observe("pods", event(watch.Modified, pod("a", 8))), "refused a MODIFIED event")
	require.ErrorContains(t, l.Observe("pods", event(watch.Bookmark, pod("", 7))), "refused a BOOKMARK event")
	require.ErrorContains(t, l.Observe("pods", api.WatchEvent{Type: watch.Added, Object: &metav1.Status{}}), "no object")
	require.ErrorContains(t, l.Observe("pods", api.WatchEvent{Type: "EATEN", Object: pod("a", 9)}), `an event of type "EATEN"`)
	unversioned := pod("a", 9)
	unversioned.ResourceVersion = "x"
	require.ErrorContains(t, l.Observe("pods", event(watch.Modified, unversioned)), "a MODIFIED event: invalid resource version")
	require.ErrorContains(t, l.ObserveList("pods", 9, []metav1.Object{unversioned}), `holds d/a at "x"`)
	require.NoError(t, l.Observe("pods", event(watch.Bookmark, pod("", 8))))
	all(l, start)
	require.Equal(t, []string{"pods - a@3", "pods a@3 a@8"}, c.keys, "what was refused changed nothing")
}

func TestMisuse(t *testing.T) {
	effect := func(e control.Effect) func(*control.Loop) {
		return func(l *control.Loop) {
			l.Component().(*toy).plan = once(control.Plan{Batches: [][]control.Effect{{e}}})
			l.Work(start)
		}
	}
	read := func(look func(*control.View)) func(*control.Loop) {
		return func(l *control.Loop) {
			l.Component().(*toy).plan = func(v *control.View, _ time.Time, _ control.Key) control.Plan { look(v); return control.Plan{} }
			l.Work(start)
		}
	}
	unknown := label(pod("a", 3), "x")
	unknown.Source = "nodes"
	for want, do := range map[string]func(*control.Loop){
		`toy: an answer to "t/9", which is not in flight`: func(l *control.Loop) { l.Done(start, "t/9", ok(nil)) },
		`toy: there is no source "nodes"`:                 effect(unknown),
		`there is no source "nodes"`:                      read(func(v *control.View) { v.All("nodes") }),
		`source pods has no index owner`:                  read(func(v *control.View) { v.Select("pods", control.ByOwner.Name, "") }),
		`pods: d/a goes back from resourceVersion 3 to 2`: func(l *control.Loop) { _ = l.ObserveList("pods", 6, []metav1.Object{pod("a", 2)}) },
	} {
		l := toyLoop(&toy{})
		list(t, l, 5, pod("a", 3))
		require.PanicsWithValue(t, "control: "+want, func() { do(l) })
	}
	l := toyLoop(&toy{})
	require.PanicsWithValue(t, "control: pods: an event before the list, or of a local source, which is fed by lists",
		func() { _ = l.Observe("pods", event(watch.Added, pod("a", 3))) })
}

func TestAViewIsInOrder(t *testing.T) {
	elsewhere := pod("a", 4)
	elsewhere.Namespace, elsewhere.UID = "c", "another"
	twice := control.Index{Name: "twice", Values: func(obj metav1.Object, add func(string)) {
		add(obj.GetLabels()["l"])
		add(obj.GetLabels()["l"])
	}}
	c := &toy{sources: []control.Source{{Name: "pods", Resource: podsResource, Indexes: []control.Index{twice}}}}
	var seen []string
	c.plan = func(v *control.View, _ time.Time, _ control.Key) control.Plan {
		seen = nil
		for _, objects := range []control.Objects{v.All("pods"), v.Select("pods", "twice", ""), v.Select("pods", "twice", "x")} {
			s := ""
			for obj := range objects.Each {
				s += " " + obj.GetNamespace() + "/" + obj.GetName()
			}
			seen = append(seen, s)
		}
		return control.Plan{}
	}
	l := toyLoop(c)
	list(t, l, 5, pod("b", 5), pod("a", 3), elsewhere)
	all(l, start)
	require.Equal(t, []string{" c/a d/a d/b", " c/a d/a d/b", ""}, seen, "a value that is given twice counts once")
	changed := pod("a", 6)
	changed.Labels = map[string]string{"l": "x"}
	require.NoError(t, l.Observe("pods", event(watch.Modified, changed)))
	all(l, start)
	require.Equal(t, []string{" c/a d/a d/b", " c/a d/b", " d/a"}, seen)
}

// Names of deleted objects are remembered, the latest ones, however many there were.
func TestNamesAreForgottenAtLast(t *testing.T) {
	c := &toy{sources: []control.Source{{Name: "pods", Resource: podsResource}}}
	l := toyLoop(c)
	objects := make([]metav1.Object, control.MaxRemembered+1)
	for i := range objects {
		objects[i] = &metav1.ObjectMeta{Namespace: "d", Name: fmt.Sprintf("p%05d", i), UID: types.UID(fmt.Sprint(i)), ResourceVersion: "1"}
	}
	require.NoError(t, l.ObserveList("pods", 1, objects))
	require.NoError(t, l.ObserveList("pods", 2, nil))
	var used []bool
	c.plan = func(v *control.View, _ time.Time, _ control.Key) control.Plan {
		used = []bool{v.Used("pods", "d", "p00000"), v.Used("pods", "d", "p00001"), v.Used("pods", "d", objects[control.MaxRemembered].GetName())}
		return control.Plan{}
	}
	l.Work(start)
	require.Equal(t, []bool{false, true, true}, used)
}

func TestAListDeletesWhatItDoesNotHold(t *testing.T) {
	c := &toy{}
	l := toyLoop(c)
	list(t, l, 5, pod("a", 3), pod("b", 4), pod("c", 5))
	again := pod("b", 7)
	again.UID = "another"
	list(t, l, 8, pod("a", 3), again)
	require.Equal(t, []string{"pods b@4 -", "pods - b@7", "pods c@5 -"}, c.keys[3:], "another UID is another object")
}

func TestBatchesBackoffAndItsEnd(t *testing.T) {
	a := pod("a", 3)
	answers := func(n int) control.Answer {
		if n < 4 {
			return failed(apierrors.NewForbidden(podsResource.GR(), "a", errors.New("no")))
		}
		return ok(nil)
	}
	c := &toy{plan: func(v *control.View, now time.Time, _ control.Key) control.Plan {
		get := control.Effect{Request: &api.Request{Verb: api.Create, Resource: podsResource, Namespace: "d", Name: "n"}}
		return control.Plan{Batches: [][]control.Effect{{get}, {get, get}}, Wants: "more", Again: now.Add(time.Hour)}
	}}
	l := toyLoop(c)
	list(t, l, 5, a)
	now, delays := start, []time.Duration{}
	for n := range 4 {
		effects := all(l, now)
		require.Len(t, effects, 1, "the second batch waits for the first")
		l.Done(now, effects[0].ID, answers(n))
		due, _ := l.Due()
		delays = append(delays, due.Sub(now))
		require.Contains(t, l.Wants()[0].Why, "to try again after create pods d/n")
		now = due
	}
	require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 4 * time.Second}, delays)
	effects := all(l, now)
	l.Done(now, effects[0].ID, answers(4))
	effects = all(l, now)
	require.Len(t, effects, 2)
	require.Equal(t, "the answers to 2 effects", l.Wants()[0].Why)
	l.Done(now, effects[1].ID, ok(nil))
	l.Done(now, effects[0].ID, ok(nil))
	due, _ := l.Due()
	require.Equal(t, time.Hour, due.Sub(now), "all OK: the plan's Again counts")
	require.Equal(t, "more", l.Wants()[0].Why)
}

// Goal: keys whose writes fail do not wake each other. Each failure drops a prediction, which is a change of the View that concerns
// the other; only what a source shows is news for a key that has to wait. Method: two keys that each write the pod of the other, in
// vain, at one and the same time; then one pod changes.
func TestFailuresDoNotWakeEachOther(t *testing.T) {
	c := &toy{sources: podsOnly}
	c.plan = func(v *control.View, _ time.Time, key control.Key) control.Plan {
		other := map[control.Key]string{"a": "b", "b": "a"}[key]
		old := v.Get("pods", "d", other).(*corev1.Pod)
		changed := old.DeepCopy()
		changed.Spec.NodeName = "n"
		return control.Plan{Batches: [][]control.Effect{{{
			Request: &api.Request{Verb: api.Update, Resource: podsResource, Namespace: "d", Name: other, Object: changed}, Expect: changed,
		}}}}
	}
	l := toyLoop(c)
	list(t, l, 2, pod("a", 1), pod("b", 2))
	fail := func(at time.Time) {
		for range 10 {
			for l.Work(at) {
			}
			for e, ok := l.Next(at); ok; e, ok = l.Next(at) {
				l.Done(at, e.ID, control.Answer{Outcome: trace.Failed, Err: errors.New("refused")})
			}
		}
	}
	fail(start)
	require.LessOrEqual(t, len(c.worked), 3, "%v", c.worked)
	first := len(c.worked)
	require.NoError(t, l.Observe("pods", event(watch.Modified, pod("a", 3))))
	fail(start)
	require.Equal(t, "a", c.worked[first], "news wakes a key at once")
	again := len(c.worked)
	require.LessOrEqual(t, again, first+2)
	fail(start.Add(time.Minute))
	require.Greater(t, len(c.worked), again+1, "and time wakes them all")
}

func TestInFlightIsBoundedAndBestEffortHoldsNobodyUp(t *testing.T) {
	event := control.Effect{Request: &api.Request{Verb: api.Create, Resource: podsResource, Namespace: "d", Name: "e"}, BestEffort: true}
	c := &toy{plan: func(*control.View, time.Time, control.Key) control.Plan {
		return control.Plan{Batches: [][]control.Effect{{event}}}
	}}
	l := toyLoop(c)
	list(t, l, 5, pod("a", 3), pod("b", 4), pod("c", 5))
	effects := all(l, start)
	require.Len(t, effects, 2)
	require.Equal(t, []string{"a", "b", "c"}, c.worked)
	require.Empty(t, l.Wants(), "nobody waits for them")
	require.False(t, l.Ready(start), "the third has to wait for an answer")
	l.Done(start, effects[0].ID, unknown)
	require.True(t, l.Ready(start))
	require.Len(t, all(l, start), 1)
}

// Goal: what is best effort gives way: while something else waits, no more than an eighth of what may be in flight is best effort; where nothing else
// waits it may be all. Method: keys that want two Events each, and then one thing that matters.
func TestBestEffortGivesWay(t *testing.T) {
	const inFlight = 16
	event := control.Effect{Request: &api.Request{Verb: api.Create, Resource: podsResource, Namespace: "d", Name: "e"}, BestEffort: true}
	c := &toy{sources: podsOnly, plan: func(_ *control.View, _ time.Time, key control.Key) control.Plan {
		matters := control.Effect{Request: &api.Request{Verb: api.Get, Resource: podsResource, Namespace: "d", Name: string(key)}}
		return control.Plan{Batches: [][]control.Effect{{event, event}, {matters}}}
	}}
	l := control.New(control.Config{Component: c, ID: "t", InFlight: inFlight})
	var pods []*corev1.Pod
	for i := range 20 {
		pods = append(pods, pod(fmt.Sprintf("p%02d", i), i+1))
	}
	list(t, l, 50, pods...)
	for l.Work(start) {
	}
	bestEffort := 0
	for range inFlight {
		e, ok := l.Next(start)
		require.True(t, ok)
		if e.BestEffort {
			bestEffort++
		}
	}
	require.Equal(t, inFlight/8, bestEffort)

	c.plan = func(*control.View, time.Time, control.Key) control.Plan {
		return control.Plan{Batches: [][]control.Effect{{event}}}
	}
	l = control.New(control.Config{Component: c, ID: "t", InFlight: inFlight})
	list(t, l, 50, pods...)
	require.Len(t, all(l, start), inFlight)
}

func TestAKeyIsNeverWorkedTwiceAtOnce(t *testing.T) {
	a := pod("a", 3)
	c := &toy{plan: once(control.Plan{Batches: [][]control.Effect{{label(a, "x")}}})}
	l := toyLoop(c)
	list(t, l, 5, a)
	effects := all(l, start)
	require.NoError(t, l.Observe("pods", event(watch.Modified, pod("a", 6))))
	require.Empty(t, all(l, start))
	require.Equal(t, []string{"a"}, c.worked)
	l.Done(start, effects[0].ID, failed(apierrors.NewConflict(podsResource.GR(), "a", errors.New("changed"))))
	all(l, start)
	require.Equal(t, []string{"a", "a"}, c.worked, "what changed meanwhile is looked at at once, in spite of the failure")
}

// shown is what the View shows of pod a's label, and how certain it is.
func shown(c *toy, l *control.Loop) string {
	s := ""
	plan := c.plan
	c.plan = func(v *control.View, _ time.Time, _ control.Key) control.Plan {
		if obj := v.Get("pods", "d", "a"); obj != nil {
			s = obj.GetLabels()["l"] + "@" + obj.GetResourceVersion()
		} else {
			s = "none"
		}
		if v.Doubtful("pods", "d", "a") {
			s += "?"
		}
		return control.Plan{}
	}
	peek(l)
	c.plan = plan
	return s
}

var peeked int

// peek has the key z reconciled.
func peek(l *control.Loop) {
	peeked++
	rv := 1000 + peeked
	if err := l.Observe("zs", api.WatchEvent{Type: watch.Modified, Object: pod("z", rv)}); err != nil {
		panic(err)
	}
	for l.Work(start) {
	}
}

func ledgerLoop(t *testing.T, plan control.Plan) (*toy, *control.Loop) {
	c := &toy{plan: once(plan), sources: append([]control.Source{{Name: "zs", Resource: podsResource, Namespace: "z"}}, podsOnly...)}
	for _, batch := range plan.Batches {
		for i := range batch {
			batch[i].Source = "pods"
		}
	}
	l := toyLoop(c)
	require.NoError(t, l.ObserveList("zs", 1, nil))
	list(t, l, 5, pod("a", 3))
	return c, l
}

func TestLedger(t *testing.T) {
	a := pod("a", 3)
	write := control.Plan{Batches: [][]control.Effect{{label(a, "x")}}}
	answered := pod("a", 7)
	answered.Labels = map[string]string{"l": "x"}

	t.Run("in flight, then OK, until the source has reached it", func(t *testing.T) {
		c, l := ledgerLoop(t, write)
		e := all(l, start)[0]
		require.Equal(t, "x@3", shown(c, l))
		l.Done(start, e.ID, ok(answered))
		require.Equal(t, "x@7", shown(c, l))
		require.NoError(t, l.Observe("pods", event(watch.Added, pod("b", 6))))
		require.Equal(t, "x@7", shown(c, l))
		require.NoError(t, l.Observe("pods", event(watch.Bookmark, pod("", 7))))
		require.Equal(t, "@3", shown(c, l), "a source that has reached it is believed")
	})
	t.Run("failed", func(t *testing.T) {
		c, l := ledgerLoop(t, write)
		l.Done(start, all(l, start)[0].ID, failed(api.ErrNotSent))
		require.Equal(t, "@3", shown(c, l))
	})
	t.Run("unknown, and the cache shows that it can no longer happen", func(t *testing.T) {
		c, l := ledgerLoop(t, write)
		l.Done(start, all(l, start)[0].ID, unknown)
		require.Equal(t, "x@3?", shown(c, l))
		require.NoError(t, l.Observe("pods", event(watch.Modified, pod("a", 8))))
		require.Equal(t, "@8", shown(c, l))
	})
	t.Run("unknown, and repeated with success", func(t *testing.T) {
		c, l := ledgerLoop(t, write)
		first := all(l, start)[0]
		l.Done(start, first.ID, unknown)
		require.Empty(t, all(l, start), "not at once")
		again := all(l, start.Add(time.Second))[0]
		require.NotEqual(t, first.ID, again.ID, "it is another effect")
		require.Equal(t, first.Request, again.Request)
		l.Done(start, again.ID, ok(answered))
		require.Equal(t, "x@7", shown(c, l))
	})
	t.Run("unknown, repeated with conflict, and read", func(t *testing.T) {
		c, l := ledgerLoop(t, write)
		l.Done(start, all(l, start)[0].ID, unknown)
		now := start.Add(time.Second)
		l.Done(now, all(l, now)[0].ID, failed(apierrors.NewConflict(podsResource.GR(), "a", errors.New("changed"))))
		require.Equal(t, "x@3?", shown(c, l))
		now = now.Add(time.Minute)
		read := all(l, now)[0]
		require.Equal(t, api.Get, read.Request.Verb)
		l.Done(now, read.ID, ok(answered))
		require.Equal(t, "x@7", shown(c, l), "what was read is shown until the source has reached it")
	})
	t.Run("unknown, repeated with conflict, and read unchanged", func(t *testing.T) {
		c, l := ledgerLoop(t, write)
		l.Done(start, all(l, start)[0].ID, unknown)
		now := start.Add(time.Second)
		l.Done(now, all(l, now)[0].ID, failed(apierrors.NewConflict(podsResource.GR(), "a", errors.New("it is not what it has to be"))))
		now = now.Add(time.Minute)
		l.Done(now, all(l, now)[0].ID, ok(a))
		require.Equal(t, "@3", shown(c, l), "the repeat was refused, and the first has not happened")
		require.Empty(t, l.Wants())
	})
	t.Run("unknown, and the repeat refused for what it is", func(t *testing.T) {
		c, l := ledgerLoop(t, write)
		l.Done(start, all(l, start)[0].ID, unknown)
		now := start.Add(time.Second)
		l.Done(now, all(l, now)[0].ID, failed(apierrors.NewForbidden(podsResource.GR(), "a", errors.New("no"))))
		require.Equal(t, "x@3?", shown(c, l), "that may be a newer policy than that which the first met")
		now = now.Add(time.Minute)
		l.Done(now, all(l, now)[0].ID, ok(a))
		require.Equal(t, "@3", shown(c, l))
	})
	t.Run("unknown, done, and the repeat refused for what it is", func(t *testing.T) {
		c, l := ledgerLoop(t, write)
		l.Done(start, all(l, start)[0].ID, unknown)
		now := start.Add(time.Second)
		l.Done(now, all(l, now)[0].ID, failed(apierrors.NewForbidden(podsResource.GR(), "a", errors.New("no"))))
		now = now.Add(time.Minute)
		l.Done(now, all(l, now)[0].ID, ok(pod("a", 7)))
		require.Equal(t, "@7", shown(c, l))
	})
	t.Run("unknown, and the repeat not sent", func(t *testing.T) {
		c, l := ledgerLoop(t, write)
		l.Done(start, all(l, start)[0].ID, unknown)
		now := start.Add(time.Second)
		l.Done(now, all(l, now)[0].ID, failed(api.ErrNotSent))
		require.Equal(t, "x@3?", shown(c, l), "that says nothing about the first")
	})
	t.Run("a patch requires the resourceVersion that it has", func(t *testing.T) {
		e := label(a, "x")
		e.Request = &api.Request{Verb: api.Patch, Resource: podsResource, Namespace: "d", Name: "a", Patch: []byte(`{"metadata":{"resourceVersion":"3","labels":{"l":"x"}}}`)}
		c, l := ledgerLoop(t, control.Plan{Batches: [][]control.Effect{{e}}})
		l.Done(start, all(l, start)[0].ID, unknown)
		require.Equal(t, "x@3?", shown(c, l))
		require.NoError(t, l.Observe("pods", event(watch.Modified, pod("a", 8))))
		require.Equal(t, "@8", shown(c, l))
	})
	t.Run("a delete by UID alone, until the object is being deleted", func(t *testing.T) {
		going := label(a, "going").Expect
		e := control.Effect{Expect: going, Request: &api.Request{Verb: api.Delete, Resource: podsResource, Namespace: "d", Name: "a",
			Delete: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &a.UID}}}}
		c, l := ledgerLoop(t, control.Plan{Batches: [][]control.Effect{{e}}})
		all(l, start)
		require.NoError(t, l.Observe("pods", event(watch.Modified, pod("a", 6))))
		require.Equal(t, "going@3", shown(c, l), "a change tells nothing: no resourceVersion was required")
		deleted := pod("a", 7)
		deleted.DeletionTimestamp = &metav1.Time{Time: start}
		require.NoError(t, l.Observe("pods", event(watch.Modified, deleted)))
		require.Equal(t, "@7", shown(c, l))
	})
	t.Run("what no source shows is not kept", func(t *testing.T) {
		configMaps, _ := api.ByName("configmaps")
		obj := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "d", Name: "a"}}
		c := &toy{plan: once(control.Plan{Batches: [][]control.Effect{{{
			Request: &api.Request{Verb: api.Create, Resource: configMaps, Namespace: "d", Name: "a", Object: obj}, Expect: obj,
		}}}})}
		l := toyLoop(c)
		list(t, l, 5, pod("a", 3))
		l.Done(start, all(l, start)[0].ID, unknown)
		require.Equal(t, []control.Want{{Component: "toy", Key: "a", Why: "to try again after create configmaps d/a: timeout"}}, l.Wants(), "nobody asks what became of it")
	})
	t.Run("a write to an object in doubt is not sent", func(t *testing.T) {
		c, l := ledgerLoop(t, write)
		l.Done(start, all(l, start)[0].ID, unknown)
		c.plan = func(v *control.View, _ time.Time, _ control.Key) control.Plan {
			e := label(v.Get("pods", "d", "a").(*corev1.Pod), "y")
			e.Source = "pods"
			return control.Plan{Batches: [][]control.Effect{{e}}}
		}
		peek(l)
		_, sent := l.Next(start)
		require.False(t, sent)
		require.Contains(t, fmt.Sprint(l.Wants()), "still open")
	})
	t.Run("a create in doubt is read, and made again if it is not there", func(t *testing.T) {
		created := pod("new", 0)
		created.UID, created.ResourceVersion = "", ""
		create := control.Plan{Batches: [][]control.Effect{{{Request: &api.Request{Verb: api.Create, Resource: podsResource, Namespace: "d", Name: "new", Object: created}, Expect: created}}}}
		c, l := ledgerLoop(t, create)
		l.Done(start, all(l, start)[0].ID, unknown)
		now := start.Add(time.Second)
		read := all(l, now)[0]
		require.Equal(t, api.Get, read.Request.Verb)
		l.Done(now, read.ID, failed(apierrors.NewNotFound(podsResource.GR(), "new")))
		c.worked = nil
		all(l, now)
		require.Equal(t, []string{"new"}, c.worked, "the component decides again")
	})
}

// Goal: who waits to learn whether an object is gone is told when it is, though what is shown does not change. Method: a deletion of unknown outcome,
// which the repeat resolves, or the watch.
func TestTheEndOfADoubtIsTold(t *testing.T) {
	for name, end := range map[string]func(l *control.Loop, now time.Time){
		"by the repeat": func(l *control.Loop, now time.Time) {
			e, sent := l.Next(now)
			require.True(t, sent)
			l.Done(now, e.ID, failed(apierrors.NewNotFound(podsResource.GR(), "p")))
			e, sent = l.Next(now.Add(time.Minute))
			require.True(t, sent, "the refusal says nothing, so it is read")
			l.Done(now, e.ID, failed(apierrors.NewNotFound(podsResource.GR(), "p")))
		},
		"by the watch": func(l *control.Loop, _ time.Time) {
			require.NoError(t, l.Observe("pods", event(watch.Deleted, pod("p", 9))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(0, 0)
			p := pod("p", 5)
			p.Spec.NodeName = "n"
			deleted := false
			var doubts []bool
			more := podsOnly[0]
			more.Name = "more"
			c := &toy{sources: []control.Source{podsOnly[0], more}}
			c.plan = func(v *control.View, _ time.Time, _ control.Key) control.Plan {
				if !deleted {
					deleted = true
					return control.Plan{Batches: [][]control.Effect{{{Gone: true, Request: &api.Request{Verb: api.Delete, Resource: podsResource, Namespace: "d", Name: "p",
						Delete: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.UID, ResourceVersion: &p.ResourceVersion}}}}}}}
				}
				require.Equal(t, v.Doubtful("pods", "d", "p"), v.AnyDoubtful("pods", control.ByNode.Name, "n"))
				require.False(t, v.AnyDoubtful("pods", control.ByNode.Name, "other"))
				require.False(t, v.AnyDoubtful("more", control.ByNode.Name, "n"), "it is not a write to that source")
				if doubts = append(doubts, v.Doubtful("pods", "d", "p")); doubts[len(doubts)-1] {
					return control.Plan{Wants: "to learn whether it is gone"}
				}
				return control.Plan{}
			}
			l := toyLoop(c)
			list(t, l, 5, p)
			require.NoError(t, l.ObserveList("more", 5, nil))
			for _, e := range all(l, now) {
				l.Done(now, e.ID, unknown)
			}
			later := now.Add(time.Minute)
			require.True(t, l.Work(later))
			require.Equal(t, []bool{true}, doubts)
			end(l, later)
			for l.Work(later) {
			}
			require.Equal(t, []bool{true, false}, doubts)
			require.Empty(t, l.Wants())
		})
	}
}

// nodes is a toy whose keys are nodes.
type nodes struct{ toy }

func (c *nodes) Keys(_ *control.View, _ string, old, new metav1.Object, add func(control.Key)) {
	for _, o := range []metav1.Object{old, new} {
		if o != nil {
			add(control.Key(o.(*corev1.Pod).Spec.NodeName))
		}
	}
}

// Goal: who waits to learn whether an object of its own is gone is told that it is another's now. Method: a deletion of unknown outcome that did not
// happen, as the object was moved before; the watch shows so, or the refused repeat and a read.
func TestTheEndOfADoubtIsToldToWhomTheObjectHasLeft(t *testing.T) {
	p, moved := pod("p", 5), pod("p", 9)
	p.Spec.NodeName, moved.Spec.NodeName = "from", "to"
	for name, end := range map[string]func(l *control.Loop, now time.Time){
		"by the watch": func(l *control.Loop, _ time.Time) {
			require.NoError(t, l.Observe("pods", event(watch.Modified, moved)))
		},
		"by a read": func(l *control.Loop, now time.Time) {
			e, sent := l.Next(now)
			require.True(t, sent)
			l.Done(now, e.ID, failed(apierrors.NewConflict(podsResource.GR(), "p", errors.New("it was changed"))))
			e, sent = l.Next(now.Add(time.Minute))
			require.True(t, sent)
			l.Done(now, e.ID, ok(moved))
			require.NoError(t, l.Observe("pods", event(watch.Modified, moved)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(0, 0)
			c, deleted := &nodes{toy{sources: podsOnly}}, false
			c.plan = func(v *control.View, _ time.Time, key control.Key) control.Plan {
				switch {
				case v.AnyDoubtful("pods", control.ByNode.Name, string(key)):
					return control.Plan{Wants: "to learn whether it is gone"}
				case !deleted:
					deleted = true
					return control.Plan{Batches: [][]control.Effect{{{Gone: true, Request: &api.Request{Verb: api.Delete, Resource: podsResource, Namespace: "d", Name: "p",
						Delete: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.UID, ResourceVersion: &p.ResourceVersion}}}}}}}
				}
				return control.Plan{}
			}
			l := control.New(control.Config{Component: c, ID: "t"})
			list(t, l, 5, p)
			for _, e := range all(l, now) {
				l.Done(now, e.ID, unknown)
			}
			later := now.Add(time.Minute)
			for l.Work(later) {
			}
			require.Equal(t, []string{"from", "from"}, c.worked)
			require.NotEmpty(t, l.Wants())
			c.worked = nil
			end(l, later)
			for l.Work(later) {
			}
			require.ElementsMatch(t, []string{"from", "to"}, c.worked)
			require.Empty(t, l.Wants())
		})
	}
}

// Goal: who waits to learn whether an object is gone is told so, though the source has shown nothing of it yet. Method: it is created, and deleted with an
// unknown outcome, before the source shows it; the repeat, or the watch, tells that it is gone.
func TestTheEndOfADoubtAboutWhatWasNeverShown(t *testing.T) {
	for name, end := range map[string]func(l *control.Loop, now time.Time){
		"by the repeat": func(l *control.Loop, now time.Time) {
			e, sent := l.Next(now)
			require.True(t, sent)
			l.Done(now, e.ID, ok(nil))
		},
		"by the watch": func(l *control.Loop, _ time.Time) {
			require.NoError(t, l.Observe("pods", event(watch.Added, pod("p", 7))))
			require.NoError(t, l.Observe("pods", event(watch.Deleted, pod("p", 9))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(0, 0)
			p, plans := pod("p", 7), 0
			c := &toy{plan: func(v *control.View, _ time.Time, _ control.Key) control.Plan {
				plans++
				switch {
				case v.Doubtful("pods", "d", "p"):
					return control.Plan{Wants: "to learn whether it is gone"}
				case plans == 1:
					made := p.DeepCopy()
					made.UID, made.ResourceVersion = "", ""
					return control.Plan{Batches: [][]control.Effect{{{Expect: made, Request: &api.Request{Verb: api.Create, Resource: podsResource, Namespace: "d", Name: "p", Object: made}}}}}
				case plans == 2:
					return control.Plan{Batches: [][]control.Effect{{{Gone: true, Request: &api.Request{Verb: api.Delete, Resource: podsResource, Namespace: "d", Name: "p",
						Delete: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.UID, ResourceVersion: &p.ResourceVersion}}}}}}}
				}
				return control.Plan{}
			}}
			l := toyLoop(c)
			list(t, l, 5, pod("p", 5))
			require.NoError(t, l.Observe("pods", event(watch.Deleted, pod("p", 6)))) // so that its key is worked, and nothing is shown
			for _, answer := range []control.Answer{ok(p), unknown} {
				effects := all(l, now)
				require.Len(t, effects, 1)
				l.Done(now, effects[0].ID, answer)
			}
			later := now.Add(time.Minute)
			for l.Work(later) {
			}
			require.NotEmpty(t, l.Wants())
			end(l, later)
			for l.Work(later) {
			}
			require.Empty(t, l.Wants())
		})
	}
}

// Goal: a create under way is not taken for refused because the cache shows one that had the name before, and has gone since. Method: that one comes
// and goes while the answer is awaited.
func TestACreateUnderWayOutlivesOneThatHadItsName(t *testing.T) {
	created := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "d", Name: "a", Labels: map[string]string{"l": "new"}}}
	c, l := ledgerLoop(t, control.Plan{Batches: [][]control.Effect{{{Request: &api.Request{Verb: api.Create, Resource: podsResource, Namespace: "d", Name: "a", Object: created}, Expect: created}}}})
	require.NoError(t, l.Observe("pods", event(watch.Deleted, pod("a", 6))))
	e := all(l, start)[0]
	for _, before := range []api.WatchEvent{event(watch.Added, pod("a", 7)), event(watch.Deleted, pod("a", 8))} {
		require.NoError(t, l.Observe("pods", before))
		require.Equal(t, "new@", shown(c, l))
	}
	answered := created.DeepCopy()
	answered.UID, answered.ResourceVersion = "another", "9"
	l.Done(start, e.ID, ok(answered))
	require.Equal(t, "new@9", shown(c, l))
	require.NoError(t, l.Observe("pods", event(watch.Bookmark, pod("", 9))))
	require.Equal(t, "none", shown(c, l))
}

func TestAPredictionNeedsAPrecondition(t *testing.T) {
	a := pod("a", 3)
	e := label(a, "x")
	e.Request.Object.(*corev1.Pod).ResourceVersion = ""
	l := toyLoop(&toy{plan: once(control.Plan{Batches: [][]control.Effect{{e}}})})
	list(t, l, 5, a)
	require.PanicsWithValue(t, "control: update of pods d/a carries a prediction but no precondition", func() { l.Work(start) })
}

func TestALiveReadIsSeenOnce(t *testing.T) {
	var seen []string
	asked := false
	c := &toy{plan: func(v *control.View, _ time.Time, _ control.Key) control.Plan {
		obj, read := v.Live("pods", "d", "b")
		seen = append(seen, fmt.Sprintf("%t %t", read, obj != nil))
		if asked {
			return control.Plan{}
		}
		asked = true
		return control.Plan{Batches: [][]control.Effect{{{Request: &api.Request{Verb: api.Get, Resource: podsResource, Namespace: "d", Name: "b"}}}}}
	}}
	l := toyLoop(c)
	list(t, l, 5, pod("a", 3))
	l.Done(start, all(l, start)[0].ID, failed(apierrors.NewNotFound(podsResource.GR(), "b")))
	all(l, start)
	require.NoError(t, l.Observe("pods", event(watch.Modified, pod("a", 6))))
	all(l, start)
	require.Equal(t, []string{"false false", "true false", "false false"}, seen, "that it is absent is an answer")
}

func TestALiveListIsSeenOnceAndWhole(t *testing.T) {
	configMaps, _ := api.ByName("configmaps") // no source of the component's
	found := &corev1.ConfigMapList{ListMeta: metav1.ListMeta{ResourceVersion: "7"}, Items: []corev1.ConfigMap{{ObjectMeta: metav1.ObjectMeta{Name: "c"}}}}
	page := found.DeepCopy()
	page.Continue = "more"
	for _, test := range []struct {
		name   string
		answer control.Answer
		seen   string
	}{
		{"it was listed", control.AnswerOf(api.Response{Object: found}, nil), "7 1"},
		{"there is nothing", control.AnswerOf(api.Response{Object: &corev1.ConfigMapList{ListMeta: metav1.ListMeta{ResourceVersion: "8"}}}, nil), "8 0"},
		{"a page is not all", control.AnswerOf(api.Response{Object: page}, nil), "none: the list is not whole"},
		{"it is not known of when it is", control.AnswerOf(api.Response{Object: &corev1.ConfigMapList{}}, nil), `none: the list is of resourceVersion ""`},
		{"it was refused", control.AnswerOf(api.Response{}, apierrors.NewServiceUnavailable("not ready")), "none: not ready"},
		{"nobody answered", unknown, "none: timeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var seen []string
			c := &toy{}
			c.plan = func(v *control.View, _ time.Time, _ control.Key) control.Plan {
				require.Nil(t, v.LiveList(podsResource, "d"), "nobody asked for it")
				require.Nil(t, v.LiveList(configMaps, "e"))
				say := "none"
				if l := v.LiveList(configMaps, "d"); l != nil {
					say = fmt.Sprint(l.ResourceVersion, len(l.Items))
				} else if _, err := v.Failure(); err != nil {
					say += ": " + err.Error()
				}
				seen = append(seen, say)
				if len(seen) > 1 {
					return control.Plan{}
				}
				return control.Plan{Batches: [][]control.Effect{{{Request: &api.Request{Verb: api.List, Resource: configMaps, Namespace: "d"}}}}}
			}
			l := toyLoop(c)
			list(t, l, 5, pod("a", 3))
			l.Done(start, all(l, start)[0].ID, test.answer)
			all(l, start.Add(time.Minute))
			require.NoError(t, l.Observe("pods", event(watch.Modified, pod("a", 6))))
			all(l, start.Add(time.Minute))
			require.Len(t, seen, 3)
			require.Equal(t, "none", seen[0])
			require.Contains(t, seen[1], test.seen)
			require.Equal(t, "none", seen[2])
		})
	}
}

func TestALiveListIsOfTheLatestOfAll(t *testing.T) {
	for _, r := range []api.Request{{ResourceVersion: "0"}, {Limit: 1}, {Continue: "c"}, {Labels: "a=b"}, {Fields: "metadata.name=a"}, {Match: metav1.ResourceVersionMatchExact}} {
		r.Verb, r.Resource = api.List, podsResource
		l := toyLoop(&toy{plan: once(control.Plan{Batches: [][]control.Effect{{{Request: &r}}}})})
		list(t, l, 5, pod("a", 3))
		require.PanicsWithValue(t, "control: toy: a live list shows the latest of everything: no resourceVersion, no selector, no pages", func() { l.Work(start) })
	}
}

func TestALiveListInTheTrace(t *testing.T) {
	var said lines
	c := &toy{sources: podsOnly, plan: once(control.Plan{Batches: [][]control.Effect{{{Request: &api.Request{Verb: api.List, Resource: podsResource, Namespace: "d"}}}}})}
	l := control.New(control.Config{Component: c, ID: "t", Trace: &said})
	list(t, l, 5, pod("a", 3))
	l.Work(start)
	require.Equal(t, []trace.Effect{{Call: "t/1", Verb: "list", Object: trace.Ref{Resource: "pods", Namespace: "d"}}}, said[0].Step.Plan)
	e, _ := l.Next(start)
	l.Done(start, e.ID, failed(apierrors.NewServiceUnavailable("not ready")))
	require.Equal(t, "to try again after list pods d: not ready", l.Wants()[0].Why)
}

func TestALocalSourceIsReachedByCounting(t *testing.T) {
	container := func(state string) metav1.Object {
		return &metav1.ObjectMeta{Name: "c", Labels: map[string]string{"state": state}}
	}
	var states []string
	c := &toy{sources: []control.Source{{Name: "runtime"}}}
	begun := false
	c.plan = func(v *control.View, _ time.Time, _ control.Key) control.Plan {
		states = append(states, v.Get("runtime", "", "c").GetLabels()["state"])
		if begun {
			return control.Plan{}
		}
		begun = true
		return control.Plan{Batches: [][]control.Effect{{{Other: "start", Expect: container("running"), Source: "runtime"}}}}
	}
	l := toyLoop(c)
	require.NoError(t, l.ObserveList("runtime", 1, []metav1.Object{container("created")}))
	e := all(l, start)[0]
	require.NoError(t, l.ObserveList("runtime", 2, []metav1.Object{container("created")}), "while it is in flight: says nothing")
	l.Done(start, e.ID, control.Answer{Outcome: trace.Unknown, Err: errors.New("late"), Reached: 4})
	all(l, start.Add(time.Second))
	require.NoError(t, l.ObserveList("runtime", 3, []metav1.Object{container("created")}), "begun before the answer: says nothing")
	all(l, start.Add(time.Second))
	require.NoError(t, l.ObserveList("runtime", 4, []metav1.Object{container("created")}))
	all(l, start.Add(time.Second))
	require.Equal(t, "created running created", strings.Join(states, " "))
	require.Error(t, l.ObserveList("runtime", 4, nil))
}

type lines []trace.Line

func (s *lines) Emit(l trace.Line) { *s = append(*s, l) }

func TestAStepNamesItsViewItsOwnWritesAndItsCalls(t *testing.T) {
	a, b := pod("a", 3), pod("b", 4)
	var said lines
	c := &toy{sources: podsOnly, plan: func(v *control.View, _ time.Time, key control.Key) control.Plan {
		return control.Plan{Batches: [][]control.Effect{{label(v.Get("pods", "d", string(key)).(*corev1.Pod), "x")}}, Why: "so"}
	}}
	l := control.New(control.Config{Component: c, ID: "t", Trace: &said})
	list(t, l, 5, a, b)
	l.Work(start)
	l.Work(start)
	require.Equal(t, &trace.Step{
		Component: "toy", Key: "b", View: map[string]int64{"pods": 5},
		Own:  []trace.Ref{{Resource: "pods", Namespace: "d", Name: "a", UID: "a"}},
		Plan: []trace.Effect{{Call: "t/2", Verb: "update", Object: trace.Ref{Resource: "pods", Namespace: "d", Name: "b", UID: "b"}, ResourceVersion: "4"}},
		Why:  "so",
	}, said[1].Step)
}
