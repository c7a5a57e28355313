package replication_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/controller/replication"
	"orrery/impl/trace"
)

// Goal: what is decided in one situation, effect by effect. Method: scripts; a loop whose effects are printed and answered
// by hand.
//
//	kind KIND        replicationcontrollers, or else replicasets; at the beginning of a script
//	observe          takes over the objects given as YAML documents, and prints what is planned
//	answer OUTCOME   answers all effects of the batch under way (ok, failed, unknown, conflict, terminating), and prints what follows
//	advance DURATION moves the clock
//	wants            prints what the loop still wants
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &script{t: t, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), rv: 100}
		s.start(replication.ReplicaSets(), "rs")
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			switch d.Cmd {
			case "kind":
				require.Equal(t, "replicationcontrollers", d.CmdArgs[0].Key, d.Pos)
				s.start(replication.ReplicationControllers(), "rc")
				return ""
			case "observe":
				s.observe(d.Input)
			case "answer":
				s.answer(d.CmdArgs[0].Key)
			case "advance":
				by, err := time.ParseDuration(d.CmdArgs[0].Key)
				require.NoError(t, err, d.Pos)
				s.now = s.now.Add(by)
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
	owners *api.Resource
	now    time.Time
	rv     int64
	flying []control.Effect
	out    strings.Builder
}

func (s *script) start(component *replication.Reconciler, id string) {
	s.loop = control.New(control.Config{Component: component, ID: id, Trace: s, InFlight: 1000})
	s.owners = component.Sources()[0].Resource
}

// Emit prints why, of every decision that is worth it.
func (s *script) Emit(line trace.Line) {
	if line.Step.Why != "" {
		fmt.Fprintf(&s.out, "%s: %s\n", line.Step.Key, line.Step.Why)
	}
}

// observe takes the documents as the whole content of both sources, each object at the next resourceVersion.
func (s *script) observe(text string) {
	content := map[string][]metav1.Object{"owners": nil, "pods": nil}
	for _, document := range strings.Split(text, "---\n") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		var obj api.Object = &corev1.Pod{}
		source := "pods"
		if strings.Contains(document, "selector:") {
			obj, source = s.owners.New(), "owners"
		}
		require.NoError(s.t, yaml.UnmarshalStrict([]byte(document), obj))
		s.rv++
		obj.SetResourceVersion(api.FormatResourceVersion(s.rv))
		obj.SetNamespace("d")
		if obj.GetUID() == "" {
			obj.SetUID(types.UID("uid-" + obj.GetName()))
		}
		if rs, ok := obj.(*appsv1.ReplicaSet); ok {
			rs.Spec.Template.Labels = rs.Spec.Selector.MatchLabels
		}
		content[source] = append(content[source], obj)
	}
	require.NoError(s.t, s.loop.ObserveList("owners", s.rv, content["owners"]))
	require.NoError(s.t, s.loop.ObserveList("pods", s.rv, content["pods"]))
}

func (s *script) answer(outcome string) {
	answered := s.flying
	s.flying = nil
	for _, e := range answered {
		a := control.Answer{Outcome: trace.OK}
		obj, isObject := e.Request.Object.(api.Object)
		switch {
		case outcome == "unknown":
			a = control.Answer{Outcome: trace.Unknown, Err: errors.New("no answer")}
		case outcome == "failed":
			a = control.Answer{Outcome: trace.Failed, Err: apierrors.NewForbidden(e.Request.Resource.GR(), e.Request.Name, errors.New("exceeded quota"))}
		case outcome == "terminating":
			refused := apierrors.NewForbidden(e.Request.Resource.GR(), e.Request.Name, errors.New("unable to create new content in namespace d because it is being terminated"))
			refused.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause, Field: "metadata.namespace"}}
			a = control.Answer{Outcome: trace.Failed, Err: refused}
		case outcome == "conflict":
			a = control.Answer{Outcome: trace.Failed, Err: apierrors.NewConflict(e.Request.Resource.GR(), e.Request.Name, errors.New("changed"))}
		case outcome == "gone" && e.Request.Verb == api.Get:
			a = control.Answer{Outcome: trace.Failed, Err: apierrors.NewNotFound(e.Request.Resource.GR(), e.Request.Name)}
		case e.Request.Verb == api.Get:
			a.Object = &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "d", Name: e.Request.Name, UID: types.UID("uid-" + e.Request.Name)}}
		case isObject:
			s.rv++
			made := obj.DeepCopyObject().(api.Object)
			made.SetResourceVersion(api.FormatResourceVersion(s.rv))
			if made.GetUID() == "" {
				made.SetUID(types.UID("uid-" + made.GetName()))
			}
			a.Object = made
		}
		s.loop.Done(s.now, e.ID, a)
	}
}

// run lets the loop work and prints the effects that it wants performed now.
func (s *script) run() {
	for worked := true; worked; {
		worked = s.loop.Work(s.now)
		for e, ok := s.loop.Next(s.now); ok; e, ok = s.loop.Next(s.now) {
			s.print(e)
			s.flying = append(s.flying, e)
		}
	}
	if s.out.Len() == 0 {
		s.out.WriteString("nothing\n")
	}
}

func (s *script) print(e control.Effect) {
	r := e.Request
	if event, ok := r.Object.(*corev1.Event); ok {
		fmt.Fprintf(&s.out, "  tell %s %s: %s\n", event.InvolvedObject.Name, event.Reason, event.Message)
		return
	}
	fmt.Fprintf(&s.out, "  %s %s/%s", r.Verb, r.Resource.Singular, r.Name)
	if r.Subresource != "" {
		fmt.Fprintf(&s.out, " %s", r.Subresource)
	}
	switch obj := r.Object.(type) {
	case *corev1.Pod:
		if obj.ResourceVersion != "" {
			fmt.Fprintf(&s.out, " if %s", obj.ResourceVersion)
		}
		for _, ref := range obj.OwnerReferences {
			fmt.Fprintf(&s.out, " owner=%s/%s", ref.Kind, ref.Name)
		}
	case *appsv1.ReplicaSet:
		st := obj.Status
		fmt.Fprintf(&s.out, " if %s: replicas=%d labeled=%d ready=%d available=%d", obj.ResourceVersion, st.Replicas, st.FullyLabeledReplicas, st.ReadyReplicas, st.AvailableReplicas)
		for _, c := range st.Conditions {
			fmt.Fprintf(&s.out, " %s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message)
		}
	case *corev1.ReplicationController:
		st := obj.Status
		fmt.Fprintf(&s.out, " if %s: replicas=%d labeled=%d ready=%d available=%d", obj.ResourceVersion, st.Replicas, st.FullyLabeledReplicas, st.ReadyReplicas, st.AvailableReplicas)
		for _, c := range st.Conditions {
			fmt.Fprintf(&s.out, " %s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message)
		}
	}
	if r.Delete != nil {
		fmt.Fprintf(&s.out, " if %s %s", *r.Delete.Preconditions.UID, *r.Delete.Preconditions.ResourceVersion)
	}
	s.out.WriteString("\n")
}
