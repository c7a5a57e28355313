//lint:file-ignore SA1019 Endpoints are deprecated, and upstream still writes them

package endpoints_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/controller/endpoints"
	"orrery/impl/trace"
)

// Goal: what is decided in one situation, effect by effect. Method: scripts; a loop whose effects are printed and answered by hand.
//
//	observe        takes over the objects given as YAML documents, each with a kind, beside what the loop has made, and prints what is planned
//	pods N [FROM]  adds so many ready pods to those observed
//	answer OUTCOME answers all effects under way (ok, unknown), and prints what follows
//	wants          prints what the loop still wants
func TestScripts(t *testing.T) {
	runScripts(t, "testdata/slices", "endpointslices", endpoints.Slices{})
}

// Goal: the same of the Endpoints of old. Method: the same.
func TestScriptsOfOld(t *testing.T) {
	runScripts(t, "testdata/old", "endpoints", endpoints.Old{})
}

func runScripts(t *testing.T, folder, makes string, component control.Component) {
	datadriven.Walk(t, folder, func(t *testing.T, path string) {
		s := &script{t: t, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), rv: 100, makes: makes, made: map[string]api.Object{}}
		s.loop = control.New(control.Config{Component: component, ID: "e", Trace: s, InFlight: 1000})
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			switch d.Cmd {
			case "observe":
				s.observe(d.Input, 0)
			case "pods":
				var n int
				d.ScanArgs(t, "n", &n)
				s.observe(d.Input, n)
			case "answer":
				s.answer(d.CmdArgs[0].Key)
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
	flying []control.Effect
	makes  string                // the source of what the loop makes
	made   map[string]api.Object // by the loop
	out    strings.Builder
}

// Emit prints why, of every decision that is worth it.
func (s *script) Emit(line trace.Line) {
	if line.Step.Why != "" {
		fmt.Fprintf(&s.out, "%s: %s\n", line.Step.Key, line.Step.Why)
	}
}

// observe takes the documents, and what the loop has made, as the whole content of the sources.
func (s *script) observe(text string, more int) {
	content := map[string][]metav1.Object{"services": nil, "pods": nil, s.makes: nil}
	add := func(source string, obj api.Object) {
		s.rv++
		obj.SetResourceVersion(api.FormatResourceVersion(s.rv))
		obj.SetNamespace("d")
		if obj.GetUID() == "" {
			obj.SetUID(types.UID("uid-" + obj.GetName()))
		}
		content[source] = append(content[source], obj)
	}
	for _, document := range strings.Split(text, "---\n") {
		var kind metav1.TypeMeta
		require.NoError(s.t, yaml.Unmarshal([]byte(document), &kind))
		sources := map[string]struct {
			source string
			obj    api.Object
		}{"Service": {"services", &corev1.Service{}}, "Pod": {"pods", &corev1.Pod{}}, "EndpointSlice": {"endpointslices", &discoveryv1.EndpointSlice{}},
			"Endpoints": {"endpoints", &corev1.Endpoints{}}}
		if to, ok := sources[kind.Kind]; ok {
			require.NoError(s.t, yaml.UnmarshalStrict([]byte(document), to.obj))
			if to.source == s.makes {
				delete(s.made, to.obj.GetName())
			}
			add(to.source, to.obj)
		}
	}
	for i := range more {
		add("pods", &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("more-%03d", i), Labels: map[string]string{"app": "web"}}, Status: corev1.PodStatus{
			PodIPs:     []corev1.PodIP{{IP: fmt.Sprintf("10.1.%d.%d", i/250, i%250)}},
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		}})
	}
	for _, name := range slices.Sorted(maps.Keys(s.made)) {
		content[s.makes] = append(content[s.makes], s.made[name])
	}
	for _, source := range []string{"services", "pods", s.makes} {
		require.NoError(s.t, s.loop.ObserveList(source, s.rv, content[source]))
	}
}

func (s *script) answer(outcome string) {
	answered := s.flying
	s.flying = nil
	for _, e := range answered {
		a := control.Answer{Outcome: trace.OK}
		switch {
		case outcome == "unknown":
			a = control.Answer{Outcome: trace.Unknown, Err: errors.New("no answer")}
		case e.Request.Verb == api.Delete:
			s.rv++
			a.Reached = s.rv
			delete(s.made, e.Request.Name)
		case e.Request.Object != nil:
			s.rv++
			made := e.Request.Object.DeepCopyObject().(api.Object)
			made.SetResourceVersion(api.FormatResourceVersion(s.rv))
			made.SetUID(types.UID("uid-" + made.GetName()))
			a.Object, s.made[made.GetName()] = made, made
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
	fmt.Fprintf(&s.out, "  %s %s", r.Verb, r.Name)
	if r.Delete != nil {
		fmt.Fprintf(&s.out, " if %s %s", *r.Delete.Preconditions.UID, *r.Delete.Preconditions.ResourceVersion)
	}
	if old, ok := r.Object.(*corev1.Endpoints); ok {
		s.printOld(old)
		return
	}
	slice, ok := r.Object.(*discoveryv1.EndpointSlice)
	if !ok {
		s.out.WriteString("\n")
		return
	}
	if slice.ResourceVersion != "" {
		fmt.Fprintf(&s.out, " if %s", slice.ResourceVersion)
	}
	if _, headless := slice.Labels[corev1.IsHeadlessService]; headless {
		s.out.WriteString(" headless")
	}
	fmt.Fprintf(&s.out, " %s of %s", slice.AddressType, slice.OwnerReferences[0].UID)
	for _, p := range slice.Ports {
		fmt.Fprintf(&s.out, " %s/%d", *p.Protocol, *p.Port)
	}
	if len(slice.Endpoints) > 8 {
		fmt.Fprintf(&s.out, ": %d endpoints\n", len(slice.Endpoints))
		return
	}
	s.out.WriteString(":")
	for _, e := range slice.Endpoints {
		fmt.Fprintf(&s.out, " %s", e.Addresses[0])
		for _, c := range []struct {
			is   *bool
			word string
		}{{e.Conditions.Ready, "ready"}, {e.Conditions.Serving, "serving"}, {e.Conditions.Terminating, "terminating"}} {
			if *c.is {
				s.out.WriteString("," + c.word)
			}
		}
	}
	s.out.WriteString("\n")
}

func (s *script) printOld(e *corev1.Endpoints) {
	if e.ResourceVersion != "" {
		fmt.Fprintf(&s.out, " if %s", e.ResourceVersion)
	}
	fmt.Fprintf(&s.out, " %v %v\n", e.Labels, e.Annotations)
	for _, subset := range e.Subsets {
		s.out.WriteString("   ")
		for _, p := range subset.Ports {
			fmt.Fprintf(&s.out, " %s:%s/%d", p.Name, p.Protocol, p.Port)
		}
		s.printAddresses(" ready", subset.Addresses)
		s.printAddresses(", not ready", subset.NotReadyAddresses)
		s.out.WriteString("\n")
	}
}

func (s *script) printAddresses(what string, all []corev1.EndpointAddress) {
	if fmt.Fprintf(&s.out, "%s", what); len(all) > 8 {
		fmt.Fprintf(&s.out, " %d addresses", len(all))
		return
	}
	for _, a := range all {
		fmt.Fprintf(&s.out, " %s=%s", a.IP, a.TargetRef.Name)
		if a.NodeName != nil {
			fmt.Fprintf(&s.out, "@%s", *a.NodeName)
		}
		if a.Hostname != "" {
			fmt.Fprintf(&s.out, " (%s)", a.Hostname)
		}
	}
}
