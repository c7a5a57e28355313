package web

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"orrery/impl/api"
	"orrery/impl/apiserver/user"
)

// reviews are the questions about users, by where they are asked. They are answered and not stored.
var reviews = map[string]schema.GroupVersionKind{
	"authentication.k8s.io/v1/selfsubjectreviews":      authenticationv1.SchemeGroupVersion.WithKind("SelfSubjectReview"),
	"authentication.k8s.io/v1/tokenreviews":            authenticationv1.SchemeGroupVersion.WithKind("TokenReview"),
	"authorization.k8s.io/v1/selfsubjectaccessreviews": authorizationv1.SchemeGroupVersion.WithKind("SelfSubjectAccessReview"),
	"authorization.k8s.io/v1/selfsubjectrulesreviews":  authorizationv1.SchemeGroupVersion.WithKind("SelfSubjectRulesReview"),
	"authorization.k8s.io/v1/subjectaccessreviews":     authorizationv1.SchemeGroupVersion.WithKind("SubjectAccessReview"),
}

// local is the one review that is asked for in a namespace.
var local = authorizationv1.SchemeGroupVersion.WithKind("LocalSubjectAccessReview")

// reviewAt is the kind of review that is asked for at a path, and in which namespace.
func reviewAt(path string) (kind schema.GroupVersionKind, namespace string, ok bool) {
	place, ok := strings.CutPrefix(path, "/apis/")
	if !ok {
		return kind, "", false
	}
	if kind, ok = reviews[place]; ok {
		return kind, "", true
	}
	place, ok = strings.CutPrefix(place, "authorization.k8s.io/v1/namespaces/")
	namespace, name, _ := strings.Cut(place, "/")
	return local, namespace, ok && namespace != "" && name == "localsubjectaccessreviews"
}

// serveReview answers a review.
func (c *call) serveReview(ctx context.Context) error {
	a, err := negotiate(c.r, false)
	if err != nil {
		return err
	}
	ask := map[string]func(context.Context) (runtime.Object, []string, error){
		"SelfSubjectReview": c.selfSubjectReview, "TokenReview": c.tokenReview,
		"SelfSubjectAccessReview": c.selfSubjectAccessReview, "SubjectAccessReview": c.subjectAccessReview,
		"LocalSubjectAccessReview": c.localSubjectAccessReview, "SelfSubjectRulesReview": c.selfSubjectRulesReview,
	}[c.review.Kind]
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
	_, warnings, err := decode(encoding, body, into, c.review, options.FieldValidation)
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
