package account

import "slices"

// ObjectKind is a kind of object that a token depends on.
type ObjectKind uint8

// The kinds.
const (
	OfAccount ObjectKind = iota + 1
	OfPod
	OfSecret
	OfNode
)

// Object is one object, by the kind, the number that stands for its namespace and name, and the UID. The zero value is none.
type Object struct {
	Kind ObjectKind
	Name int
	UID  uint8
}

// Token is what a token says, if its signature is good.
type Token struct {
	// Account is whose it is. Bound is the object that it lives with, if any: a pod, a node, or the secret that holds it.
	Account, Bound Object
	// From is when it begins to be good, Until when it ceases; Until 0: it does not.
	From, Until int
	// Audiences are those that it is for.
	Audiences []int
}

// Known is what an authenticator knows: the objects that are there, also those that are being deleted, what time it is, and for which audience
// it asks.
type Known struct {
	Objects  []Object
	Now      int
	Audience int
}

// Accepts is row 105: a token is accepted only while its account and its bound object are there, with the UIDs that it names, within its time,
// and by an audience that it is for. A signature that is good is not enough (T06).
func (k Known) Accepts(t Token) bool { return k.RefusesToken(t) == "" }

// RefusesToken is why a token is not accepted; empty: it is.
func (k Known) RefusesToken(t Token) string {
	switch {
	case !slices.Contains(t.Audiences, k.Audience):
		return "it is for another audience"
	case k.Now < t.From:
		return "its time has not come"
	case t.Until != 0 && k.Now >= t.Until:
		return "its time is over"
	case t.Account.Kind != OfAccount || !slices.Contains(k.Objects, t.Account):
		return "its account is gone, or another"
	case t.Bound != Object{} && !slices.Contains(k.Objects, t.Bound):
		return "what it is bound to is gone, or another"
	}
	return ""
}
