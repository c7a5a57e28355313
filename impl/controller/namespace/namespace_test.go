package namespace_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"sigs.k8s.io/yaml"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/controller/namespace"
	"orrery/impl/trace"
)

// Goal: what is decided in one situation, effect by effect. Method: scripts; the namespace n, what it holds, and a loop.
//
//	open, close       a user creates, or deletes, the namespace
//	hold, release     a foreign finalizer comes to its spec, or goes
//	force             somebody takes all finalizers from its spec
//	touch             somebody else writes to the namespace
//	put               stores the objects given as YAML documents
//	gone KEY          whoever stops RESOURCE/NAME says that it is gone
//	see               the loop sees all of that, and what it decides is printed
//	answer OUTCOME    all effects under way are carried out and answered (ok), carried out and not heard of (unheard), lost, or refused; of reads
//	                  it is printed how many there were
//	wait DURATION     time goes by
//	status            prints the namespace's conditions, wants what the loop still wants
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &script{t: t, world: newWorld(namespace.Controller{})}
		s.world.trace = s
		s.start()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			s.command(d)
			require.Empty(t, s.broken)
			if s.out.Len() == 0 {
				return "nothing\n"
			}
			return s.out.String()
		})
	})
}

type script struct {
	*world
	t   *testing.T
	out strings.Builder
}

// Emit prints why, of every decision that is worth it.
func (s *script) Emit(line trace.Line) {
	if line.Step.Why != "" {
		fmt.Fprintf(&s.out, "%s: %s\n", line.Step.Key, line.Step.Why)
	}
}

func (s *script) command(d *datadriven.TestData) {
	switch d.Cmd {
	case "open":
		s.open()
	case "close":
		s.closed()
	case "hold":
		s.hold()
	case "release":
		s.release()
	case "force":
		ns := s.ns.DeepCopy()
		ns.Spec.Finalizers = nil
		s.write(ns)
	case "touch":
		ns := s.ns.DeepCopy()
		ns.Labels = map[string]string{"a": "b"}
		s.write(ns)
	case "put":
		for _, document := range strings.Split(d.Input, "---\n") {
			text, err := yaml.YAMLToJSON([]byte(document))
			require.NoError(s.t, err)
			obj, _, err := json.NewSerializerWithOptions(json.DefaultMetaFactory, api.Scheme, api.Scheme, json.SerializerOptions{}).Decode(text, nil, nil)
			require.NoError(s.t, err)
			s.put(obj.(api.Object))
		}
	case "gone":
		s.letGo(d.CmdArgs[0].Key)
	case "see":
		for s.see() {
		}
		s.run()
	case "answer":
		s.answer(d.CmdArgs[0].Key)
		s.run()
	case "wait":
		by, err := time.ParseDuration(d.CmdArgs[0].Key)
		require.NoError(s.t, err)
		s.now = s.now.Add(by)
		s.run()
	case "status":
		s.status()
	case "wants":
		for _, w := range s.loop.Wants() {
			fmt.Fprintf(&s.out, "%s: %s\n", w.Key, w.Why)
		}
	default:
		s.t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
	}
}

// run lets the loop work and prints what it wants done now.
func (s *script) run() {
	before := len(s.flying)
	s.work()
	fresh := s.flying[before:]
	reads := 0
	for _, e := range fresh {
		if !e.Request.Verb.Writes() {
			reads++
		}
	}
	if reads > 0 {
		fmt.Fprintf(&s.out, "  %d reads, from %s to %s\n", reads, what(fresh[0]), what(fresh[len(fresh)-1]))
		return
	}
	for _, e := range fresh {
		fmt.Fprintf(&s.out, "  %s\n", what(e))
	}
}

// what is an effect in words.
func what(e control.Effect) string {
	r := e.Request
	text := strings.Trim(fmt.Sprintf("%s %s/%s", r.Verb, strings.TrimSuffix(r.Resource.Name+"/"+r.Subresource, "/"), r.Name), "/")
	if r.Delete != nil {
		return fmt.Sprintf("%s if %s", text, *r.Delete.Preconditions.UID)
	}
	if ns, ok := r.Object.(*corev1.Namespace); ok {
		text += fmt.Sprintf(" if %s at %s", ns.UID, ns.ResourceVersion)
		if r.Subresource == "finalize" {
			text += fmt.Sprintf(", leaves %v", ns.Spec.Finalizers)
		}
	}
	return text
}

func (s *script) answer(outcome string) {
	answered := slices.Clone(s.flying)
	s.flying = nil
	for _, e := range answered {
		answer := unheard
		switch outcome {
		case "ok":
			answer = s.do(e)
		case "unheard":
			s.do(e)
		case "refused":
			answer = control.AnswerOf(api.Response{}, apierrors.NewForbidden(e.Request.Resource.GR(), e.Request.Name, errors.New("no")))
		}
		s.loop.Done(s.now, e.ID, answer)
	}
}

func (s *script) status() {
	for _, c := range s.ns.Status.Conditions {
		fmt.Fprintf(&s.out, "%s %s since %s, %s: %s\n", c.Type, c.Status, sinceEpoch(c.LastTransitionTime), c.Reason, c.Message)
	}
}

func sinceEpoch(at metav1.Time) time.Duration { return at.Sub(epoch) }
