package registry_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
)

// Goal: the laws are seen to fail. Method: each is shown a change that breaks it, and must say so.

// nothing is [registry.None], told from an action that a case does not name.
const nothing = registry.Action(-1)

func TestLawsCatch(t *testing.T) {
	pods, _ := api.ByName("pods")
	yes := true
	for _, c := range []struct {
		law     string
		verb    api.Verb        // an update, unless another is named
		action  registry.Action // a put, unless another is named
		sub     string
		version string
		was, is func(*corev1.Pod)
	}{
		{law: "the UID is for life", is: func(p *corev1.Pod) { p.UID = "other" }},
		{law: "generation fell", is: func(p *corev1.Pod) { p.Generation = 1 }},
		{law: "a create replaced an object", verb: api.Create},
		{law: "nothing is to be done, but something changed", action: nothing, is: func(p *corev1.Pod) { p.Labels = map[string]string{"a": "b"} }},
		{law: "removed with finalizers", action: registry.Remove, was: finalizer("a/b"), is: finalizer("a/b")},
		{law: "deletionTimestamp was unset", was: deleted(100, 30)},
		{law: "deletionTimestamp moved later", was: deleted(100, 30), is: deleted(101, 30)},
		{law: "the grace period grew", was: deleted(100, 30), is: deleted(100, 31)},
		{law: "a finalizer was added", was: deleted(100, 30), is: func(p *corev1.Pod) { deleted(100, 30)(p); finalizer("a/b")(p) }},
		{law: "two controllers", is: func(p *corev1.Pod) {
			p.OwnerReferences = []metav1.OwnerReference{{UID: "1", Controller: &yes}, {UID: "2", Controller: &yes}}
		}},
		{law: "a write of the status changed the spec", sub: "status", is: func(p *corev1.Pod) { p.Spec.Hostname = "h" }},
		{law: "a write of the object changed the status", is: func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }},
		{law: `spec.nodeName "a" -> "b"`, verb: api.Create, sub: "binding",
			was: func(p *corev1.Pod) { p.Spec.NodeName = "a" }, is: func(p *corev1.Pod) { p.Spec.NodeName = "b" }},
		{law: "generation says when the spec changed", is: func(p *corev1.Pod) { p.Spec.Containers[0].Image = "j" }},
		{law: "carried out on another version than the client's", version: "4"},
	} {
		old, obj := storedPod().(*corev1.Pod), storedPod().(*corev1.Pod)
		old.Generation, obj.Generation = 2, 2
		if c.was != nil {
			c.was(old)
		}
		if c.is != nil {
			c.is(obj)
		}
		action := c.action
		switch c.action {
		case registry.None:
			action = registry.Put
		case nothing:
			action = registry.None
		}
		if c.verb == "" {
			c.verb = api.Update
		}
		body := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{ResourceVersion: c.version}}
		said := complaint(func(r require.TestingT) {
			changed(r, api.Request{Verb: c.verb, Subresource: c.sub, Resource: pods, Object: body}, old, registry.Change{Action: action, Object: obj})
		})
		require.Contains(t, said, c.law)
	}
	said := complaint(func(r require.TestingT) {
		created(r, api.Request{Verb: api.Update}, registry.Change{Action: registry.Put, Object: storedPod()}, registry.Env{UID: types.UID("u")})
	})
	require.Contains(t, said, "only a create creates")
}

func finalizer(name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Finalizers = []string{name} }
}

func deleted(at, grace int64) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		when := metav1.NewTime(time.Unix(at, 0))
		p.DeletionTimestamp, p.DeletionGracePeriodSeconds = &when, &grace
	}
}

// recorder is a test that remembers why it failed.
type recorder struct{ said strings.Builder }

type failed struct{}

func (r *recorder) Errorf(format string, args ...any) { fmt.Fprintf(&r.said, format, args...) }
func (r *recorder) FailNow()                          { panic(failed{}) }

// complaint is what check failed with, or nothing.
func complaint(check func(require.TestingT)) string {
	r := &recorder{}
	func() {
		defer func() {
			if p := recover(); p != nil && p != (failed{}) {
				panic(p)
			}
		}()
		check(r)
	}()
	return r.said.String()
}
