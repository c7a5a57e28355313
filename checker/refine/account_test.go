package refine

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/verdict"
	"orrery/impl/trace"
)

func (r *recording) namespace(phase string) *recording {
	return r.add(trace.Line{Process: "store", Revision: &trace.Revision{Revision: int64(len(r.lines) + 1), Key: "/registry/namespaces/ns", Resource: "namespaces", Name: "ns", UID: "n",
		Object: json.RawMessage(fmt.Sprintf(`{"metadata":{"name":"ns","uid":"n"},"status":{"phase":%q}}`, phase))}})
}

func (r *recording) account(name, uid string) *recording {
	if uid == "" {
		return r.store("serviceaccounts", name, "")
	}
	return r.store("serviceaccounts", name, fmt.Sprintf(`{"metadata":{"name":%q,"uid":%q}}`, name, uid))
}

func rootMap(ca string) string {
	return fmt.Sprintf(`{"metadata":{"name":"kube-root-ca.crt","uid":"m"},"data":{"ca.crt":%q}}`, ca)
}

// secretOf is a secret of the account default, which says that this has a UID, and holds a token; empty: it does not.
func secretOf(uid, token, more string) string {
	said, data := "", ""
	if uid != "" {
		said = fmt.Sprintf(`,"kubernetes.io/service-account.uid":%q`, uid)
	}
	if token != "" {
		data = fmt.Sprintf(`,"data":{"token":%q,"namespace":"bnM=","ca.crt":"Q0E="}`, token)
	}
	return fmt.Sprintf(`{"metadata":{"uid":"s"%s,"annotations":{"kubernetes.io/service-account.name":"default"%s}},"type":"kubernetes.io/service-account-token"%s}`, more, said, data)
}

const generated = `,"labels":{"app.kubernetes.io/managed-by":"serviceaccount-token-controller"}`

// accounts is a step about the namespace in a view of everything up to a line, 0: all of it.
func (r *recording) accounts(view int64, own []trace.Ref, effects ...trace.Effect) *recording {
	if view == 0 {
		view = int64(len(r.lines))
	}
	return r.add(trace.Line{Step: &trace.Step{Component: accountController, Key: "ns", Own: own, Plan: effects,
		View: map[string]int64{"namespaces": view, "serviceaccounts": view, "configmaps": view, "secrets": view}}})
}

func to(id, verb, resource, name string) trace.Effect {
	return trace.Effect{Call: id, Verb: verb, Object: trace.Ref{Resource: resource, Namespace: "ns", Name: name}}
}

func (r *recording) sent(id, verb, resource, name, body string) *recording {
	return r.add(trace.Line{Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: verb, Resource: resource, Namespace: "ns", Name: name, Body: json.RawMessage(body)}})
}

// shows is a live read, which showed that version of it; 0: there was none.
func (r *recording) shows(id, resource, name, uid string, version int64) *recording {
	r.sent(id, "get", resource, name, "")
	if version == 0 {
		return r.add(trace.Line{Return: &trace.Return{ID: id, Outcome: trace.Failed, Code: notFound}})
	}
	return r.add(trace.Line{Return: &trace.Return{ID: id, Outcome: trace.OK, Object: &trace.Ref{Resource: resource, Namespace: "ns", Name: name, UID: uid, Revision: version}}})
}

// Goal: row 104, and what else the model of accounts refuses. Method: as for replication.
func TestAccounts(t *testing.T) {
	start := func() *recording { return (&recording{}).namespace("Active") }
	settled := func() *recording {
		return start().account("default", "d").store("configmaps", "kube-root-ca.crt", rootMap("CA"))
	}
	makes := to("1", "create", "serviceaccounts", "default")
	purge := func(r *recording) *recording {
		return r.accounts(0, nil, to("9", "delete", "secrets", "s")).sent("9", "delete", "secrets", "s", "")
	}
	// looked reads the account, which is as given, before a purge of s.
	looked := func(r *recording, uid string, version int64) *recording {
		return purge(r.accounts(0, nil, to("8", "get", "serviceaccounts", "default")).shows("8", "serviceaccounts", "default", uid, version))
	}
	fill := func(r *recording, body string) *recording {
		return r.accounts(0, nil, to("1", "update", "secrets", "s")).sent("1", "update", "secrets", "s", body)
	}
	generate := func(r *recording, name string) *recording {
		return r.accounts(0, nil, to("1", "create", "secrets", name)).sent("1", "create", "secrets", name, secretOf("d", "eA==", generated))
	}
	repair := func(r *recording, ca string) *recording {
		return r.accounts(0, nil, to("1", "update", "configmaps", "kube-root-ca.crt")).sent("1", "update", "configmaps", "kube-root-ca.crt", rootMap(ca))
	}
	// purged has purged a token, which the cache does not show yet, and has generated another; nothing is known of that yet.
	const token = "default-token"
	mine := []trace.Ref{{Resource: "secrets", Namespace: "ns", Name: token}}
	again := func(r *recording, id string) *recording {
		return r.accounts(7, mine, to(id, "create", "secrets", token)).sent(id, "create", "secrets", token, secretOf("d", "eA==", generated))
	}
	purged := func() *recording {
		r := settled().store("secrets", token, secretOf("x", "eA==", generated)).accounts(0, nil, to("8", "get", "serviceaccounts", "default")).
			shows("8", "serviceaccounts", "default", "d", 2).accounts(0, nil, to("9", "delete", "secrets", token)).sent("9", "delete", "secrets", token, "").
			add(trace.Line{Return: &trace.Return{ID: "9", Outcome: trace.OK}})
		return again(r, "11")
	}
	ended := func(r *recording, id string, outcome trace.Outcome) *recording {
		return r.add(trace.Line{Return: &trace.Return{ID: id, Outcome: outcome}})
	}
	repeated := func(r *recording, id string) *recording {
		return r.add(trace.Line{Step: &trace.Step{Component: accountController, Own: mine, Plan: []trace.Effect{to(id, "create", "secrets", token)}}}).
			sent(id, "create", "secrets", token, secretOf("d", "eA==", generated))
	}
	for _, test := range []struct {
		name string
		run  *recording
		why  string // empty: allowed
	}{
		{"what is not there is made", start().accounts(0, nil, makes, to("2", "create", "configmaps", "kube-root-ca.crt")), ""},
		{"an account is made where there is one", settled().accounts(0, nil, makes), "create account 0: it is there"},
		{"it was not seen yet", settled().accounts(1, nil, makes), ""},
		{"it has made it itself", settled().accounts(1, []trace.Ref{{Resource: "serviceaccounts", Namespace: "ns", Name: "default", Revision: 2}}, makes), "it is there"},
		{"it has made it after a look", start().store("secrets", "s", secretOf("x", "", "")).accounts(0, nil, to("7", "get", "serviceaccounts", "default"), makes).
			shows("7", "serviceaccounts", "default", "", 0).sent("1", "create", "serviceaccounts", "default", "{}").account("default", "d").
			accounts(3, []trace.Ref{{Resource: "serviceaccounts", Namespace: "ns", Name: "default", Revision: 7}}, to("2", "create", "serviceaccounts", "default")), "it is there"},
		{"another is made", start().accounts(0, nil, to("1", "create", "serviceaccounts", "robot")), "only the default account is created"},
		{"in a namespace that is being deleted", (&recording{}).namespace("Terminating").accounts(0, nil, makes), "the namespace is being deleted, or gone"},
		{"in one that is not there", (&recording{}).account("x", "x").accounts(0, nil, makes), "the namespace is being deleted, or gone"},
		{"it was asked for, and nobody knows", start().accounts(0, nil, makes).sent("1", "create", "serviceaccounts", "default", "{}").
			accounts(1, []trace.Ref{{Resource: "serviceaccounts", Namespace: "ns", Name: "default"}}, to("2", "create", "serviceaccounts", "default")).sent("2", "create", "serviceaccounts", "default", "{}"),
			"nobody knows yet what became of the last request for it"},
		{"the map is published twice", settled().accounts(0, nil, to("1", "create", "configmaps", "kube-root-ca.crt")), "the map is right"},
		{"the map is repaired", repair(settled(), "CB"), ""},
		{"the map is repaired that is right", repair(settled(), "CA"), "the map is right"},
		{"a secret is filled", fill(settled().store("secrets", "s", secretOf("", "", "")), secretOf("d", "eA==", "")), ""},
		{"it says whose, and has none", fill(settled().store("secrets", "s", secretOf("d", "", "")), secretOf("d", "eA==", "")), ""},
		{"it has one", fill(settled().store("secrets", "s", secretOf("d", "eA==", "")), secretOf("d", "eQ==", "")), "fill secret secrets/ns/s: there is nothing to fill"},
		{"its account is another", fill(settled().store("secrets", "s", secretOf("x", "", "")), secretOf("d", "eA==", "")), "its account is gone, or another"},
		{"its account is gone", fill(start().store("secrets", "s", secretOf("", "", "")), secretOf("d", "eA==", "")), "its account is gone, or another"},
		{"it gets the token of another account", fill(settled().store("secrets", "s", secretOf("", "", "")), secretOf("x", "eA==", "")), "another account than is there"},
		{"a token is generated", generate(settled(), "default-token"), ""},
		{"under another name", generate(settled(), "default-token-2"), "the name is not that of a generated token"},
		{"a second one", generate(settled().store("secrets", "other", secretOf("d", "eA==", generated)), "default-token"), "its account has a generated token"},
		{"the name is used", generate(settled().store("secrets", "default-token", secretOf("d", "eA==", "")), "default-token"), "the name is used"},
		{"of no account", generate(start(), "default-token"), "its account is gone"},
		{"an orphan is purged", looked(start().store("secrets", "s", secretOf("x", "eA==", "")), "", 0), ""},
		{"an orphan of another is purged", looked(settled().store("secrets", "s", secretOf("x", "eA==", "")), "d", 2), ""},
		{"an orphan is purged without a look", purge(settled().store("secrets", "s", secretOf("x", "eA==", ""))), "purge secret secrets/ns/s: its account was not read live"},
		{"its account is there", purge(settled().store("secrets", "s", secretOf("d", "eA==", ""))), "its account is there"},
		{"its account is there, and was not seen", settled().store("secrets", "s", secretOf("d", "eA==", "")).accounts(1, nil, to("8", "get", "serviceaccounts", "default")).
			shows("8", "serviceaccounts", "default", "d", 2).accounts(0, nil, to("9", "delete", "secrets", "s")), "its account is there"},
		{"it does not say whose, and there is an account", looked(settled().store("secrets", "s", secretOf("", "", "")), "d", 2), "its account is there"},
		{"the account was read before there was the secret", purge(start().accounts(0, nil, to("8", "get", "serviceaccounts", "default")).shows("8", "serviceaccounts", "default", "", 0).
			store("secrets", "s", secretOf("x", "eA==", ""))), "its account was not read live"},
		{"it was read after the secret was", purge(start().store("secrets", "s", secretOf("x", "eA==", "")).accounts(0, nil, to("7", "get", "secrets", "s"), to("8", "get", "serviceaccounts", "default")).
			shows("7", "secrets", "s", "s", 2).shows("8", "serviceaccounts", "default", "", 0)), ""},
		{"it was purged, and another is generated", generate(settled().store("secrets", "default-token", secretOf("x", "eA==", generated)).
			accounts(0, nil, to("8", "get", "serviceaccounts", "default")).shows("8", "serviceaccounts", "default", "d", 2).
			accounts(0, nil, to("9", "delete", "secrets", "default-token")).sent("9", "delete", "secrets", "default-token", "").add(trace.Line{Return: &trace.Return{ID: "9", Outcome: trace.OK}}).
			accounts(7, []trace.Ref{{Resource: "secrets", Namespace: "ns", Name: "default-token"}}, to("11", "create", "secrets", "default-token")).store("secrets", "default-token", ""), "default-token"), ""},
		{"that other one is refused, and tried again", again(ended(purged(), "11", trace.Failed), "12"), ""},
		{"that other one is tried again while nobody knows", again(purged(), "12"), "nobody knows yet what became of the last request for it"},
		{"only that it was asked for again was refused", again(ended(repeated(ended(purged(), "11", trace.Unknown), "12"), "12", trace.Failed), "13"),
			"nobody knows yet what became of the last request for it"},
		{"it is decided twice", start().store("secrets", "s", secretOf("x", "eA==", "")).accounts(0, nil, to("8", "get", "serviceaccounts", "default")).shows("8", "serviceaccounts", "default", "", 0).
			accounts(0, nil, to("9", "delete", "secrets", "s"), to("10", "delete", "secrets", "s")), "it is in the plan already"},
		{"in a namespace that is gone", looked((&recording{}).namespace("Terminating").store("secrets", "s", secretOf("x", "eA==", "")), "", 0), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := test.run.judge()
			require.Empty(t, result.Unknown)
			if test.why == "" {
				require.Empty(t, result.Findings)
				return
			}
			require.NotEmpty(t, result.Findings)
			require.Contains(t, result.Findings[0].Text, test.why)
		})
	}
	// Without the view, only what no view allows is refused.
	hidden := func(r *recording) verdict.Result {
		for i := range r.lines {
			if s := r.lines[i].Step; s != nil {
				s.View = nil
			}
		}
		return r.judge()
	}
	require.Empty(t, hidden(settled().accounts(0, nil, makes)).Findings)
	require.NotEmpty(t, hidden(purge(settled().store("secrets", "s", secretOf("d", "eA==", "")))).Findings)
}
