package kubelet

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/client"
)

// patience is how many times in a row an object may be refused, or not be read for another reason, before its pods show that. An API server that has
// not seen yet that a pod is bound to this node refuses what the pod refers to, for a moment.
const patience = 5

// follow takes over what is to be read. What is new is shown as not read yet, what is not wanted any more is forgotten.
func (l *Local) follow(e Follow) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := map[Refer]*Reference{}
	for _, r := range e.All {
		kept[r] = l.references[r]
		if kept[r] == nil {
			fresh := r.reference()
			kept[r] = &fresh
		}
	}
	l.references = kept
	select {
	case l.referring <- struct{}{}:
	default: // whoever reads has not looked since the last change
	}
	return l.publishReferences()
}

// publishReferences gives the loop all references under the next number.
func (l *Local) publishReferences() int64 {
	if !l.Config.OneByOne {
		return l.number
	}
	l.number++
	objects := make([]metav1.Object, 0, len(l.references))
	for _, r := range l.followed() {
		objects = append(objects, l.references[r])
	}
	_ = l.list(sourceReferences, l.number, objects)
	return l.number
}

// followed are the references in a fixed order.
func (l *Local) followed() []Refer {
	all := make([]Refer, 0, len(l.references))
	for r := range l.references { // sorted below
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Refer) int {
		return strings.Compare(a.index(), b.index())
	})
	return all
}

// learn changes what is known of a reference that is still wanted.
func (l *Local) learn(r Refer, change func(*Reference)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.references[r]
	if old == nil {
		return
	}
	next := *old
	change(&next)
	if next.same(old) {
		return
	}
	next.ResourceVersion = strconv.FormatInt(l.number+1, 10)
	l.references[r] = &next
	l.publishReferences()
}

// read returns what is told about one reference by whoever lists and watches it.
func (l *Local) read(r Refer) client.Observer {
	failures := 0
	found := func(obj metav1.Object) error {
		failures = 0
		l.learn(r, func(ref *Reference) { ref.Read, ref.Object, ref.Failure = true, obj, "" })
		return nil
	}
	return client.Observer{
		Name: r.index(),
		List: func(_ int64, objects []metav1.Object) error {
			if len(objects) == 0 {
				return found(nil)
			}
			return found(objects[0])
		},
		Event: func(event api.WatchEvent) error {
			obj, ok := event.Object.(metav1.Object)
			switch {
			case event.Type == watch.Bookmark:
				return nil
			case !ok:
				return fmt.Errorf("a %s event holds %T, which is no object", event.Type, event.Object)
			case event.Type == watch.Deleted:
				return found(nil)
			}
			return found(obj)
		},
		Log: func(format string, args ...any) {
			if failures++; failures >= patience {
				l.learn(r, func(ref *Reference) {
					if !ref.Read { // what was read counts until something else is
						ref.Failure = fmt.Sprintf(format, args...)
					}
				})
			}
		},
	}
}

// reading is one reference being followed.
type reading struct {
	stop context.CancelFunc
	done chan struct{}
}

// refer lists and watches each reference by itself, until ctx ends, as kubelets are allowed to read nothing but what their pods refer to.
func (l *Local) refer(ctx context.Context, transport client.Transport, log func(string, ...any)) {
	running := map[Refer]reading{}
	for ctx.Err() == nil {
		l.mu.Lock()
		wanted := l.followed()
		l.mu.Unlock()
		for r, one := range running { // in whatever order: each stands alone
			if !slices.Contains(wanted, r) {
				one.stop()
				<-one.done
				delete(running, r)
			}
		}
		for _, r := range wanted {
			if _, is := running[r]; is {
				continue
			}
			reading := reading{done: make(chan struct{})}
			var own context.Context
			own, reading.stop = context.WithCancel(ctx)
			running[r] = reading
			go func() {
				defer close(reading.done)
				l.reflect(own, transport, r, log)
			}()
		}
		select {
		case <-ctx.Done():
		case <-l.referring:
		}
	}
	for _, one := range running { // in whatever order: all are waited for
		one.stop()
		<-one.done
	}
}

func (l *Local) reflect(ctx context.Context, transport client.Transport, r Refer, log func(string, ...any)) {
	resource, _ := api.ByName(r.Source)
	observer := l.read(r)
	told := observer.Log
	observer.Log = func(format string, args ...any) {
		told(format, args...)
		if log != nil {
			log(r.Namespace+"/"+r.Name+": "+format, args...)
		}
	}
	client.Reflect(ctx, transport, client.NewReflector(api.Request{Resource: resource, Namespace: r.Namespace, Fields: "metadata.name=" + r.Name}), observer)
}
