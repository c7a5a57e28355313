package user

import (
	"context"
	"slices"
)

// Groups that authentication and authorization know by name.
const (
	// AllAuthenticated is in everyone's groups who has shown good credentials.
	AllAuthenticated = "system:authenticated"
	// AllUnauthenticated is in those of [Anonymous], the user who is nobody.
	AllUnauthenticated = "system:unauthenticated"
	// Masters may do everything, whatever the rules say.
	Masters = "system:masters"
	// Nodes is that of every kubelet.
	Nodes = "system:nodes"
)

// Anonymous is the user who has shown no credentials; nobody is served as him but by impersonation.
const Anonymous = "system:anonymous"

// Info is who sent a request.
type Info struct {
	Name string
	// UID tells users of one name apart over time; empty where nobody gives one, as for certificates.
	UID    string
	Groups []string
	// Extra is what else the credentials say, by upstream's keys.
	Extra map[string][]string
}

// In reports whether the user is in a group.
func (i Info) In(group string) bool { return slices.Contains(i.Groups, group) }

type key struct{}

// With is ctx for a request that i has sent.
func With(ctx context.Context, i Info) context.Context { return context.WithValue(ctx, key{}, i) }

// From is who sent the request of ctx; ok is false if no client did.
func From(ctx context.Context) (i Info, ok bool) {
	i, ok = ctx.Value(key{}).(Info)
	return i, ok
}
