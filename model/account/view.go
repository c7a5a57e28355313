package account

import (
	"fmt"
	"slices"
	"strings"
)

// View is what a decision about one namespace is made from: the cache, and over it what the controller has written itself.
type View struct {
	// Active: the namespace is there and is not being deleted.
	Active bool
	// Generates: the policy is that every account has a token that nobody asked for, as it was upstream up to v1.23.
	Generates bool
	// Accounts are those that are there, and those that are not and that the namespace should have or that a secret names. The first is the
	// default account.
	Accounts []Account
	Map      Map
	Secrets  []Secret
}

// Account is what a view shows under the name of an account.
type Account struct {
	// UID 0: there is none.
	UID uint8
	// Token is the position in the view of the secret that is generated for it: its name follows from the account's.
	Token int
	// Live: it was read live after all that the view shows of secrets.
	Live bool
	// Open: the controller has written to it, and the cache does not show yet what became of that.
	Open bool
}

// Content is what is in the map with the root certificates.
type Content uint8

// The contents of the map.
const (
	Absent Content = iota // there is no map
	Right
	Wrong // somebody has changed it, or the certificates are others now
)

func (c Content) String() string { return [...]string{"absent", "right", "wrong"}[c] }

// Map is what a view shows of the ConfigMap kube-root-ca.crt. Open: as of an account.
type Map struct {
	Content
	Open bool
}

// Secret is what a view shows under the name of a secret that holds a token, or is to.
type Secret struct {
	// UID 0: there is none.
	UID uint8
	// Account is the position of the account that it names, For the UID that it says this account has; 0: it does not say.
	Account int
	For     uint8
	// Filled: it has a token. Generated: nobody asked for it.
	Filled, Generated bool
	// Open: as of an account.
	Open bool
}

// Verb is what an effect does.
type Verb uint8

// The verbs.
const (
	Create   Verb = iota + 1 // an account
	Publish                  // create the map
	Repair                   // give the map the right content
	Generate                 // create a secret with a token
	Fill                     // give a secret a token, and the UID of its account
	Purge                    // delete a secret
)

func (v Verb) String() string {
	return [...]string{"nothing", "create account", "publish the map", "repair the map", "generate secret", "fill secret", "purge secret"}[v]
}

// Effect is one write that a plan asks for: a verb, and the position in the view of the account or secret.
type Effect struct {
	Verb   Verb
	Object int
}

func (e Effect) String() string {
	if e.Verb == Publish || e.Verb == Repair {
		return e.Verb.String()
	}
	return fmt.Sprintf("%v %d", e.Verb, e.Object)
}

// Refuses is why a plan is not allowed in a view; empty: it is.
func (v View) Refuses(plan []Effect) string {
	for i, e := range plan {
		why := v.refuses(e)
		if slices.Contains(plan[:i], e) {
			why = "it is in the plan already"
		}
		if why != "" {
			return e.String() + ": " + why
		}
	}
	return ""
}

const open = "nobody knows yet what became of the last request for it" // row 40

func (v View) refuses(e Effect) string {
	if !v.Active && e.Verb != Purge {
		return "the namespace is being deleted, or gone" // row 103: what is made there would be in the way
	}
	switch e.Verb {
	case Create:
		switch a := v.Accounts[e.Object]; {
		case e.Object != 0:
			return "only the default account is created" // row 103
		case a.Open:
			return open
		case a.UID != 0:
			return "it is there"
		}
	case Publish, Repair:
		switch want := map[Verb]Content{Publish: Absent, Repair: Wrong}[e.Verb]; {
		case v.Map.Open:
			return open
		case v.Map.Content != want:
			return "the map is " + v.Map.Content.String()
		}
	case Generate:
		return v.refusesGeneration(e.Object)
	case Fill:
		switch s, a := v.Secrets[e.Object], v.Accounts[v.Secrets[e.Object].Account]; {
		case s.Open || a.Open:
			return open
		case s.UID == 0 || s.Filled && s.For != 0:
			return "there is nothing to fill"
		case a.UID == 0 || s.For != 0 && s.For != a.UID:
			return "its account is gone, or another" // row 104
		}
	case Purge:
		return v.refusesPurge(v.Secrets[e.Object])
	}
	return ""
}

// refusesGeneration is row 106. The name follows from the account's, so that a request of unknown outcome can be sent again (T01).
func (v View) refusesGeneration(secret int) string {
	owner := slices.IndexFunc(v.Accounts, func(a Account) bool { return a.Token == secret })
	switch {
	case !v.Generates:
		return "tokens are not generated"
	case owner < 0:
		return "the name is not that of a generated token"
	}
	switch a, s := v.Accounts[owner], v.Secrets[secret]; {
	case a.Open || s.Open:
		return open
	case a.UID == 0:
		return "its account is gone"
	case s.UID != 0:
		return "the name is used"
	}
	if slices.ContainsFunc(v.Secrets, func(s Secret) bool {
		return s.UID != 0 && s.Generated && s.Account == owner && s.For == v.Accounts[owner].UID
	}) {
		return "its account has a generated token"
	}
	return ""
}

// refusesPurge is row 104. What the cache shows of the account may be older than the secret: a user creates an account and then a secret for
// it, and the controller sees the secret first. So the account is read live, after the secret was seen.
func (v View) refusesPurge(s Secret) string {
	a := v.Accounts[s.Account]
	switch {
	case s.Open || a.Open:
		return open
	case s.UID == 0:
		return "there is none"
	case a.UID != 0 && (s.For == 0 || s.For == a.UID):
		return "its account is there"
	case !a.Live:
		return "its account was not read live"
	}
	return ""
}

// Allowed are the single effects that a view allows, in words.
func (v View) Allowed() string {
	var may []string
	for verb := Create; verb <= Purge; verb++ {
		n := len(v.Secrets)
		switch verb {
		case Create:
			n = len(v.Accounts)
		case Publish, Repair:
			n = 1
		}
		for i := range n {
			if e := (Effect{verb, i}); v.Refuses([]Effect{e}) == "" {
				may = append(may, e.String())
			}
		}
	}
	if len(may) == 0 {
		return "do nothing"
	}
	return strings.Join(may, ", or ")
}
