package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/user"
	"orrery/impl/client"
	"orrery/impl/token"
)

// Accounts knows service accounts by their tokens.
type Accounts struct {
	token.Verifier
	// Transport reads what a token depends on. It is read from the store for every request, so that a token is refused from the moment on
	// at which its account, or what it is bound to, is gone.
	//
	// Upstream: caches that it accepted a token for some seconds, and looks at objects as its informers show them.
	Transport client.Transport
	Now       func() time.Time
}

// Authenticate implements [Authenticator].
func (a *Accounts) Authenticate(r *http.Request) (user.Info, bool, error) {
	text, ok := bearer(r)
	if !ok {
		return user.Info{}, false, nil
	}
	u, _, err := a.accept(r.Context(), text, a.Audiences)
	if errors.Is(err, token.ErrForeign) {
		return user.Info{}, false, nil
	}
	return u, err == nil, err
}

// accept is who is known by a token that is presented under any of these audiences, and those of them that it is for.
func (a *Accounts) accept(ctx context.Context, text string, audiences []string) (u user.Info, good []string, err error) {
	c, err := a.Verify(text)
	if err != nil {
		return user.Info{}, nil, err
	}
	look := func(resource, namespace, name string) (metav1.Object, error) {
		r, _ := api.ByName(resource)
		response, err := a.Transport.Do(ctx, api.Request{Verb: api.Get, Resource: r, Namespace: namespace, Name: name})
		if err != nil {
			return nil, err
		}
		return response.Object.(api.Object), nil
	}
	if err := c.Accept(text, a.Now(), audiences, look); err != nil {
		return user.Info{}, nil, err
	}
	for _, audience := range audiences {
		for _, for_ := range c.Audiences {
			if for_ == audience {
				good = append(good, audience)
			}
		}
	}
	return accountUser(c), good, nil
}

// accountUser is the user that a token stands for, with upstream's groups and extras.
func accountUser(c token.Claims) user.Info {
	u := user.Info{
		Name: token.Username(c.Namespace, c.Account.Name), UID: c.Account.UID,
		Groups: accountGroups(c.Namespace), Extra: map[string][]string{},
	}
	add := func(key, value string) {
		if value != "" {
			u.Extra["authentication.kubernetes.io/"+key] = []string{value}
		}
	}
	if c.ID != "" {
		add("credential-id", "JTI="+c.ID)
	}
	add("pod-name", c.Pod.Name)
	add("pod-uid", c.Pod.UID)
	add("node-name", c.Node.Name)
	add("node-uid", c.Node.UID)
	return u
}

// accountGroups are those of every service account of a namespace.
func accountGroups(namespace string) []string {
	return []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace}
}

// bearer is the token that a request carries, if it carries one.
func bearer(r *http.Request) (string, bool) {
	scheme, text, ok := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	return strings.TrimSpace(text), ok && strings.EqualFold(scheme, "Bearer")
}

// review answers a TokenReview: whether a token is good for any of the audiences, or the API server's if none are named.
func (a *Accounts) review(ctx context.Context, spec authenticationv1.TokenReviewSpec) (authenticationv1.TokenReviewStatus, error) {
	audiences := spec.Audiences
	if len(audiences) == 0 {
		audiences = a.Audiences
	}
	u, good, err := a.accept(ctx, spec.Token, audiences)
	if unavailable(err) {
		return authenticationv1.TokenReviewStatus{}, err
	}
	if err != nil {
		return authenticationv1.TokenReviewStatus{Error: err.Error()}, nil
	}
	return authenticationv1.TokenReviewStatus{Authenticated: true, User: userInfo(u), Audiences: good}, nil
}
