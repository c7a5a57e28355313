package checker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"orrery/checker"
	"orrery/checker/history"
	"orrery/checker/linear"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// busy is a long legal history of both layers: clients that create, read, list, update and delete pods one after the other.
func busy(lines int) (trace.Header, []trace.Line) {
	var all []trace.Line
	now, revision, calls := int64(0), int64(1), 0
	emit := func(l trace.Line) {
		now++
		l.Time, l.Process = now, "p"
		all = append(all, l)
	}
	spec, _ := json.Marshal(map[string]any{"containers": []map[string]string{{"name": "main", "image": "registry/app:v1"}}, "nodeName": "worker-1"})
	write := func(call *trace.Call, name, uid string, previous int64, deleted bool) int64 {
		calls++
		call.ID, call.Client, call.Layer, call.Resource, call.Namespace, call.Name = fmt.Sprint(calls), "a", trace.API, "pods", "default", name
		emit(trace.Line{Call: call})
		key, id := "/registry/pods/default/"+name, fmt.Sprint("s", calls)
		put := &trace.Call{ID: id, Client: "s", Layer: trace.Store, Verb: "put", Key: key, Expected: previous, Hash: "h"}
		if deleted {
			put.Verb, put.Hash = "delete", ""
		}
		emit(trace.Line{Call: put})
		revision++
		r := &trace.Revision{Revision: revision, Key: key, Previous: previous, Deleted: deleted, Resource: "pods", Namespace: "default", Name: name, UID: uid, Hash: "h"}
		if !deleted {
			r.Object = json.RawMessage(fmt.Sprintf(`{"metadata":{"name":%q,"namespace":"default","uid":%q,"resourceVersion":"%d","generation":1},"spec":%s}`, name, uid, revision, spec))
		}
		emit(trace.Line{Revision: r})
		emit(trace.Line{Return: &trace.Return{ID: id, Outcome: trace.OK, Succeeded: true, Revision: revision}})
		emit(trace.Line{Return: &trace.Return{ID: call.ID, Outcome: trace.OK, Object: &trace.Ref{Resource: "pods", Namespace: "default", Name: name, UID: uid, Revision: revision}}})
		return revision
	}
	read := func(call *trace.Call, ret *trace.Return) {
		calls++
		call.ID, call.Client, call.Layer, call.Resource, call.Namespace = fmt.Sprint(calls), "b", trace.API, "pods", "default"
		ret.ID, ret.Outcome = call.ID, trace.OK
		emit(trace.Line{Call: call})
		emit(trace.Line{Return: ret})
	}
	type pod struct {
		name, uid string
		revision  int64
	}
	var live []pod
	for n := 0; len(all) < lines; n++ {
		p := pod{name: fmt.Sprint("pod-", n), uid: fmt.Sprint("uid-", n)}
		p.revision = write(&trace.Call{Verb: "create", Body: spec}, p.name, p.uid, 0, false)
		p.revision = write(&trace.Call{Verb: "update", ResourceVersion: fmt.Sprint(p.revision)}, p.name, p.uid, p.revision, false)
		live = append(live, p)
		read(&trace.Call{Verb: "get", Name: p.name}, &trace.Return{Object: &trace.Ref{Resource: "pods", Namespace: "default", Name: p.name, Revision: p.revision}})
		if n%20 == 0 {
			ret := &trace.Return{Revision: revision}
			for _, p := range live {
				ret.Items = append(ret.Items, trace.Ref{Resource: "pods", Namespace: "default", Name: p.name, UID: p.uid, Revision: p.revision})
			}
			read(&trace.Call{Verb: "list"}, ret)
		}
		if len(live) > 50 {
			p, live = live[0], live[1:]
			write(&trace.Call{Verb: "delete", UID: p.uid}, p.name, p.uid, p.revision, true)
		}
	}
	return trace.Header{Format: trace.Format, Mode: trace.Real, Revision: 1}, all
}

const busyLines = 100_000

func BenchmarkLoad(b *testing.B) {
	for _, name := range []string{"trace.jsonl", "trace.jsonl.zst"} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), name)
			if err := history.Save(path, busyHeader, busyTrace); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := history.Load(path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

var busyHeader, busyTrace = busy(busyLines)

func BenchmarkLinear(b *testing.B) {
	h := history.New(busyHeader, busyTrace)
	for b.Loop() {
		if result := (linear.Checker{}).Check(context.Background(), h, verdict.DefaultLimits); result.Verdict() != verdict.Ok {
			b.Fatal(result)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	h := history.New(busyHeader, busyTrace)
	for b.Loop() {
		checker.Judge(context.Background(), h, verdict.DefaultLimits)
	}
}
