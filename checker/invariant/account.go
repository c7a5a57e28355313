package invariant

import (
	"slices"

	"orrery/checker/history"
)

// accounts judges rows 104 and 106: what the controller of accounts purged, and what it generated.
func (j *judge) accounts() {
	operations := j.operations()
	for _, l := range j.h.Steps {
		if l.Step.Component != accountController {
			continue
		}
		for _, e := range l.Step.Plan {
			op := operations[e.Call]
			if e.Verb != "delete" || e.Object.Resource != "secrets" || op == nil || !op.OK() || op.Return.Object == nil {
				continue
			}
			if v := j.h.Log.Entry(op.Return.Object.Revision); v != nil && v.Deleted && v.Object == op.Object() {
				j.purged(v, op.ReturnLine)
			}
		}
	}
	j.generated()
}

// accountController is the component that looks after accounts.
const accountController = "serviceaccount-controller"

// purged judges the removal of a secret by what was in the store then.
func (j *judge) purged(v *history.Version, line int64) {
	secret := j.object(before(v))
	if secret == nil {
		return
	}
	name, uid, ok := secret.TokenOf()
	if !ok {
		j.broken(PurgesOrphans, line, "%s was purged, which is to hold no token", v.Object)
		return
	}
	account := history.ObjectName{Resource: "serviceaccounts", Namespace: v.Object.Namespace, Name: name}
	chain := j.h.Log.Of(account)
	there := history.At(chain, v.Revision)
	switch {
	case uid != "" && there != nil && there.UID == uid:
		j.broken(PurgesOrphans, line, "%s was purged, and its account %s (UID %s) was there", v.Object, account, uid)
	case uid == "" && there != nil && !alone(chain, v):
		j.broken(PurgesOrphans, line, "%s was purged, and an account %s had been there since it was made", v.Object, account)
	}
}

// alone: at some time since the secret was made its account was not there.
func alone(account []*history.Version, secret *history.Version) bool {
	made := secret
	for before(made) != nil {
		made = made.Before
	}
	if history.At(account, made.Revision) == nil {
		return true
	}
	return slices.ContainsFunc(account, func(v *history.Version) bool {
		return v.Deleted && v.Revision > made.Revision && v.Revision < secret.Revision
	})
}

// generated judges at every revision how many tokens an account has that nobody asked for.
func (j *judge) generated() {
	type owner struct{ namespace, account, uid string }
	of := map[string]owner{}            // key of a generated secret → whose
	held := map[owner]map[string]bool{} // whose → keys
	for _, v := range slices.Concat(j.h.Log.Initial, j.h.Log.Entries) {
		if v.Object.Resource != "secrets" {
			continue
		}
		if old, known := of[v.Key]; known {
			delete(held[old], v.Key)
			delete(of, v.Key)
		}
		secret := j.object(v)
		if secret == nil || !secret.Generated() {
			continue
		}
		name, uid, ok := secret.TokenOf()
		if !ok || uid == "" {
			continue
		}
		o := owner{v.Object.Namespace, name, uid}
		if held[o] == nil {
			held[o] = map[string]bool{}
		}
		of[v.Key], held[o][v.Key] = o, true
		if len(held[o]) > 1 {
			j.broken(OneGenerated, v.Seq(), "%s is the %d. token of the account %s/%s (UID %s) that nobody asked for", v.Object, len(held[o]), o.namespace, o.account, o.uid)
		}
	}
}
