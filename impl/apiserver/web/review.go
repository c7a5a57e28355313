package web

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"orrery/impl/api"
	"orrery/impl/apiserver/user"
)

// reviews are the questions about users, by where they are asked. They are answered and not stored.
var reviews = map[string]string{"selfsubjectreviews": "SelfSubjectReview", "tokenreviews": "TokenReview"}

// reviewAt is the kind of review that is asked for at a path.
func reviewAt(path string) (kind string, ok bool) {
	name, ok := strings.CutPrefix(path, "/apis/authentication.k8s.io/v1/")
	return reviews[name], ok && reviews[name] != ""
}

// serveReview answers a review.
func (c *call) serveReview(ctx context.Context) error {
	a, err := negotiate(c.r, false)
	if err != nil {
		return err
	}
	ask := c.selfSubjectReview
	if c.review == "TokenReview" {
		ask = c.tokenReview
	}
	answer, warnings, err := ask(ctx)
	if err != nil {
		return err
	}
	c.warn(warnings)
	write(c.w, a, http.StatusCreated, answer)
	return nil
}

func (c *call) selfSubjectReview(context.Context) (runtime.Object, []string, error) {
	asked := &authenticationv1.SelfSubjectReview{}
	warnings, err := c.readReview(asked)
	asked.Status = authenticationv1.SelfSubjectReviewStatus{UserInfo: userInfo(c.user)}
	return asked, warnings, err
}

func (c *call) tokenReview(ctx context.Context) (runtime.Object, []string, error) {
	asked := &authenticationv1.TokenReview{}
	warnings, err := c.readReview(asked)
	if err != nil {
		return nil, nil, err
	}
	if asked.Spec.Token == "" {
		// Upstream: 400, token is required for TokenReview in authentication.
		return nil, nil, apierrors.NewInvalid(schema.GroupKind{Group: authenticationv1.GroupName, Kind: "TokenReview"}, "",
			field.ErrorList{field.Required(field.NewPath("spec", "token"), "token is required for TokenReview in authentication")})
	}
	asked.Status = authenticationv1.TokenReviewStatus{Error: "this server knows no service accounts"}
	for _, authenticator := range c.Authenticators {
		if accounts, ok := authenticator.(*Accounts); ok {
			asked.Status, err = accounts.review(ctx, asked.Spec)
		}
	}
	return asked, warnings, err
}

func (c *call) readReview(into runtime.Object) ([]string, error) {
	var options api.Request
	if err := c.readCreateOptions(&options); err != nil {
		return nil, err
	}
	encoding, err := bodyEncoding(c.r)
	if err != nil {
		return nil, err
	}
	body, err := c.readBody()
	if err != nil {
		return nil, err
	}
	_, warnings, err := decode(encoding, body, into, authenticationv1.SchemeGroupVersion.WithKind(c.review), options.FieldValidation)
	return warnings, err
}

// userInfo is a user as the API shows one.
func userInfo(u user.Info) authenticationv1.UserInfo {
	info := authenticationv1.UserInfo{Username: u.Name, UID: u.UID, Groups: slices.Clone(u.Groups)}
	for _, key := range slices.Sorted(maps.Keys(u.Extra)) {
		if info.Extra == nil {
			info.Extra = map[string]authenticationv1.ExtraValue{}
		}
		info.Extra[key] = u.Extra[key]
	}
	return info
}
