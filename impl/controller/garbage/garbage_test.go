package garbage_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/controller/garbage"
	"orrery/impl/trace"
)

// Goal: what is decided in one situation, effect by effect. Method: scripts; a loop whose effects are printed and answered by hand.
//
//	begin           starts a loop, which is shown all objects: RESOURCE [NAMESPACE/]NAME UID [of RESOURCE/NAME:UID[!]]... [KEY=VALUE]...;
//	                ! is a reference that blocks, leaving=yes an object that is being deleted, keeps=A,B its finalizers
//	observe         shows it all objects anew; what has not changed is there as it was
//	live            says what is read live instead, until the next observe
//	answer [N] OUTCOME  answers all effects under way, or the N-th (ok, unknown, conflict), and prints what follows
//	wait DURATION   lets time go by
//	wants           prints what the loop still wants
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &script{t: t, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), rv: 100, known: map[string]stored{}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			switch d.Cmd {
			case "begin", "observe":
				if d.Cmd == "begin" {
					s.loop, s.flying = control.New(control.Config{Component: garbage.New(garbage.Resources()...), ID: "g", Trace: s, InFlight: 1000}), nil
				}
				s.stored = s.parse(d.Input)
				for _, r := range garbage.Resources() {
					require.NoError(t, s.loop.ObserveList(r.Name, s.rv, s.list(r, "")))
				}
			case "live":
				s.stored = s.parse(d.Input)
				return ""
			case "answer":
				s.answer(d.CmdArgs)
			case "wait":
				d, err := time.ParseDuration(d.CmdArgs[0].Key)
				require.NoError(t, err)
				s.now = s.now.Add(d)
			case "wants":
				for _, w := range s.loop.Wants() {
					fmt.Fprintf(&s.out, "%s: %s\n", w.Key, w.Why)
				}
				return s.out.String()
			default:
				t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
			}
			s.run()
			return s.out.String()
		})
	})
}

type script struct {
	t      *testing.T
	loop   *control.Loop
	now    time.Time
	rv     int64
	known  map[string]stored // by the line that tells of it
	stored []stored
	flying []control.Effect
	out    strings.Builder
}

type stored struct {
	resource *api.Resource
	api.Object
}

// Emit prints why, of every decision that is worth it.
func (s *script) Emit(line trace.Line) {
	if line.Step.Why != "" {
		fmt.Fprintf(&s.out, "%s: %s\n", line.Step.Key, line.Step.Why)
	}
}

func (s *script) parse(text string) (objects []stored) {
	for line := range strings.Lines(text) {
		if o, ok := s.known[line]; ok {
			objects = append(objects, o)
			continue
		}
		words := strings.Fields(line)
		r, ok := api.ByName(words[0])
		require.True(s.t, ok, line)
		o := stored{r, r.New()}
		s.rv++
		o.SetResourceVersion(api.FormatResourceVersion(s.rv))
		o.SetName(words[1])
		if namespace, name, both := strings.Cut(words[1], "/"); both {
			o.SetNamespace(namespace)
			o.SetName(name)
		}
		o.SetUID(types.UID(words[2]))
		for i := 3; i < len(words); i++ {
			key, value, _ := strings.Cut(words[i], "=")
			switch key {
			case "leaving":
				o.SetDeletionTimestamp(&metav1.Time{Time: s.now})
			case "keeps":
				o.SetFinalizers(strings.Split(value, ","))
			case "of":
				i++
				o.SetOwnerReferences(append(o.GetOwnerReferences(), s.reference(words[i])))
			default:
				s.t.Fatalf("what is %q?", words[i])
			}
		}
		s.known[line] = o
		objects = append(objects, o)
	}
	s.rv++
	return objects
}

// reference is RESOURCE/NAME:UID, and ! if it blocks. A resource that is not served is a kind of another group.
func (s *script) reference(text string) metav1.OwnerReference {
	text, blocking := strings.CutSuffix(text, "!")
	what, uid, _ := strings.Cut(text, ":")
	resource, name, _ := strings.Cut(what, "/")
	ref := metav1.OwnerReference{APIVersion: "example.com/v1", Kind: resource, Name: name, UID: types.UID(uid), BlockOwnerDeletion: &blocking}
	if r, ok := api.ByName(resource); ok {
		ref.APIVersion, ref.Kind = r.GVK().ToAPIVersionAndKind()
	}
	return ref
}

func (s *script) list(r *api.Resource, namespace string) (objects []metav1.Object) {
	for _, o := range s.stored {
		if o.resource == r && (namespace == "" || o.GetNamespace() == namespace) {
			objects = append(objects, o.Object)
		}
	}
	return objects
}

func (s *script) answer(args []datadriven.CmdArg) {
	answered, outcome := s.flying, args[0].Key
	s.flying = nil
	if len(args) > 1 {
		var n int
		_, err := fmt.Sscan(outcome, &n)
		require.NoError(s.t, err)
		s.flying = slices.Delete(slices.Clone(answered), n-1, n)
		answered, outcome = answered[n-1:n], args[1].Key
	}
	for _, e := range answered {
		r := e.Request
		a := control.Answer{Outcome: trace.OK}
		switch {
		case outcome == "unknown":
			a = control.Answer{Outcome: trace.Unknown, Err: errors.New("no answer")}
		case outcome == "conflict":
			a = control.Answer{Outcome: trace.Failed, Err: apierrors.NewConflict(r.Resource.GR(), r.Name, errors.New("it has changed"))}
		case r.Verb == api.List:
			a.List = &control.Listed{ResourceVersion: s.rv, Items: s.list(r.Resource, r.Namespace)}
		case r.Verb == api.Get:
			i := slices.IndexFunc(s.stored, func(o stored) bool {
				return o.resource == r.Resource && o.GetNamespace() == r.Namespace && o.GetName() == r.Name
			})
			if i >= 0 {
				a.Object = s.stored[i].Object
			} else {
				a = control.Answer{Outcome: trace.Failed, Err: apierrors.NewNotFound(r.Resource.GR(), r.Name)}
			}
		case r.Verb == api.Update:
			s.rv++
			written := r.Object.DeepCopyObject().(api.Object)
			written.SetResourceVersion(api.FormatResourceVersion(s.rv))
			a.Object = written
		}
		s.loop.Done(s.now, e.ID, a)
	}
}

// run lets the loop work and prints the effects that it wants performed now.
func (s *script) run() {
	for worked := true; worked; {
		worked = s.loop.Work(s.now)
		lists := 0
		for e, ok := s.loop.Next(s.now); ok; e, ok = s.loop.Next(s.now) {
			s.flying = append(s.flying, e)
			if e.Request.Verb == api.List {
				lists++
				continue
			}
			s.print(e)
		}
		if lists > 0 {
			fmt.Fprintf(&s.out, "  list %d resources in %q\n", lists, s.flying[len(s.flying)-1].Request.Namespace)
		}
	}
	if s.out.Len() == 0 {
		s.out.WriteString("nothing\n")
	}
}

func (s *script) print(e control.Effect) {
	r := e.Request
	fmt.Fprintf(&s.out, "  %s %s %s", r.Verb, r.Resource.Name, strings.Trim(r.Namespace+"/"+r.Name, "/"))
	if d := r.Delete; d != nil {
		fmt.Fprintf(&s.out, " %s if %s %s", *d.PropagationPolicy, *d.Preconditions.UID, *d.Preconditions.ResourceVersion)
	}
	if obj, ok := r.Object.(api.Object); ok {
		fmt.Fprintf(&s.out, " if %s %s:", obj.GetUID(), obj.GetResourceVersion())
		for _, ref := range obj.GetOwnerReferences() {
			fmt.Fprintf(&s.out, " of %s/%s", ref.Kind, ref.Name)
			if ref.BlockOwnerDeletion != nil && *ref.BlockOwnerDeletion {
				s.out.WriteString("!")
			}
		}
		fmt.Fprintf(&s.out, " keeps %v", obj.GetFinalizers())
	}
	s.out.WriteString("\n")
}
