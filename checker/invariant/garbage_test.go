package invariant

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/trace"
)

// Goal: rows 109 to 111 are seen to be broken, and seen not to be broken by the nearest thing that is allowed. Method: what the garbage collector
// did to a pod p or its owner web, after what had been there.

// refers is a pod with references to owners: name:uid, each with ! if it blocks, and more of its metadata.
func refers(uid, more string, refs ...string) string {
	var all []string
	for _, ref := range refs {
		ref, blocks := strings.CutSuffix(ref, "!")
		kind, ref, _ := strings.Cut(ref, "/")
		name, owner, _ := strings.Cut(ref, ":")
		all = append(all, fmt.Sprintf(`{"apiVersion":"v1","kind":%q,"name":%q,"uid":%q,"blockOwnerDeletion":%v}`, kind, name, owner, blocks))
	}
	return fmt.Sprintf(`{"metadata":{"uid":%q%s,"ownerReferences":[%s]}}`, uid, more, strings.Join(all, ","))
}

const (
	webRC   = "ReplicationController/web:o1"
	waits   = `{"metadata":{"uid":"o1","deletionTimestamp":"2026-01-01T00:00:30Z","finalizers":["foregroundDeletion"]}}`
	orphans = `{"metadata":{"uid":"o1","deletionTimestamp":"2026-01-01T00:00:30Z","finalizers":["orphan"]}}`
	there   = `{"metadata":{"uid":"o1"}}`
)

// collects is a request of the collector's that took effect: a deletion, or an update, of that version of an object.
func (r *recording) collects(verb, resource, name, uid string, version int64, outcome trace.Outcome) *recording {
	id := fmt.Sprint("g/", len(r.lines))
	r.step(trace.Step{Component: collector, Key: resource + "/ns/" + name, View: map[string]int64{"pods": 1, "replicationcontrollers": 1},
		Plan: []trace.Effect{{Call: id, Verb: verb, Object: trace.Ref{Resource: resource, Namespace: "ns", Name: name, UID: uid}}}})
	return r.call(trace.Call{ID: id, Client: "g", Verb: verb, Resource: resource, Namespace: "ns", Name: name, UID: uid, ResourceVersion: fmt.Sprint(version)}, trace.Return{Outcome: outcome})
}

func TestGarbage(t *testing.T) {
	start := func() *recording { return &recording{} }
	const rcs = "replicationcontrollers"
	for _, test := range []struct {
		name   string
		run    *recording
		breaks *guarantee // nil: legal
	}{
		{"its owner is gone", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", webRC)).remove(rcs, "web").collects("delete", "pods", "p", "u1", 2, trace.OK).remove("pods", "p"), nil},
		{"its owner has another UID", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", "ReplicationController/web:o0")).collects("delete", "pods", "p", "u1", 2, trace.OK).remove("pods", "p"), nil},
		{"its owner is there", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", webRC)).collects("delete", "pods", "p", "u1", 2, trace.OK).remove("pods", "p"), &CollectsOwnerless},
		{"its owner is there, and it is only marked", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", webRC)).collects("delete", "pods", "p", "u1", 2, trace.OK).
			put("pods", "p", refers("u1", `,"deletionTimestamp":"2026-01-01T00:00:30Z"`, webRC)), &CollectsOwnerless},
		{"one of two owners is there", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", "ReplicationController/db:o0", webRC)).collects("delete", "pods", "p", "u1", 2, trace.OK).remove("pods", "p"), &CollectsOwnerless},
		{"its owner waits for it", start().put(rcs, "web", waits).put("pods", "p", refers("u1", "", webRC)).collects("delete", "pods", "p", "u1", 2, trace.OK).remove("pods", "p"), nil},
		{"it has no owner", start().put("pods", "p", refers("u1", "")).collects("delete", "pods", "p", "u1", 1, trace.OK).remove("pods", "p"), &CollectsOwnerless},
		{"its owner is of a kind that is not served", start().put("pods", "p", refers("u1", "", "Widget/w:w")).collects("delete", "pods", "p", "u1", 1, trace.OK).remove("pods", "p"), &CollectsOwnerless},
		{"its owner is of a kind that the collector does not see", start().put("pods", "p", refers("u1", "", "ConfigMap/c:c")).collects("delete", "pods", "p", "u1", 1, trace.OK).remove("pods", "p"), &CollectsOwnerless},
		{"whichever it is", start().put("pods", "p", refers("u1", "", webRC)).collects("delete", "pods", "p", "", 1, trace.OK).remove("pods", "p"), &CollectsOwnerless},
		{"a user deletes it", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", webRC)).collects("delete", "pods", "p", "u1", 1, trace.Failed).remove("pods", "p"), nil},

		{"none refers to it", start().put(rcs, "web", orphans).put("pods", "p", refers("u1", "")).collects("update", rcs, "web", "o1", 1, trace.OK).remove(rcs, "web"), nil},
		{"one refers to it", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", webRC)).put(rcs, "web", orphans).collects("update", rcs, "web", "o1", 3, trace.OK).remove(rcs, "web"), &OrphansFirst},
		{"one refers to it, and it stays", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", webRC)).put(rcs, "web", orphans).collects("update", rcs, "web", "o1", 3, trace.OK).
			put(rcs, "web", strings.Replace(orphans, "orphan", "f", 1)), &OrphansFirst},
		{"one refers to another of its name", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", "ReplicationController/web:o0")).put(rcs, "web", orphans).collects("update", rcs, "web", "o1", 3, trace.OK).remove(rcs, "web"), nil},
		{"one refers to it that was made too late", start().put(rcs, "web", orphans).put("pods", "p", refers("u1", "", webRC)).collects("update", rcs, "web", "o1", 1, trace.OK).remove(rcs, "web"), nil},
		{"one has referred to it since before", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", webRC)).put(rcs, "web", orphans).put("pods", "p", refers("u1", `,"labels":{"a":"b"}`, webRC)).
			collects("update", rcs, "web", "o1", 3, trace.OK).remove(rcs, "web"), &OrphansFirst},
		{"a user wishes otherwise", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", webRC)).put(rcs, "web", orphans).collects("update", rcs, "web", "o1", 3, trace.Failed).remove(rcs, "web"), nil},

		{"none blocks it", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", webRC)).put(rcs, "web", waits).collects("update", rcs, "web", "o1", 3, trace.OK).remove(rcs, "web"), nil},
		{"one blocks it", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", webRC+"!")).put(rcs, "web", waits).collects("update", rcs, "web", "o1", 3, trace.OK).remove(rcs, "web"), &DependentsFirst},
		{"one has come to block it too late", start().put(rcs, "web", there).put("pods", "p", refers("u1", "", webRC)).put(rcs, "web", waits).put("pods", "p", refers("u1", "", webRC+"!")).
			collects("update", rcs, "web", "o1", 3, trace.OK).remove(rcs, "web"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			for i := range test.run.lines { // that the write was allowed to take the finalizer is another guarantee's matter
				if c := test.run.lines[i].Call; c != nil && c.Verb == "update" {
					c.Body = []byte(`{"metadata":{"uid":"o1"}}`)
				}
			}
			result := test.run.judge()
			var broken []string
			for _, f := range result.Findings {
				if f.Row >= 109 && f.Row <= 111 {
					broken = append(broken, f.Guarantee.Error())
				}
			}
			if test.breaks == nil {
				require.Empty(t, broken)
				return
			}
			require.Equal(t, []string{test.breaks.Error()}, broken)
		})
	}
}
