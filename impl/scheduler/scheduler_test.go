package scheduler_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/scheduler"
)

// Goal: where pods are put, and what users are told where they are not. Method: scripts against a small world; each
// settle prints what has changed.
//
//	node NAME [cpu=4] [memory=8Gi] [pods=110] [label=k:v]... [taint=k[/v]:Effect]... [unschedulable]   adds or changes
//	pod NAME [namespace=default] [node=N] [cpu=..] [memory=..] [label=..]... [priority=N] [never] [nominated=NODE] [phase=P] [terminating]       (input: spec as YAML)
//	namespace NAME team=T
//	delete (node|pod) NAME
//	settle
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := newScript(t)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "node":
				s.put("nodes", "", nodeOf(t, d))
			case "pod":
				pod := podOf(t, d)
				s.put("pods", pod.Namespace, pod)
			case "namespace":
				s.put("namespaces", "", namespace(d.CmdArgs[0].Key, strings.Join(d.CmdArgs[1].Vals, "")))
			case "delete":
				s.delete(d.CmdArgs[0].Key+"s", d.CmdArgs[1].Key)
			case "settle":
				return s.settle()
			default:
				t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
			}
			return ""
		})
	})
}

type script struct {
	api  *controltest.API
	proc *controltest.Process
	told map[string]string
}

// remembering is a scheduler, each decision of which must be that of one that has decided nothing before: what it remembers spares it work only.
type remembering struct {
	*scheduler.Scheduler
	t require.TestingT
}

func (r *remembering) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	want := scheduler.New().Reconcile(v, now, key)
	got := r.Scheduler.Reconcile(v, now, key)
	require.Equal(r.t, want, got)
	return got
}

func newScript(t *testing.T) *script {
	s := &script{api: controltest.NewAPI(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)), told: map[string]string{}}
	s.proc = &controltest.Process{API: s.api, Component: func() control.Component { return &remembering{scheduler.New(), t} }}
	s.proc.Start()
	s.put("namespaces", "", namespace("default", "a"))
	return s
}

func namespace(name, team string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"team": team}}}
}

func (s *script) put(name, namespace string, obj api.Object) {
	r, _ := api.ByName(name)
	req := api.Request{Verb: api.Create, Resource: r, Namespace: namespace, Name: obj.GetName(), Object: obj}
	status := obj
	if have, err := s.api.Do(api.Request{Verb: api.Get, Resource: r, Namespace: namespace, Name: obj.GetName()}); err == nil {
		req.Verb = api.Update
		obj.SetUID(have.GetUID())
		obj.SetCreationTimestamp(have.GetCreationTimestamp())
	}
	made := s.api.Must(req)
	req.Verb, req.Subresource = api.Update, "status"
	status = status.DeepCopyObject().(api.Object)
	status.SetUID(made.GetUID())
	req.Object = status
	s.api.Must(req)
	s.api.Now = s.api.Now.Add(time.Second)
}

func (s *script) delete(name, object string) {
	r, _ := api.ByName(name)
	req := api.Request{Verb: api.Delete, Resource: r, Name: object, Delete: &metav1.DeleteOptions{GracePeriodSeconds: new(int64)}}
	if r.Namespaced {
		req.Namespace = "default"
	}
	s.api.Must(req)
}

// settle prints every pod whose place or message is new.
func (s *script) settle() string {
	s.proc.Settle(time.Minute)
	r, _ := api.ByName("pods")
	_, pods := s.api.List(r)
	var out strings.Builder
	for _, obj := range pods {
		pod := obj.(*corev1.Pod)
		now := "-> " + pod.Spec.NodeName
		if pod.Spec.NodeName == "" {
			now = "waits"
			for _, c := range pod.Status.Conditions {
				now = fmt.Sprintf("%s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message)
			}
			if n := pod.Status.NominatedNodeName; n != "" {
				now += " It waits for " + n + "."
			}
		}
		if pod.DeletionTimestamp != nil {
			now += ", leaving"
		}
		if s.told[pod.Name] != now {
			fmt.Fprintf(&out, "%s %s\n", pod.Name, now)
		}
		s.told[pod.Name] = now
	}
	if out.Len() == 0 {
		return "nothing new\n"
	}
	return out.String()
}

func nodeOf(t *testing.T, d *datadriven.TestData) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: d.CmdArgs[0].Key, Labels: map[string]string{"kubernetes.io/hostname": d.CmdArgs[0].Key}}}
	amounts := corev1.ResourceList{"cpu": resource.MustParse("4"), "memory": resource.MustParse("8Gi"), "pods": resource.MustParse("110")}
	for _, arg := range d.CmdArgs[1:] {
		value := strings.Join(arg.Vals, "")
		switch arg.Key {
		case "label":
			k, v, _ := strings.Cut(value, ":")
			node.Labels[k] = v
		case "taint":
			k, effect, _ := strings.Cut(value, ":")
			k, v, valued := strings.Cut(k, "/")
			if !valued {
				v = "v"
			}
			node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: k, Value: v, Effect: corev1.TaintEffect(effect)})
		case "unschedulable":
			node.Spec.Unschedulable = true
		default:
			amounts[corev1.ResourceName(arg.Key)] = resource.MustParse(value)
		}
	}
	node.Status.Allocatable = amounts
	return node
}

func podOf(t *testing.T, d *datadriven.TestData) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: d.CmdArgs[0].Key, Labels: map[string]string{}}}
	pod.Spec.SchedulerName = corev1.DefaultSchedulerName
	pod.Spec.Containers = []corev1.Container{{Name: "c"}}
	pod.Status.Phase = corev1.PodPending
	requests := corev1.ResourceList{}
	for _, arg := range d.CmdArgs[1:] {
		value := strings.Join(arg.Vals, "")
		switch arg.Key {
		case "label":
			k, v, _ := strings.Cut(value, ":")
			pod.Labels[k] = v
		case "namespace":
			pod.Namespace = value
		case "node":
			pod.Spec.NodeName = value
		case "phase":
			pod.Status.Phase = corev1.PodPhase(value)
		case "scheduler":
			pod.Spec.SchedulerName = value
		case "terminating":
			at := metav1.NewTime(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
			pod.DeletionTimestamp = &at
		case "never":
			never := corev1.PreemptNever
			pod.Spec.PreemptionPolicy = &never
		case "nominated":
			pod.Status.NominatedNodeName = value
		case "priority":
			var p int32
			_, err := fmt.Sscan(value, &p)
			require.NoError(t, err)
			pod.Spec.Priority = &p
		default:
			requests[corev1.ResourceName(arg.Key)] = resource.MustParse(value)
		}
	}
	pod.Spec.Containers[0].Resources.Requests = requests
	if d.Input != "" {
		require.NoError(t, yaml.UnmarshalStrict([]byte(d.Input), &pod.Spec), d.Pos)
	}
	return pod
}
