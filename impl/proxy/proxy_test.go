package proxy_test

import (
	"context"
	"errors"
	"fmt"
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
	"orrery/impl/proxy"
	"orrery/impl/proxy/rules"
	"orrery/impl/proxy/rules/fake"
	"orrery/impl/trace"
)

// Goal: which rules follow from services and slices, and what is done about them, effect by effect. Method: scripts; node "here"; a kernel in memory.
//
//	rules             prints the rules that follow from the objects given as YAML documents, and which flows of UDP may stay
//	services, slices  the proxy's cache shows those given; runs until nothing is due, and prints each effect and what became of it
//	fail WHAT         the next apply or flush fails; with unknown, it is carried out and nobody is told
//	tamper            somebody removes all rules
//	examine           the proxy looks at the kernel; runs as above
//	restart           the proxy starts anew, with empty caches
//	advance DURATION  runs as above after that time
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &script{t: t, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), rv: 100}
		s.kernel.Fault = func(call string) (before, after error) {
			if call != s.fails {
				return nil, nil
			}
			s.fails = ""
			if s.unknown {
				return nil, fmt.Errorf("%w: no answer", rules.ErrUnknown)
			}
			return errors.New("the kernel refuses"), nil
		}
		s.start()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			switch d.Cmd {
			case "rules":
				services, slices := s.parse(d.Input)
				for _, r := range proxy.Wanted(services, slices, "here").Rules {
					fmt.Fprintln(&s.out, r)
					if r.Protocol == rules.UDP {
						fmt.Fprintf(&s.out, "  stays %v\n", r.Stays)
					}
				}
				return s.out.String()
			case "services":
				services, _ := s.parse(d.Input)
				s.observe("services", objects(services))
			case "slices":
				_, slices := s.parse(d.Input)
				s.observe("slices", objects(slices))
			case "fail":
				s.fails, s.unknown = d.CmdArgs[0].Key, len(d.CmdArgs) > 1
				return ""
			case "tamper":
				s.kernel.Tamper()
				return ""
			case "examine":
				require.NoError(t, s.local.Examine(context.Background()), d.Pos)
			case "restart":
				s.start()
			case "advance":
				by, err := time.ParseDuration(d.CmdArgs[0].Key)
				require.NoError(t, err, d.Pos)
				s.now = s.now.Add(by)
			default:
				t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
			}
			s.run()
			return s.out.String()
		})
	})
}

type script struct {
	t       *testing.T
	now     time.Time
	rv      int64
	kernel  fake.Kernel
	fails   string
	unknown bool
	loop    *control.Loop
	local   *proxy.Local
	out     strings.Builder
}

func (s *script) start() {
	s.loop = control.New(control.Config{Component: proxy.New("here"), ID: "p", Trace: s, BackoffBase: time.Second})
	s.local = &proxy.Local{Node: "here", Rules: &s.kernel, Trace: s}
	s.local.Connect(s.loop.ObserveList)
}

// Emit prints what was applied.
func (s *script) Emit(line trace.Line) {
	if r := line.Rules; r != nil {
		fmt.Fprintf(&s.out, "%s has the rules of services at %d and slices at %d\n", r.Node, r.View["services"], r.View["endpointslices"])
	}
}

func (s *script) parse(text string) (services []*corev1.Service, slices []*discoveryv1.EndpointSlice) {
	for _, document := range strings.Split(text, "---\n") {
		var kind metav1.TypeMeta
		require.NoError(s.t, yaml.Unmarshal([]byte(document), &kind))
		s.rv++
		switch kind.Kind {
		case "Service":
			obj := &corev1.Service{}
			require.NoError(s.t, yaml.UnmarshalStrict([]byte(document), obj))
			services = append(services, named(obj, s.rv))
		case "EndpointSlice":
			obj := &discoveryv1.EndpointSlice{}
			require.NoError(s.t, yaml.UnmarshalStrict([]byte(document), obj))
			slices = append(slices, named(obj, s.rv))
		}
	}
	return services, slices
}

func named[T metav1.Object](obj T, rv int64) T {
	obj.SetNamespace("d")
	obj.SetResourceVersion(api.FormatResourceVersion(rv))
	if obj.GetUID() == "" {
		obj.SetUID(types.UID("uid-" + obj.GetName()))
	}
	return obj
}

func objects[T metav1.Object](list []T) (all []metav1.Object) {
	for _, obj := range list {
		all = append(all, obj)
	}
	return all
}

func (s *script) observe(source string, objects []metav1.Object) {
	s.rv++
	require.NoError(s.t, s.loop.ObserveList(source, s.rv, objects))
}

// run lets the loop work, and performs what it wants, until nothing is due.
func (s *script) run() {
	for worked := true; worked; {
		worked = s.loop.Work(s.now)
		for e, ok := s.loop.Next(s.now); ok; e, ok = s.loop.Next(s.now) {
			if apply, is := e.Other.(proxy.Apply); is {
				fmt.Fprintf(&s.out, "apply\n  %s\n", strings.ReplaceAll(strings.TrimSpace(apply.Set.String()), "\n", "\n  "))
			} else {
				fmt.Fprintln(&s.out, "flush")
			}
			answer := s.local.Perform(context.Background(), e)
			if answer.Err != nil {
				fmt.Fprintf(&s.out, "%s: %v\n", answer.Outcome, answer.Err)
			}
			s.loop.Done(s.now, e.ID, answer)
		}
	}
	if s.out.Len() == 0 {
		s.out.WriteString("nothing\n")
	}
}
