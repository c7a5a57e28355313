package refine

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/trace"
)

// Goal: each decision that the namespace controller's model refuses is refused, with the reason, and those that empty a namespace and let it go are
// not. Method: the namespace n and a config map in it in the store, a look at it, and one decision.

// spaces is a recording about the namespace n.
type spaces struct {
	*recording
	calls int
}

func emptied() *spaces { return &spaces{recording: &recording{}} }

// key stores a version of what a key holds; empty: nothing.
func (s *spaces) key(resource, namespace, name, uid, object string) *spaces {
	key := "/registry/" + resource + "/" + name
	if namespace != "" {
		key = "/registry/" + resource + "/" + namespace + "/" + name
	}
	s.add(trace.Line{Process: "store", Revision: &trace.Revision{Revision: int64(len(s.lines) + 1), Key: key, Resource: resource, Namespace: namespace,
		Name: name, UID: uid, Object: json.RawMessage(object), Deleted: object == ""}})
	return s
}

// is stores a version of the namespace; going: of one that is being deleted.
func (s *spaces) is(uid, more, finalizers string) *spaces {
	return s.key("namespaces", "", "n", uid, fmt.Sprintf(`{"metadata":{"name":"n","uid":%q%s},"spec":{"finalizers":[%s]}}`, uid, more, finalizers))
}

func (s *spaces) going() *spaces { return s.is("u", leaving, `"kubernetes"`) }

// holds stores a config map in the namespace.
func (s *spaces) holds(uid, more string) *spaces {
	return s.key("configmaps", "n", "c", uid, fmt.Sprintf(`{"metadata":{"name":"c","uid":%q%s}}`, uid, more))
}

// asks adds a step of the controller, whose cache shows everything up to a revision.
func (s *spaces) asks(view int64, plan ...trace.Effect) *spaces {
	s.add(trace.Line{Step: &trace.Step{Component: "namespace-controller", Key: "n", View: map[string]int64{"namespaces": view}, Plan: plan}})
	return s
}

func (s *spaces) id() string {
	s.calls++
	return fmt.Sprint("c", s.calls)
}

// lists is a look at config maps: it shows what there is at a revision; 0: it was refused.
func (s *spaces) lists(revision int64) *spaces {
	id := s.id()
	s.asks(int64(len(s.lines)), trace.Effect{Call: id, Verb: "list", Object: trace.Ref{Resource: "configmaps", Namespace: "n"}})
	return s.listed(id, revision)
}

func (s *spaces) listed(id string, revision int64) *spaces {
	s.add(trace.Line{Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "list", Resource: "configmaps", Namespace: "n"}})
	ret := &trace.Return{ID: id, Outcome: trace.OK, Revision: revision}
	if revision == 0 {
		ret = &trace.Return{ID: id, Outcome: trace.Failed, Code: 500}
	}
	s.add(trace.Line{Return: ret})
	return s
}

// looks is a look at config maps as they are now, and then at the namespace, which has that UID; empty: there is none.
func (s *spaces) looks(uid string) *spaces { return s.looked(uid, false) }

func (s *spaces) looked(uid string, before bool) *spaces {
	list, get, now := s.id(), s.id(), int64(len(s.lines))
	s.asks(now, trace.Effect{Call: list, Verb: "list", Object: trace.Ref{Resource: "configmaps", Namespace: "n"}},
		trace.Effect{Call: get, Verb: "get", Object: trace.Ref{Resource: "namespaces", Name: "n"}})
	if !before {
		s.listed(list, now)
	}
	s.add(trace.Line{Call: &trace.Call{ID: get, Client: get, Layer: trace.API, Verb: "get", Resource: "namespaces", Name: "n"}})
	ret := &trace.Return{ID: get, Outcome: trace.OK, Object: &trace.Ref{Resource: "namespaces", Name: "n", UID: uid, Revision: now}}
	if uid == "" {
		ret = &trace.Return{ID: get, Outcome: trace.Failed, Code: notFound}
	}
	s.add(trace.Line{Return: ret})
	if before {
		s.listed(list, now)
	}
	return s
}

// deletes is the decision to delete the config map of that UID, in a view of the revision; grace is that of the request.
func (s *spaces) deletes(view int64, uid string, grace *int64) *spaces {
	id := s.id()
	s.asks(view, trace.Effect{Call: id, Verb: "delete", Object: trace.Ref{Resource: "configmaps", Namespace: "n", Name: "c", UID: uid}})
	s.add(trace.Line{Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "delete", Resource: "configmaps", Namespace: "n", Name: "c", UID: uid, Grace: grace}})
	return s
}

// finalizes is the decision to finalize the namespace at a version, leaving some finalizers, in a view of a revision.
func (s *spaces) finalizes(view, version int64, leaves string) *spaces {
	id := s.id()
	s.asks(view, trace.Effect{Call: id, Verb: "update", Subresource: "finalize", ResourceVersion: fmt.Sprint(version), Object: trace.Ref{Resource: "namespaces", Name: "n", UID: "u"}})
	s.add(trace.Line{Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "update", Subresource: "finalize", Resource: "namespaces", Name: "n", UID: "u",
		ResourceVersion: fmt.Sprint(version), Body: json.RawMessage(fmt.Sprintf(`{"metadata":{"name":"n"},"spec":{"finalizers":[%s]}}`, leaves))}})
	return s
}

func TestNamespace(t *testing.T) {
	force := new(int64)
	for _, test := range []struct {
		name string
		run  *spaces
		why  string // empty: allowed
	}{
		{"what is there is deleted", emptied().holds("c1", "").going().looks("u").deletes(2, "c1", nil), ""},
		{"nothing was listed", emptied().holds("c1", "").going().asks(2).deletes(2, "c1", nil), "the namespace was not read live after its content"},
		{"the namespace was not read", emptied().holds("c1", "").going().lists(2).deletes(2, "c1", nil), "the namespace was not read live after its content"},
		{"the namespace was read before its content was listed", emptied().holds("c1", "").going().looked("u", true).deletes(2, "c1", nil),
			"the namespace was not read live after its content"},
		{"the namespace is not being deleted", emptied().holds("c1", "").is("u", "", `"kubernetes"`).looks("u").deletes(2, "c1", nil), "the namespace is not being deleted"},
		{"there is no namespace", emptied().holds("c1", "").asks(1).deletes(1, "c1", nil), "the namespace is not being deleted"},
		{"another namespace has the name", emptied().holds("c1", "").going().looks("v").deletes(2, "c1", nil), "another namespace has the name, or none"},
		{"no namespace has the name", emptied().holds("c1", "").going().looks("").deletes(2, "c1", nil), "another namespace has the name, or none"},
		{"another object has the name", emptied().holds("c1", "").going().looks("u").deletes(2, "c2", nil), "configmaps/n/c is not there, or is being deleted already"},
		{"it is being deleted already", emptied().holds("c1", leaving).going().looks("u").deletes(2, "c1", nil), "configmaps/n/c is not there, or is being deleted already"},
		{"it is deleted by force", emptied().holds("c1", "").going().looks("u").deletes(2, "c1", force), "configmaps/n/c has its grace"},

		{"it is empty", emptied().holds("c1", "").going().key("configmaps", "n", "c", "", "").lists(3).finalizes(3, 2, ""), ""},
		{"nothing was ever in it", emptied().going().asks(1).finalizes(1, 1, ""), ""},
		{"it is not empty", emptied().holds("c1", "").going().lists(2).finalizes(2, 2, ""), "configmaps/n/c is there"},
		{"it is not empty, but for what is being deleted", emptied().holds("c1", leaving).going().lists(2).finalizes(2, 2, ""), "configmaps/n/c is there"},
		{"nobody has looked (G01)", emptied().holds("c1", "").going().asks(2).finalizes(2, 2, ""), "configmaps/n/c was not looked for"},
		{"the look was refused", emptied().holds("c1", "").going().lists(0).finalizes(2, 2, ""), "configmaps/n/c was not looked for"},
		{"a resource was forgotten", emptied().key("secrets", "n", "s", "s1", `{}`).going().lists(2).finalizes(2, 2, ""), "secrets/n/s was not looked for"},
		{"it was listed before it was being deleted (G01)", emptied().is("u", "", `"kubernetes"`).holds("c1", "").key("configmaps", "n", "c", "", "").going().
			lists(3).finalizes(4, 4, ""), "configmaps/n/c was not looked for"},
		{"what is in another namespace is no matter", emptied().key("secrets", "m", "s", "s1", `{}`).going().lists(2).finalizes(2, 2, ""), ""},
		{"it is not being deleted", emptied().is("u", "", `"kubernetes"`).lists(1).finalizes(1, 1, ""), "the namespace is not being deleted"},
		{"it is finalized already", emptied().is("u", leaving, `"example.com/f"`).lists(1).finalizes(1, 1, `"example.com/f"`), "the namespace is finalized already"},
		{"the other finalizer stays", emptied().is("u", leaving, `"kubernetes","example.com/f"`).lists(1).finalizes(1, 1, `"example.com/f"`), ""},
		{"the other finalizer goes", emptied().is("u", leaving, `"kubernetes","example.com/f"`).lists(1).finalizes(1, 1, ""), "it takes the finalizer example.com/f away"},
		{"another version is finalized", emptied().going().lists(1).going().finalizes(1, 4, ""), `if that is at resourceVersion "4", and has seen it at "1"`},
		{"any version is finalized", emptied().going().lists(1).finalizes(1, 0, ""), `if that is at resourceVersion "0", and has seen it at "1"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := test.run.judge().Findings
			if test.why == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			require.ErrorIs(t, found[0].Guarantee, Allowed)
			require.Contains(t, found[0].Text, test.why)
		})
	}
}
