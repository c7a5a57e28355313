package actions

import (
	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
	"orrery/model/account"
)

var accountTable = table{
	model: "account",
	rows: []row{
		{account.End, "End", "a namespace is being deleted, and was not", changes("namespaces", change.leaves)},
		{account.Again, "Again", "there is a namespace of a name that another had", changes("namespaces", change.returns)},
		{account.Make, "Make", "a user creates an account", changes("serviceaccounts", change.appears, change.byUser)},
		{account.Edit, "Edit", "a user changes the root certificates", changes("configmaps", change.stays, change.byUser, change.certificates)},
		{account.Erase, "Erase", "a user deletes an account, the root certificates, or a secret for a token", or(changes("serviceaccounts", change.goes, change.byUser),
			changes("configmaps", change.goes, change.byUser, change.certificates), changes("secrets", change.goes, change.byUser, change.forToken))},
		{account.Ask, "Ask", "a user creates a secret for a token", changes("secrets", change.appears, change.byUser, change.forToken)},
		{account.Begin, "Begin", "", nil},
		{account.Stop, "Stop", "", nil},
		{account.Empty, "Empty", "an object of a namespace that is being deleted is gone", or(changes("serviceaccounts", change.goes, change.inEnding), changes("secrets", change.goes, change.inEnding), changes("configmaps", change.goes, change.inEnding))},
		{account.Finish, "Finish", "a namespace is gone", changes("namespaces", change.goes)},
		{account.Issue, "Issue", "a request for a token is answered", forTokens.heard},
		{account.Accept, "Accept", "", nil},
		{account.Learn, "Learn", "", nil},
		{account.SeePhase, "SeePhase", "the controller's watch tells of a namespace", seen("namespaces", accountController)},
		{account.See, "See", "it tells of an account, a map or a secret", or(seen("serviceaccounts", accountController), seen("configmaps", accountController), seen("secrets", accountController))},
		{account.Look, "Look", "the controller's step for a namespace reads", planned(func(e trace.Effect) bool { return e.Verb == "get" }, accountController)},
		{account.Work, "Work", "it sends requests to create, update or delete", planned(func(e trace.Effect) bool { return e.Verb != "get" }, accountController)},
		{account.Arrive, "Arrive", "a request of the controller's, which is answered, changes something", byAccounts.arrived},
		{account.GiveUp, "GiveUp", "it is given up", or(byAccounts.unheard, byAccounts.open)},
		{account.Land, "Land", "something is changed as only requests can have that were given up, or whose issuer had crashed", byAccounts.landed},
		{account.Drop, "Drop", "such a request changes nothing", byAccounts.dropped},
		{account.Resolve, "Resolve", "the controller's step without a key: it reads, or sends again", or(resolving("serviceaccounts", "", accountController), resolving("configmaps", "", accountController), resolving("secrets", "", accountController))},
		{account.Crash, "Crash", "the controller's process exits", lives(running(accountController), "exit")},
		{account.Start, "Start", "the controller's process starts", lives(running(accountController), "start")},
		{account.Heal, "Heal", "the phase heal begins", healed},
		{account.Tick, "Tick", "", nil},
	},
	exceptions: []exception{
		{"Begin", Unseen, "no pod says whose it is before API servers give them accounts (impl/apiserver, Config)"},
		{"Stop", Unseen, noCredentials},
		{"Issue", Nowhere, noTokens},
		{"Accept", Unseen, noCredentials},
		{"Learn", Unseen, "the API server has no cache for it: it reads live (impl/apiserver/web, Accounts)"},
		{"Look", Rare, "a secret must have outlived its account, or be shown before it"},
		{"GiveUp", Rare, fewRequests},
		{"Land", Rare, fewRequests},
		{"Drop", Rare, fewRequests},
		{"Resolve", Rare, fewRequests},
		{"Tick", Unseen, "time passes in every trace; when a token's is over no line says"},
	},
}

const (
	noTokens      = "users do not ask for tokens, which need HTTP (fuzz/workload)"
	noCredentials = "who is authenticated by what is in no trace"
)

const accountController = "serviceaccount-controller"

// byAccounts are the controller's requests that change something.
var byAccounts requests = func(r *run, op *history.Operation) bool { return op.Writes() && r.runs(op.Process, accountController) }

// forTokens are requests for tokens.
var forTokens requests = func(_ *run, op *history.Operation) bool {
	return op.Verb == "create" && op.Resource == "serviceaccounts" && op.Subresource == "token" && op.OK()
}

// certificates: it is the map with the root certificates.
func (c change) certificates() bool { return c.Object.Name == object.RootCertificates }

// forToken: the secret is or was to hold a token.
func (c change) forToken() bool {
	for _, o := range []*object.Object{c.was, c.is} {
		if o != nil {
			_, _, ok := o.TokenOf()
			return ok
		}
	}
	return false
}

// inEnding: its namespace was being deleted.
func (c change) inEnding() bool {
	ns := content(history.At(c.run.Log.Of(history.ObjectName{Resource: "namespaces", Name: c.Object.Namespace}), c.Revision))
	return ns != nil && leaving(ns)
}
