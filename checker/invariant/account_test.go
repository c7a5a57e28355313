package invariant

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/trace"
)

// token is a secret of the account a, which says that this has a UID.
func token(uid, said, more string) string {
	if said != "" {
		said = fmt.Sprintf(`,"kubernetes.io/service-account.uid":%q`, said)
	}
	return fmt.Sprintf(`{"metadata":{"uid":%q%s,"annotations":{"kubernetes.io/service-account.name":"a"%s}},"type":"kubernetes.io/service-account-token"}`, uid, more, said)
}

// purges is a step that deletes the secret s, its deletion and the answer.
func (r *recording) purges() *recording {
	r.step(trace.Step{Component: accountController, Key: "ns", Plan: []trace.Effect{{Call: "p", Verb: "delete", Object: trace.Ref{Resource: "secrets", Name: "s"}}}})
	r.add(trace.Line{Process: accountController, Call: &trace.Call{ID: "p", Client: "p", Layer: trace.API, Verb: "delete", Resource: "secrets", Name: "s"}})
	r.remove("secrets", "s")
	return r.add(trace.Line{Process: accountController, Return: &trace.Return{ID: "p", Outcome: trace.OK, Object: &trace.Ref{Resource: "secrets", Name: "s", Revision: int64(len(r.lines))}}})
}

// Goal: rows 104 and 106: what must not be purged and what must not be there is found, and nothing else. Method: short recordings.
func TestAccounts(t *testing.T) {
	start := func() *recording { return &recording{} }
	account := func(r *recording, uid string) *recording {
		return r.put("serviceaccounts", "a", fmt.Sprintf(`{"metadata":{"uid":%q}}`, uid))
	}
	gone := func(r *recording) *recording { return r.remove("serviceaccounts", "a") }
	const made = `,"labels":{"app.kubernetes.io/managed-by":"serviceaccount-token-controller"}`
	for _, test := range []struct {
		name   string
		run    *recording
		breaks *guarantee // nil: legal
	}{
		{"an orphan is purged", start().put("secrets", "s", token("s", "x", "")).purges(), nil},
		{"an orphan of another is purged", account(start(), "y").put("secrets", "s", token("s", "x", "")).purges(), nil},
		{"its account is there", account(start(), "x").put("secrets", "s", token("s", "x", "")).purges(), &PurgesOrphans},
		{"its account was there", gone(account(start(), "x").put("secrets", "s", token("s", "x", ""))).purges(), nil},
		{"it does not say whose, and none is there", start().put("secrets", "s", token("s", "", "")).purges(), nil},
		{"it does not say whose, and there was none before", account(start().put("secrets", "s", token("s", "", "")), "x").purges(), nil},
		{"it does not say whose, and there was none in between", account(gone(account(start(), "x").put("secrets", "s", token("s", "", ""))), "y").purges(), nil},
		{"it does not say whose, and one was there always", account(start(), "x").put("secrets", "s", token("s", "", "")).purges(), &PurgesOrphans},
		{"it does not say whose, and the account was made anew before", account(gone(account(start(), "x")), "y").put("secrets", "s", token("s", "", "")).purges(), &PurgesOrphans},
		{"another secret", start().put("secrets", "s", `{"metadata":{"uid":"s"},"type":"Opaque"}`).purges(), &PurgesOrphans},
		{"one generated token", start().put("secrets", "s", token("s", "x", made)).put("secrets", "s", token("s", "x", made)), nil},
		{"two", start().put("secrets", "s", token("s", "x", made)).put("secrets", "t", token("t", "x", made)), &OneGenerated},
		{"one after the other", start().put("secrets", "s", token("s", "x", made)).remove("secrets", "s").put("secrets", "t", token("t", "x", made)), nil},
		{"of two accounts of the name", start().put("secrets", "s", token("s", "x", made)).put("secrets", "t", token("t", "y", made)), nil},
		{"one was asked for", start().put("secrets", "s", token("s", "x", made)).put("secrets", "t", token("t", "x", "")), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := test.run.judge()
			require.Empty(t, result.Unknown)
			if test.breaks == nil {
				require.Empty(t, result.Findings)
				return
			}
			require.Len(t, result.Findings, 1)
			require.Equal(t, test.breaks.error, result.Findings[0].Guarantee)
			require.Equal(t, test.breaks.row, result.Findings[0].Row)
		})
	}
}
