package token

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
)

// LegacyIssuer is that of all tokens that stand in secrets, in every cluster.
const LegacyIssuer = "kubernetes/serviceaccount"

// Ref is an object that a token names; the zero value is none.
type Ref struct {
	Name string `json:"name,omitempty"`
	UID  string `json:"uid,omitempty"`
}

// Claims is what a token says. Times are whole seconds.
type Claims struct {
	// Legacy: it stands in Secret, has no end, and no ID.
	Legacy bool
	Issuer string
	// ID tells tokens of one account apart.
	ID        string
	Namespace string
	Account   Ref
	// Pod, Secret and Node are what it lives with. With a Pod, Node only says where that is.
	Pod, Secret, Node Ref
	Audiences         []string
	// From is when it begins to be good, Until when it ceases. WarnAfter is when it should have been renewed, where that is earlier.
	From, Until, WarnAfter time.Time
}

// Username is the name of the user that an account is.
func Username(namespace, account string) string {
	return "system:serviceaccount:" + namespace + ":" + account
}

// bound and legacy are upstream's private claims.
type bound struct {
	// Audiences are written here, because the library writes one alone as a string, and upstream does not.
	Audiences  []string   `json:"aud"`
	Kubernetes kubernetes `json:"kubernetes.io"`
}

type kubernetes struct {
	Namespace string           `json:"namespace,omitempty"`
	Account   Ref              `json:"serviceaccount"`
	Pod       *Ref             `json:"pod,omitempty"`
	Secret    *Ref             `json:"secret,omitempty"`
	Node      *Ref             `json:"node,omitempty"`
	WarnAfter *jwt.NumericDate `json:"warnafter,omitempty"`
}

type legacy struct {
	Namespace string `json:"kubernetes.io/serviceaccount/namespace"`
	Secret    string `json:"kubernetes.io/serviceaccount/secret.name"`
	Name      string `json:"kubernetes.io/serviceaccount/service-account.name"`
	UID       string `json:"kubernetes.io/serviceaccount/service-account.uid"`
}

// encoded are the claims as they are written.
func (c Claims) encoded() (jwt.Claims, any) {
	public := jwt.Claims{Issuer: c.Issuer, Subject: Username(c.Namespace, c.Account.Name)}
	if c.Legacy {
		public.Issuer = LegacyIssuer
		return public, legacy{Namespace: c.Namespace, Secret: c.Secret.Name, Name: c.Account.Name, UID: c.Account.UID}
	}
	public.ID = c.ID
	public.IssuedAt, public.NotBefore, public.Expiry = date(c.From), date(c.From), date(c.Until)
	return public, bound{c.Audiences, kubernetes{Namespace: c.Namespace, Account: c.Account, Pod: some(c.Pod), Secret: some(c.Secret), Node: some(c.Node), WarnAfter: date(c.WarnAfter)}}
}

// decoded are the claims that were written so, or what is wrong with them.
func decoded(public jwt.Claims, b bound, l legacy) (Claims, error) {
	c := Claims{Issuer: public.Issuer}
	if public.Issuer == LegacyIssuer {
		c.Legacy, c.Namespace, c.Account, c.Secret = true, l.Namespace, Ref{l.Name, l.UID}, Ref{Name: l.Secret}
	} else {
		k := b.Kubernetes
		c.ID, c.Audiences, c.Namespace, c.Account = public.ID, b.Audiences, k.Namespace, k.Account
		c.Pod, c.Secret, c.Node = one(k.Pod), one(k.Secret), one(k.Node)
		c.From, c.Until, c.WarnAfter = timeOf(public.NotBefore), timeOf(public.Expiry), timeOf(k.WarnAfter)
	}
	switch {
	case c.Namespace == "" || c.Account.Name == "" || c.Account.UID == "":
		return Claims{}, fmt.Errorf("the token names no service account by namespace, name and UID")
	case c.Legacy && c.Secret.Name == "":
		return Claims{}, fmt.Errorf("the token does not say in which secret it stands")
	case !c.Legacy && c.Until.IsZero():
		return Claims{}, fmt.Errorf("the token does not say until when it is good")
	case strings.ContainsAny(c.Namespace+c.Account.Name, "/:") || public.Subject != Username(c.Namespace, c.Account.Name):
		return Claims{}, fmt.Errorf("the token's subject %q is not its service account %s/%s", public.Subject, c.Namespace, c.Account.Name)
	}
	return c, nil
}

func date(t time.Time) *jwt.NumericDate {
	if t.IsZero() {
		return nil
	}
	return jwt.NewNumericDate(t)
}

func timeOf(d *jwt.NumericDate) time.Time {
	if d == nil {
		return time.Time{}
	}
	return d.Time().UTC()
}

func some(r Ref) *Ref {
	if r == (Ref{}) {
		return nil
	}
	return &r
}

func one(r *Ref) Ref {
	if r == nil {
		return Ref{}
	}
	return *r
}
