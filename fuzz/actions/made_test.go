package actions_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/fuzz/actions"
	"orrery/fuzz/simulation"
	"orrery/impl/apiserver/cache"
	"orrery/impl/trace"
)

// made is a trace to which lines are added.
type made struct {
	t      *testing.T
	header trace.Header
	lines  []trace.Line
}

// version adds a version of an object: the last one of that name, or else of another, changed; nil: it is gone.
func (m *made) version(resource, name string, change func(object map[string]any)) int64 {
	h := history.New(m.header, m.lines)
	all := h.Log.All(resource)
	require.NotEmpty(m.t, all)
	next := trace.Revision{Revision: h.Log.End() + 1, Resource: resource, Namespace: all[0].Object.Namespace, Name: name, UID: "made"}
	like := all[len(all)-1]
	prefix, _ := h.Log.Prefix(resource, next.Namespace)
	next.Key = prefix + name
	if chain := h.Log.Chain(next.Key); len(chain) > 0 {
		like = chain[len(chain)-1]
		if next.UID = like.UID; !like.Deleted {
			next.Previous = like.Revision
		} else if len(chain) > 1 {
			like = chain[len(chain)-2]
		}
	}
	if next.Deleted = change == nil; !next.Deleted {
		var object map[string]any
		require.NoError(m.t, json.Unmarshal(like.JSON, &object))
		change(object)
		var err error
		next.Object, err = json.Marshal(object)
		require.NoError(m.t, err)
	}
	m.lines = append(m.lines, trace.Line{Process: "store", Revision: &next})
	return next.Revision
}

func (m *made) add(process string, l trace.Line) {
	l.Process = process
	m.lines = append(m.lines, l)
}

func (m *made) container(name, state string) {
	m.add("observer", trace.Line{Container: &trace.Container{Node: "worker-1", PodUID: "made", Namespace: "work", Pod: "p", Container: name, ID: "made-" + name, State: state}})
}

func part(object map[string]any, name string) map[string]any {
	in, ok := object[name].(map[string]any)
	if !ok {
		in = map[string]any{}
		object[name] = in
	}
	return in
}

func keep(map[string]any) {}

// Goal: what no run takes yet would be found. Method: it is added to the trace of a run.
func TestWhatNoRunTakesWouldBeFound(t *testing.T) {
	size, script, err := simulation.ParseScript("cluster 1 1\nuser create svc web\nsettle\nuser create rc web 1\nsettle\nuser create pod p run\nsettle")
	require.NoError(t, err)
	r, err := simulation.Replay(context.Background(), size, script, true)
	require.NoError(t, err)
	tests := map[string]func(m *made){
		"api.End": func(m *made) {
			m.add("scheduler", trace.Line{Watch: &trace.Watch{ID: "w", Client: "scheduler-1/9", Layer: trace.API, Resource: "pods"}})
			m.add("scheduler", trace.Line{Event: &trace.Event{Watch: "w", Type: "ADDED"}})
			m.add("scheduler", trace.Line{Event: &trace.Event{Watch: "w", Type: "ERROR", Code: 410, Reason: "Expired"}})
		},
		"api.Replace": func(m *made) {
			m.add("control-1", trace.Line{Call: &trace.Call{ID: "l", Client: "control-1-1/1", Layer: trace.Store, Verb: "list", Key: cache.Root}})
			m.add("control-1", trace.Line{Return: &trace.Return{ID: "l", Outcome: trace.OK}})
		},
		"proxy.Policy": func(m *made) {
			m.version("services", "web", func(object map[string]any) { part(object, "spec")["internalTrafficPolicy"] = "Local" })
		},
		"scheduler.Resize": func(m *made) {
			m.version("nodes", "worker-1", func(object map[string]any) { part(part(object, "status"), "allocatable")["cpu"] = "1" })
		},
		"scheduler.Return": func(m *made) {
			m.version("nodes", "worker-1", nil)
			m.version("nodes", "worker-1", keep)
		},
		"namespace.Hold": func(m *made) {
			m.version("namespaces", "work", func(object map[string]any) {
				part(object, "spec")["finalizers"] = []any{"kubernetes", "example.com/held"}
			})
		},
		"namespace.Release": func(m *made) {
			m.version("namespaces", "work", func(object map[string]any) { part(object, "metadata")["finalizers"] = []any{"example.com/held"} })
			m.version("namespaces", "work", func(object map[string]any) { delete(part(object, "metadata"), "finalizers") })
		},
		"node.Mark": func(m *made) {
			m.add("user", trace.Line{Call: &trace.Call{ID: "m", Layer: trace.API, Verb: "update", Resource: "nodes", Name: "worker-1"}})
			revision := m.version("nodes", "worker-1", func(object map[string]any) {
				part(object, "spec")["taints"] = []any{map[string]any{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}}
			})
			m.add("user", trace.Line{Return: &trace.Return{ID: "m", Outcome: trace.OK, Object: &trace.Ref{Resource: "nodes", Name: "worker-1", Revision: revision}}})
		},
		"node.Retire": func(m *made) {
			m.version("nodes", "worker-1", func(object map[string]any) {
				part(object, "spec")["taints"] = []any{map[string]any{"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}}
			})
		},
		"node.Register": func(m *made) {
			m.version("nodes", "worker-1", nil)
			m.version("nodes", "worker-1", keep)
		},
		"node.Tolerate": func(m *made) {
			m.version("pods", "p", func(object map[string]any) {
				part(object, "spec")["tolerations"] = []any{map[string]any{"operator": "Exists"}}
			})
		},
		"account.Issue": func(m *made) {
			m.add("user", trace.Line{Call: &trace.Call{ID: "t", Layer: trace.API, Verb: "create", Resource: "serviceaccounts", Namespace: "work", Name: "default", Subresource: "token"}})
			m.add("user", trace.Line{Return: &trace.Return{ID: "t", Outcome: trace.OK}})
		},
		"kubelet.Impose": func(m *made) {
			m.add("nodes", trace.Line{Call: &trace.Call{ID: "i", Layer: trace.API, Verb: "update", Resource: "pods", Namespace: "work", Name: "p", Subresource: "status"}})
			revision := m.version("pods", "p", func(object map[string]any) { part(object, "status")["phase"] = "Failed" })
			m.add("nodes", trace.Line{Return: &trace.Return{ID: "i", Outcome: trace.OK, Object: &trace.Ref{Resource: "pods", Namespace: "work", Name: "p", Revision: revision}}})
		},
		"kubelet.Die": func(m *made) {
			m.container("main", "started")
			m.container("", "exited")
		},
		"kubelet.Land": func(m *made) {
			m.container("main", "created")
			m.add("kubelet-worker-1", trace.Line{Step: &trace.Step{Component: "kubelet", Key: "work/p",
				Plan: []trace.Effect{{Verb: "start container", Object: trace.Ref{Resource: "pods", Name: "p", UID: "made", Key: "main"}}}}})
			m.add("runner", trace.Line{Life: &trace.Life{Name: "kubelet-worker-1", State: "exit"}})
			m.container("main", "started")
		},
	}
	for i, a := range actions.Actions() {
		if a.Where != actions.Nowhere {
			continue
		}
		t.Run(a.String(), func(t *testing.T) {
			m := &made{t, r.Header, append([]trace.Line(nil), r.Lines...)}
			require.Empty(t, actions.Find(history.New(m.header, m.lines))[i])
			require.NotNil(t, tests[a.String()], "there is no trace that shows it")
			tests[a.String()](m)
			require.Len(t, actions.Find(history.New(m.header, m.lines))[i], 1)
		})
	}
}
