package converge

import (
	"encoding/base64"
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// accountController is the component that looks after accounts: where it does not run, nobody does.
const accountController = "serviceaccount-controller"

// accounts judges rows 103, 104 and 106: what every namespace that is active has, and what becomes of secrets that are to hold tokens.
func (j *judge) accounts(live []*history.Version) {
	if !slices.ContainsFunc(j.h.Steps, func(l *trace.Line) bool { return l.Step.Component == accountController }) {
		return
	}
	at := map[history.ObjectName]*history.Version{}
	for _, v := range live {
		at[v.Object] = v
	}
	first := ""
	for _, v := range live {
		obj := j.read(v)
		if obj == nil {
			continue
		}
		switch v.Object.Resource {
		case "namespaces":
			if obj.Metadata.DeletionTimestamp != "" || obj.Status.Phase == "Terminating" {
				continue
			}
			if at[history.ObjectName{Resource: "serviceaccounts", Namespace: v.Object.Name, Name: object.DefaultAccount}] == nil {
				j.broken(Accounts, 103, v.Seq(), "%s has no service account %s", v.Object, object.DefaultAccount)
			}
			m := j.read(at[history.ObjectName{Resource: "configmaps", Namespace: v.Object.Name, Name: object.RootCertificates}])
			switch {
			case m == nil || m.Data["ca.crt"] == "":
				j.broken(Accounts, 103, v.Seq(), "%s has no config map %s with certificates", v.Object, object.RootCertificates)
			case first == "":
				first = m.Data["ca.crt"]
			case m.Data["ca.crt"] != first || len(m.Data) != 1:
				j.broken(Accounts, 103, v.Seq(), "the config map %s of %s holds something else than that of another namespace", object.RootCertificates, v.Object)
			}
		case "secrets":
			j.token(v, obj, at)
		}
	}
}

// token judges a secret that is to hold one.
func (j *judge) token(v *history.Version, secret *object.Object, at map[history.ObjectName]*history.Version) {
	name, uid, ok := secret.TokenOf()
	if !ok || secret.Immutable || secret.Metadata.DeletionTimestamp != "" {
		return
	}
	account := history.ObjectName{Resource: "serviceaccounts", Namespace: v.Object.Namespace, Name: name}
	namespace := base64.StdEncoding.EncodeToString([]byte(v.Object.Namespace))
	switch a := at[account]; {
	case a == nil || uid != "" && a.UID != uid:
		j.broken(Tokens, 104, v.Seq(), "%s is of the account %s with the UID %q, which is not there", v.Object, account, uid)
	case uid == "" || secret.Data["token"] == "" || secret.Data["ca.crt"] == "" || secret.Data["namespace"] != namespace:
		j.broken(Tokens, 106, v.Seq(), "%s is to hold a token of %s, and does not", v.Object, account)
	}
}
