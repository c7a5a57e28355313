package control

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"orrery/impl/api"
	"orrery/impl/trace"
)

// Component is ring 1 of a component: what it observes, what an observation concerns, and what it decides. None of
// its methods may block, read a clock, draw a random number or modify an object it is given.
type Component interface {
	Name() string
	// Sources are what the component observes. It decides nothing before all of them have been listed once, but for those that are [Source.Late].
	Sources() []Source
	// Keys adds the keys that a change of one object concerns. It is called whenever what the View shows of an object
	// changes: observed, written by the component itself, or a write found not to have happened. old is nil for a new
	// object and new for one that is gone; where a name passes to another UID there are two calls.
	Keys(v *View, source string, old, new metav1.Object, add func(Key))
	// Reconcile decides what to do now for one key. The effects of the plan before are all answered by then.
	Reconcile(v *View, now time.Time, key Key) Plan
}

// Ranked is implemented by a component whose keys are not equal: of the keys that are due, the lowest Rank is worked
// first, and among equals the one that has waited longest. The rank is taken when the key becomes due.
type Ranked interface {
	Rank(v *View, key Key) Rank
}

// Rank orders keys, the lower first; Major counts more.
type Rank struct{ Major, Minor int64 }

// Key names one thing that is reconciled; its text is the component's own choice, often "namespace/name".
type Key string

// Source is one input of a component.
type Source struct {
	// Name names the source in the View; unique in the component.
	Name string
	// Resource, and the restrictions of its list and watch. Nil: the source is not the API but local, and is fed by
	// whole lists only, numbered by their maker (the kubelet's relisted runtime).
	Resource  *api.Resource
	Namespace string
	Labels    string
	Fields    string
	// Late: what can be decided without it does not wait until it has been listed. [View.Complete] tells whether all sources were; when they
	// have been, Keys is called anew for every object.
	Late bool
	// Indexes name the objects of the source by something else than their name; see [ByOwner] and [ByNode].
	Indexes []Index
}

// Index gives the values under which [View.Select] finds an object.
type Index struct {
	Name   string
	Values func(obj metav1.Object, add func(value string))
}

// Plan is what a component wants done now. The effects of one batch may be performed concurrently; the next batch
// follows only if every effect of the one before was OK. Slow start is batches of 1, 2, 4, ...
type Plan struct {
	Batches [][]Effect
	// Again: reconcile this key again at that time even if nothing changes. Zero: no need.
	Again time.Time
	// Wants says in words what the component waits for; empty: the key is as desired.
	Wants string
	// Why is the decision in plain words, for the trace.
	Why string
}

// Effect is one request to the outside. It is sent at most once.
type Effect struct {
	// Request is an API request; a Get is a live read, whose answer the next Reconcile of the key finds in
	// [View.Live], and a List one of all objects that a resource has in a namespace, or in all, for [View.LiveList]. Nil: Other
	// says what is to be done, in the component's own terms (a CRI call, a rule set).
	Request *api.Request
	Other   any

	// Expect is the object as it will be if the effect is done, and Source the source whose cache will show it
	// (empty: the first one of Request's resource). The View shows it in place of the cached object until the cache has
	// caught up. Nil: nothing is predicted, or, with Gone, that the object will be absent. A write of a preconditioned
	// kind (all but create) must carry the resourceVersion it requires.
	Expect metav1.Object
	Gone   bool
	Source string

	// BestEffort: its outcome matters to nobody (a corev1.Event); no batch and no key waits for it.
	BestEffort bool
	// Why is one reason in plain words, for the trace.
	Why string

	// ID is given by the loop: unique in the trace, the ID of the Call that performs the effect.
	ID string
}

// Answer is what became of an effect.
type Answer struct {
	Outcome trace.Outcome
	// Object is the server's answer to a write or a live read, List that to a live list; nil where it gave none.
	Object metav1.Object
	List   *Listed
	// Err is the reason of Failed and Unknown.
	Err error
	// Reached is, for an effect on a local source, the number of the first list that is certain to show it (the next
	// one to be begun). It holds for every outcome. Zero: unknown.
	Reached int64
}

// Listed is the content of a live list, and the resourceVersion at which it was all that there was.
type Listed struct {
	ResourceVersion int64
	Items           []metav1.Object
}

// AnswerOf is the answer to an effect whose request was answered so.
func AnswerOf(response api.Response, err error) Answer {
	answer := Answer{Outcome: api.OutcomeOf(err), Err: err}
	if obj, ok := response.Object.(metav1.Object); ok {
		answer.Object = obj
	} else if err == nil && response.Object != nil && meta.IsListType(response.Object) {
		if answer.List, answer.Err = listed(response.Object); answer.Err != nil {
			answer.Outcome = trace.Failed
		}
	}
	return answer
}

func listed(list runtime.Object) (*Listed, error) {
	of, err := meta.ListAccessor(list)
	if err != nil {
		return nil, err
	}
	if of.GetContinue() != "" {
		return nil, errors.New("the list is not whole")
	}
	all := &Listed{}
	if all.ResourceVersion, err = api.ParseResourceVersion(of.GetResourceVersion()); err != nil || all.ResourceVersion == 0 {
		return nil, fmt.Errorf("the list is of resourceVersion %q, which is none", of.GetResourceVersion())
	}
	return all, meta.EachListItem(list, func(item runtime.Object) error {
		obj, err := meta.Accessor(item)
		all.Items = append(all.Items, obj)
		return err
	})
}

// Want is one thing that a loop still wants, and why it has not got it yet.
type Want struct {
	Component string
	Key       Key
	Why       string
}

// Config is what a loop is made of.
type Config struct {
	Component Component
	// ID is the prefix of the effects' IDs: unique for every start of the process in one trace.
	ID    string
	Trace trace.Sink
	// InFlight bounds the effects handed out and not yet answered; 0 means [DefaultInFlight].
	InFlight int
	// Backoff of a key after an effect that was not OK: Base, doubled each time, at most Max. Zero: the defaults.
	BackoffBase, BackoffMax time.Duration
}

// Defaults of [Config]. The backoff is that of upstream's work queues (client-go util/workqueue,
// DefaultTypedControllerRateLimiter), with a lower bound on how rarely a key is tried.
const (
	DefaultInFlight    = 64
	DefaultBackoffBase = 5 * time.Millisecond
	DefaultBackoffMax  = 30 * time.Second
)
