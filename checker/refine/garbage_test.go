package refine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// Goal: each kind of decision of the garbage collector's that the model refuses is refused, with the reason, and each that it allows is not. Method:
// short recordings: what the store went through, what the collector read, and one decision.

// gcResources are those of the collector's caches.
var gcResources = []string{"configmaps", "pods"}

// ownedBy is an object with references, "name:uid" of config maps, "!" at the end for one that blocks, and more of its metadata.
func ownedBy(uid, more string, refs ...string) string {
	var all []string
	for _, ref := range refs {
		ref, blocks := strings.CutSuffix(ref, "!")
		name, owner, _ := strings.Cut(ref, ":")
		kind := "ConfigMap"
		if strings.HasPrefix(name, "widget") {
			kind = "Widget"
		}
		all = append(all, fmt.Sprintf(`{"apiVersion":"v1","kind":%q,"name":%q,"uid":%q,"blockOwnerDeletion":%v}`, kind, name, owner, blocks))
	}
	return fmt.Sprintf(`{"metadata":{"uid":%q%s,"ownerReferences":[%s]}}`, uid, more, strings.Join(all, ","))
}

const (
	goesForeground = `,"deletionTimestamp":"2026-01-01T00:00:30Z","finalizers":["foregroundDeletion"]`
	goesOrphan     = `,"deletionTimestamp":"2026-01-01T00:00:30Z","finalizers":["orphan"]`
	goes           = `,"deletionTimestamp":"2026-01-01T00:00:30Z","finalizers":["f"]`
)

func (r *recording) config(name, object string) *recording {
	return r.store("configmaps", name, object)
}

// collector is a step of the garbage collector's about the config map x.
func (r *recording) collector(effects ...trace.Effect) *recording {
	view := map[string]int64{}
	for _, resource := range gcResources {
		view[resource] = int64(len(r.lines))
	}
	return r.add(trace.Line{Step: &trace.Step{Component: "garbage-collector-controller", Key: "configmaps/ns/x", View: view, Plan: effects}})
}

func of(id, verb, resource, name string) trace.Effect {
	return trace.Effect{Call: id, Verb: verb, Object: trace.Ref{Resource: resource, Namespace: "ns", Name: name}}
}

// live are live reads, of config maps, in that order, by the step before: a resource with * is a list of it. What begins with - goes meanwhile.
func (r *recording) live(names ...string) *recording {
	var reads []trace.Effect
	id := func(i int) string { return fmt.Sprintf("read%d.%d", len(r.lines), i) }
	gone := map[int]string{} // before the read of that number
	for i, name := range names {
		if resource, all := strings.CutSuffix(name, "*"); all {
			reads = append(reads, of(id(i), "list", resource, ""))
		} else if goes, ok := strings.CutPrefix(name, "-"); ok {
			gone[len(reads)] = goes
		} else {
			reads = append(reads, of(id(i), "get", "configmaps", name))
		}
	}
	r.collector(reads...)
	for i, e := range reads {
		if gone[i] != "" {
			r.config(gone[i], "")
		}
		r.add(trace.Line{Call: &trace.Call{ID: e.Call, Client: e.Call, Layer: trace.API, Verb: e.Verb, Resource: e.Object.Resource, Namespace: "ns", Name: e.Object.Name}})
		back := &trace.Return{ID: e.Call, Outcome: trace.OK}
		for _, last := range r.last(e.Object.Resource) {
			ref := trace.Ref{Resource: last.Resource, Namespace: last.Namespace, Name: last.Name, UID: last.UID, Revision: last.Revision}
			if e.Verb == "list" {
				back.Items = append(back.Items, ref)
			} else if last.Name == e.Object.Name {
				back.Object = &ref
			}
		}
		if e.Verb == "get" && back.Object == nil {
			back.Outcome, back.Code = trace.Failed, notFound
		}
		r.add(trace.Line{Return: back})
	}
	return r
}

// last are the objects of a resource that are there, in the order in which they were made.
func (r *recording) last(resource string) (there []trace.Revision) {
	for _, l := range r.lines {
		if v := l.Revision; v != nil && v.Resource == resource && r.previous[v.Key].Revision == v.Revision && !v.Deleted {
			there = append(there, *v)
		}
	}
	return there
}

// collectsBy is a decision about the latest version, and its request: a deletion with that policy, or an update to that object.
func (r *recording) collectsBy(name, policyOrBody string) *recording {
	e := of("w", "update", "configmaps", name)
	call := trace.Call{ID: "w", Client: "w", Layer: trace.API, Resource: "configmaps", Namespace: "ns", Name: name}
	if call.Body = json.RawMessage(policyOrBody); !strings.HasPrefix(policyOrBody, "{") {
		e.Verb, call.Policy, call.Body = "delete", policyOrBody, nil
	}
	for _, l := range r.lines {
		if v := l.Revision; v != nil && v.Resource == "configmaps" && v.Name == name && !v.Deleted {
			e.Object.UID, e.ResourceVersion = v.UID, fmt.Sprint(v.Revision)
		}
	}
	call.Verb, call.UID, call.ResourceVersion = e.Verb, e.Object.UID, e.ResourceVersion
	r.collector(e)
	return r.add(trace.Line{Call: &call})
}

func TestGarbage(t *testing.T) {
	start := func() *recording { return &recording{} }
	all := []string{"x", "configmaps*", "pods*"}
	for _, test := range []struct {
		name string
		run  *recording
		why  string // empty: allowed
	}{
		{"what dangles is collected", start().config("x", ownedBy("x", "", "o:1")).live("x", "o").collectsBy("x", "Background"), ""},
		{"its owner has another UID", start().config("o", ownedBy("2", "")).config("x", ownedBy("x", "", "o:1")).live("x", "o").collectsBy("x", "Background"), ""},
		{"its owner is there", start().config("o", ownedBy("1", "")).config("x", ownedBy("x", "", "o:1")).live("x", "o").collectsBy("x", "Background"), "configmaps/ns/x: an owner is there"},
		{"one of two owners is there", start().config("o", ownedBy("1", "")).config("x", ownedBy("x", "", "o:1", "p:2")).live("x", "o", "p").collectsBy("x", "Background"), "configmaps/ns/x: an owner is there"},
		{"its owner is being deleted in the background", start().config("o", ownedBy("1", goes)).config("x", ownedBy("x", "", "o:1")).live("x", "o").collectsBy("x", "Background"), "configmaps/ns/x: an owner is there"},
		{"its owner was not looked for", start().config("x", ownedBy("x", "", "o:1", "p:2")).live("x", "o").collectsBy("x", "Background"), "configmaps/ns/x: an owner was not read live"},
		{"nothing was read", start().config("x", ownedBy("x", "", "o:1")).collectsBy("x", "Background"), "configmaps/ns/x was not read live, or is not there"},
		{"its owner was looked for before the object was read", start().config("x", ownedBy("x", "", "o:1")).live("o", "x").collectsBy("x", "Background"), "configmaps/ns/x: an owner was not read live"},
		{"it was read by an earlier step", start().config("x", ownedBy("x", "", "o:1")).live("x", "o").collector().collectsBy("x", "Background"), "configmaps/ns/x was not read live, or is not there"},
		{"it has changed since", start().config("x", ownedBy("x", "", "o:1")).live("x", "o").config("x", ownedBy("x", "", "o:1")).collectsBy("x", "Background"),
			`what is decided about configmaps/ns/x requires UID "x" and resourceVersion "7", and read were "x" and 1`},
		{"it has no owner", start().config("x", ownedBy("x", "")).live("x").collectsBy("x", "Background"), "configmaps/ns/x: it never had an owner"},
		{"an owner of a kind that is not served is taken to stay", start().config("x", ownedBy("x", "", "widget:1")).live("x").collectsBy("x", "Background"), "configmaps/ns/x: an owner is there"},
		{"a reference is taken away beside it", start().config("x", ownedBy("x", "", "widget:1", "o:1")).live("x", "o").collectsBy("x", ownedBy("x", "", "widget:1")), ""},
		{"its owner waits", start().config("o", ownedBy("1", goesForeground)).config("x", ownedBy("x", "", "o:1!")).live("x", "o").collectsBy("x", "Background"), ""},
		{"its owner waits, and it has dependents", start().config("o", ownedBy("1", goesForeground)).config("x", ownedBy("x", "", "o:1!")).config("d", ownedBy("d", "", "x:x")).live("x", "o").
			collectsBy("x", "Background"), "configmaps/ns/x: an owner waits, and so must what depends on it be waited for"},
		{"in the foreground, then", start().config("o", ownedBy("1", goesForeground)).config("x", ownedBy("x", "", "o:1!")).config("d", ownedBy("d", "", "x:x")).live("x", "o").
			collectsBy("x", "Foreground"), ""},
		{"its dependents are to stay, and nobody wished that", start().config("x", ownedBy("x", "", "o:1")).live("x", "o").collectsBy("x", "Orphan"), "configmaps/ns/x: nobody wished that its dependents stay"},
		{"it wished so itself", start().config("x", ownedBy("x", `,"finalizers":["orphan"]`, "o:1")).live("x", "o").collectsBy("x", "Orphan"), ""},
		{"it is left to the server", start().config("x", ownedBy("x", "", "o:1")).live("x", "o").collectsBy("x", ""), "configmaps/ns/x is deleted, and what becomes of its dependents is left to the server"},
		{"it is being deleted already", start().config("x", ownedBy("x", goes, "o:1")).live("x", "o").collectsBy("x", "Background"), "configmaps/ns/x: it is being deleted already"},

		{"a reference goes whose owner is gone, as another stays", start().config("o", ownedBy("1", "")).config("x", ownedBy("x", "", "o:1", "p:2")).live("x", "o", "p").collectsBy("x", ownedBy("x", "", "o:1")), ""},
		{"a reference goes whose owner stays", start().config("o", ownedBy("1", "")).config("x", ownedBy("x", "", "o:1", "p:2")).live("x", "o", "p").collectsBy("x", ownedBy("x", "", "p:2")), "configmaps/ns/x: the owner stays, or was not read live"},
		{"one goes of two to one name", start().config("o", ownedBy("1", "")).config("x", ownedBy("x", "", "o:1", "o:2")).live("x", "o").collectsBy("x", ownedBy("x", "", "o:1")), ""},
		{"a reference goes, and no owner stays", start().config("x", ownedBy("x", "", "o:1", "p:2")).live("x", "o", "p").collectsBy("x", ownedBy("x", "", "o:1")), "configmaps/ns/x: no other owner stays"},
		{"it is given an owner", start().config("o", ownedBy("1", "")).config("x", ownedBy("x", "", "o:1", "p:2")).live("x", "o", "p").collectsBy("x", ownedBy("x", "", "o:1", "q:3")), "configmaps/ns/x is given an owner"},
		{"another's finalizer goes", start().config("x", ownedBy("x", goes, "o:1")).live("x", "o").collectsBy("x", ownedBy("x", "", "o:1")), "configmaps/ns/x has the finalizers [f] and is given []"},
		{"nothing is changed", start().config("x", ownedBy("x", goes, "o:1")).live("x", "o").collectsBy("x", ownedBy("x", goes, "o:1")), "configmaps/ns/x is updated, and neither its owners nor its wish changes"},

		{"who orphans goes when none refers to it", start().config("x", ownedBy("x", goesOrphan)).live(all...).collectsBy("x", ownedBy("x", "")), ""},
		{"one refers to it", start().config("x", ownedBy("x", goesOrphan)).config("d", ownedBy("d", "", "x:x")).live(all...).collectsBy("x", ownedBy("x", "")), "configmaps/ns/x: configmaps/ns/d still depends on it"},
		{"one refers to another of its name", start().config("x", ownedBy("x", goesOrphan)).config("d", ownedBy("d", "", "x:y")).live(all...).collectsBy("x", ownedBy("x", "")), ""},
		{"it refers to itself", start().config("x", ownedBy("x", goesOrphan, "x:x")).live(all...).collectsBy("x", ownedBy("x", "", "x:x")), "configmaps/ns/x: configmaps/ns/x still depends on it"},
		{"it did, and is gone when all are listed", start().config("x", ownedBy("x", goesOrphan, "x:x")).live("x", "-x", "configmaps*", "pods*").collectsBy("x", ownedBy("x", "", "x:x")), ""},
		{"not all was listed", start().config("x", ownedBy("x", goesOrphan)).live("x", "configmaps*").collectsBy("x", ownedBy("x", "")),
			"configmaps/ns/x: pods/ns/any, which may depend on it, was not read live"},
		{"it stays", start().config("x", ownedBy("x", `,"finalizers":["orphan"]`)).live(all...).collectsBy("x", ownedBy("x", "")), "configmaps/ns/x: it is not being deleted with a wish for its dependents"},
		{"its dependents are orphaned", start().config("x", ownedBy("x", goesOrphan)).config("d", ownedBy("d", "", "x:x!")).live(all...).collectsBy("d", ownedBy("d", "")), ""},
		{"its dependents are orphaned, and it did not wish it", start().config("x", ownedBy("x", goesForeground)).config("d", ownedBy("d", "", "x:x!")).live(all...).collectsBy("d", ownedBy("d", "")), "configmaps/ns/d: its owner does not orphan it"},

		{"who waits goes when none blocks it", start().config("x", ownedBy("x", goesForeground)).config("d", ownedBy("d", "", "x:x")).live(all...).collectsBy("x", ownedBy("x", "")), ""},
		{"one blocks it", start().config("x", ownedBy("x", goesForeground)).config("d", ownedBy("d", "", "x:x!")).live(all...).collectsBy("x", ownedBy("x", "")), "configmaps/ns/x: configmaps/ns/d still depends on it"},

		{"a circle is broken", start().config("x", ownedBy("x", goesForeground, "d:d!")).config("d", ownedBy("d", goesForeground, "x:x!")).live(all...).collectsBy("x", ownedBy("x", goesForeground, "d:d")), ""},
		{"one is broken that does not wait", start().config("x", ownedBy("x", goesForeground, "d:d!")).config("d", ownedBy("d", "", "x:x!")).live(all...).collectsBy("x", ownedBy("x", goesForeground, "d:d")),
			"configmaps/ns/x: it does not wait for itself by way of that owner"},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := test.run.judge()
			if test.why == "" {
				require.Equal(t, verdict.Ok, result.Verdict(), "%v %v", result.Findings, result.Unknown)
			} else {
				require.NotEmpty(t, result.Findings, "%v", result.Unknown)
				require.Equal(t, Allowed, result.Findings[0].Guarantee)
				require.Equal(t, "garbage-collector-controller decided about configmaps/ns/x what its model refuses: "+test.why, result.Findings[0].Text)
			}
			share := Shares(test.run.history())["garbage-collector-controller"]
			require.Equal(t, Share{1, 1}, share)
		})
	}
}

// Goal: nothing is guessed. Method: a decision whose reads showed a version that is not in the recording, and one that tells no view.
func TestGarbageNotJudged(t *testing.T) {
	run := (&recording{}).config("x", ownedBy("x", "", "o:1")).live("x", "o").collectsBy("x", "Background")
	for i, l := range run.lines {
		if l.Return != nil && l.Return.Object != nil {
			run.lines[i].Return.Object.Revision = 77
		}
	}
	require.Equal(t, Share{0, 1}, Shares(run.history())["garbage-collector-controller"])
	require.NotContains(t, fmt.Sprint(run.judge().Findings), Allowed.Error())
	run = (&recording{}).config("x", ownedBy("x", "", "o:1")).collectsBy("x", "Background")
	for _, l := range run.lines {
		if l.Step != nil {
			l.Step.View = nil
		}
	}
	require.Equal(t, Share{0, 1}, Shares(run.history())["garbage-collector-controller"])
}
