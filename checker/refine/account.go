package refine

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
	"orrery/model/account"
)

// accountController is the component that looks after accounts; a key of its is a namespace.
const accountController = "serviceaccount-controller"

// accountResources are those of its caches.
var accountResources = []string{"namespaces", "serviceaccounts", "configmaps", "secrets"}

// accounts judges a step of the controller of accounts.
func accounts(j *judge, s *step) opinion {
	a := &accounting{judge: j, step: s, uids: map[string]uint8{}, at: map[string]int{}, shown: map[string]*history.Version{}, accountAt: map[string]int{}, live: map[string]*history.Operation{}}
	a.see()
	o := opinion{known: true}
	var plan []account.Effect
	for _, e := range s.Plan {
		effect, ok := a.effect(e)
		if !ok {
			continue
		}
		o.any = true
		if o.why == "" {
			o.why, o.allowed = a.refuses(e, effect, plan)
		}
		plan = append(plan, effect)
	}
	if len(a.uids) > 255 {
		o.known, o.why = false, "" // the model counts UIDs in a byte
	}
	return o
}

// accountReads are the versions that a step depends on.
func accountReads(j *judge, s *step) map[string][]*history.Version {
	reads := map[string][]*history.Version{"namespaces": j.h.Log.Of(history.ObjectName{Resource: "namespaces", Name: s.Key})}
	for _, resource := range accountResources[1:] {
		reads[resource] = slices.DeleteFunc(slices.Clone(j.h.Log.All(resource)), func(v *history.Version) bool { return v.Object.Namespace != s.Key })
	}
	return reads
}

// accounting is one step of the controller.
type accounting struct {
	*judge
	*step
	view account.View
	uids map[string]uint8
	// accountAt and at are the positions of accounts and secrets in the view, by name; shown the versions that the view shows of secrets.
	accountAt map[string]int
	at        map[string]int
	shown     map[string]*history.Version
	names     []string // of secrets
	// live are the reads that the step before asked for, and that were answered, by resource and name.
	live map[string]*history.Operation
	// root is the content of the map that the view shows; nil: there is none.
	root map[string]string
}

// see makes the view. The policy is taken to be that tokens are generated: that they are not is nobody's decision.
func (a *accounting) see() {
	a.view.Generates = true
	ns := a.content(history.At(a.h.Log.Of(history.ObjectName{Resource: "namespaces", Name: a.Key}), a.View["namespaces"]))
	a.view.Active = ns != nil && ns.Metadata.DeletionTimestamp == "" && ns.Status.Phase != "Terminating"
	a.look()
	a.account(object.DefaultAccount)
	a.each("serviceaccounts", func(name string, v *history.Version, open bool) {
		at := &a.view.Accounts[a.account(name)]
		if at.Open = open; v != nil {
			at.UID = a.uid(v.UID)
		}
	})
	a.each("configmaps", func(name string, v *history.Version, open bool) {
		if name != object.RootCertificates {
			return
		}
		a.view.Map.Open = open
		if o := a.content(v); o != nil {
			a.view.Map.Content, a.root = account.Right, o.Data
		}
	})
	a.each("secrets", func(name string, v *history.Version, open bool) {
		s := account.Secret{Open: open}
		if o := a.content(v); o != nil {
			of, uid, ok := o.TokenOf()
			if !ok {
				return // no such secret: the controller's cache does not show it
			}
			s.UID, s.Account, s.For, s.Generated = a.uid(v.UID), a.account(of), a.uid(uid), o.Generated()
			s.Filled = o.Data["token"] != "" && o.Data["namespace"] == base64.StdEncoding.EncodeToString([]byte(a.Key)) && o.Data["ca.crt"] != ""
		}
		at := a.secret(name)
		a.view.Secrets[at], a.shown[name] = s, v
	})
	for name, op := range a.live { // order does not matter: each is another account
		if of, is := strings.CutPrefix(name, "serviceaccounts/"); is && !a.since(of, op) {
			at := &a.view.Accounts[a.account(of)]
			if at.UID = 0; op.OK() {
				at.UID = a.uid(op.Return.Object.UID)
			}
		}
	}
}

// since: the controller has heard since a live read what became of a write of its own to that account.
func (a *accounting) since(of string, read *history.Operation) bool {
	o, owns := a.owned(a.step, "serviceaccounts")[history.ObjectName{Resource: "serviceaccounts", Namespace: a.Key, Name: of}]
	return owns && o.version != nil && o.version.Seq() > read.ReturnLine
}

// each calls f for every object of a resource in the namespace as the view shows it, own writes laid over what the cache shows: the version, nil if
// it is gone or on its way (the answer to a deletion tells no revision), and whether nobody knows yet what became of the last write.
func (a *accounting) each(resource string, f func(name string, v *history.Version, open bool)) {
	shown := map[string]*history.Version{}
	if prefix, known := a.h.Log.Prefix(resource, a.Key); known {
		for _, v := range a.h.Log.Live(prefix, a.View[resource]) {
			shown[v.Object.Name] = v
		}
	}
	open := map[string]bool{}
	for name, o := range a.owned(a.step, resource) { // order does not matter: each is laid over its own object
		if name.Namespace != a.Key {
			continue
		}
		switch {
		case o.version != nil:
			shown[name.Name] = o.version
		case o.gone, o.effect.Verb == "delete" && o.request != nil && o.request.OK() && o.request.ReturnLine < a.line.Seq:
			delete(shown, name.Name)
		default:
			open[name.Name] = true
			if _, there := shown[name.Name]; !there {
				shown[name.Name] = nil
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		f(name, shown[name], open[name])
	}
}

// look finds the live reads that the step before asked for.
func (a *accounting) look() {
	if a.before == nil {
		return
	}
	for _, e := range a.before.Plan {
		op := a.operations[e.Call]
		if e.Verb != "get" || op == nil || op.Return == nil || op.ReturnLine > a.line.Seq || !op.OK() && op.Return.Code != notFound || op.OK() && op.Return.Object == nil {
			continue
		}
		a.live[e.Object.Resource+"/"+e.Object.Name] = op
	}
}

// livesAfter: the account of a secret was read live after the version that the view shows of the secret was there.
func (a *accounting) livesAfter(secret string, of int) bool {
	name := ""
	for n, at := range a.accountAt { // order does not matter: there is one
		if at == of {
			name = n
		}
	}
	read, v := a.live["serviceaccounts/"+name], a.shown[secret]
	if read == nil || v == nil {
		return false
	}
	if v.Seq() < read.CallLine {
		return true
	}
	look := a.live["secrets/"+secret] // in a real run the store's log may be written later than what it tells of was seen
	return look != nil && look.OK() && look.Return.Object.Revision == v.Revision && look.ReturnLine < read.CallLine
}

func (a *accounting) uid(uid string) uint8 {
	if uid == "" {
		return 0
	}
	if a.uids[uid] == 0 {
		a.uids[uid] = uint8(len(a.uids) + 1)
	}
	return a.uids[uid]
}

func (a *accounting) account(name string) int {
	if _, known := a.accountAt[name]; !known {
		a.accountAt[name] = len(a.view.Accounts)
		a.view.Accounts = append(a.view.Accounts, account.Account{Token: a.secret(name + "-token")})
	}
	return a.accountAt[name]
}

func (a *accounting) secret(name string) int {
	if _, known := a.at[name]; !known {
		a.at[name] = len(a.names)
		a.names, a.view.Secrets = append(a.names, name), append(a.view.Secrets, account.Secret{})
	}
	return a.at[name]
}

// effect is what the step decided, in the words of the model. What was held back, as the outcome of the last write to the same object was open, was
// not sent and is left out.
func (a *accounting) effect(e trace.Effect) (effect account.Effect, ok bool) {
	if e.Verb == "get" || e.Object.Namespace != a.Key {
		return effect, false
	}
	open := false
	switch e.Object.Resource {
	case "serviceaccounts":
		effect = account.Effect{Verb: account.Create, Object: a.account(e.Object.Name)}
		open, ok = a.view.Accounts[effect.Object].Open, e.Verb == "create"
	case "configmaps":
		effect.Verb = map[string]account.Verb{"create": account.Publish, "update": account.Repair}[e.Verb]
		open, ok = a.view.Map.Open, effect.Verb != 0
	case "secrets":
		effect = account.Effect{Object: a.secret(e.Object.Name),
			Verb: map[string]account.Verb{"create": account.Generate, "update": account.Fill, "delete": account.Purge}[e.Verb]}
		open, ok = a.view.Secrets[effect.Object].Open, effect.Verb != 0
	}
	return effect, ok && (!open || a.operations[e.Call] != nil)
}

// refuses is why the model refuses one effect, and what it allows. The content of what is written is held against what the view shows.
func (a *accounting) refuses(e trace.Effect, effect account.Effect, before []account.Effect) (why, allowed string) {
	v := a.view
	v.Secrets, v.Accounts = slices.Clone(v.Secrets), slices.Clone(v.Accounts)
	var body object.Object
	if op := a.operations[e.Call]; op != nil && len(op.Call.Body) > 0 {
		_ = json.Unmarshal(op.Call.Body, &body)
	}
	name := e.Object.Name
	switch effect.Verb {
	case account.Repair:
		if v.Map.Content == account.Right && !maps.Equal(a.root, body.Data) {
			v.Map.Content = account.Wrong
		}
	case account.Fill:
		s := &v.Secrets[effect.Object]
		if old := a.data(name); old["ca.crt"] != body.Data["ca.crt"] && old["token"] == body.Data["token"] {
			s.Filled = false // the certificates are others, and the token stays
		}
	case account.Purge:
		of := v.Secrets[effect.Object].Account
		v.Accounts[of].Live = a.livesAfter(name, of)
	}
	switch why = v.Refuses([]account.Effect{effect}); {
	case slices.Contains(before, effect):
		why = effect.String() + ": it is in the plan already"
	case why == "" && (effect.Verb == account.Fill || effect.Verb == account.Generate):
		if of, uid, _ := body.TokenOf(); of != "" && a.uid(uid) != v.Accounts[a.account(of)].UID {
			why = effect.String() + ": it is said to hold the token of another account than is there"
		}
	}
	if of, is := strings.CutPrefix(why, effect.String()+": "); is && e.Object.Resource == "secrets" {
		why = fmt.Sprintf("%v secrets/%s/%s: %s", effect.Verb, a.Key, name, of)
	}
	return why, v.Allowed()
}

// data is what the view shows in a secret.
func (a *accounting) data(secret string) map[string]string {
	if o := a.content(a.shown[secret]); o != nil {
		return o.Data
	}
	return nil
}
