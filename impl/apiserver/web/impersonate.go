package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"

	"orrery/impl/apiserver/rbac"
	"orrery/impl/apiserver/user"
)

// impersonation begins the names of all headers by which a client asks to be served as somebody else.
const impersonation = "Impersonate-"

// impersonate is who a request is to be served as: u, who sent it, or whom its headers name, if u may impersonate that user and everything else that
// they say of him. A request with such headers is never served as u.
//
// Upstream: a header that is empty, sent twice or unknown is passed over there, and one of groups without a user is a 500.
func (h *Handler) impersonate(u user.Info, headers http.Header) (user.Info, error) {
	asked, rights, err := impersonated(headers)
	if err != nil || asked.Name == "" {
		return u, err
	}
	for _, right := range rights {
		if err := h.authorize(u, right); err != nil {
			return user.Info{}, err
		}
	}
	asked.Groups = completed(asked)
	return asked, nil
}

// impersonated is whom the headers name, and the rights that it takes; without such headers nobody.
func impersonated(headers http.Header) (asked user.Info, rights []rbac.Attributes, err error) {
	one := func(header string, into *string) error {
		if len(headers[header]) != 1 || headers[header][0] == "" {
			return apierrors.NewBadRequest(fmt.Sprintf("the header %s must be given once, and not be empty", header))
		}
		*into = headers[header][0]
		return nil
	}
	right := func(group, resource, subresource, namespace, name string) {
		rights = append(rights, rbac.Attributes{Verb: "impersonate", Group: group, Resource: resource, Subresource: subresource, Namespace: namespace, Name: name})
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(headers)), func(name string) bool { return !strings.HasPrefix(name, impersonation) })
	if len(names) == 0 {
		return user.Info{}, nil, nil
	}
	if len(headers[authenticationv1.ImpersonateUserHeader]) == 0 {
		return user.Info{}, nil, apierrors.NewBadRequest(fmt.Sprintf("requested %s without impersonating a user", strings.Join(names, ", ")))
	}
	if err := one(authenticationv1.ImpersonateUserHeader, &asked.Name); err != nil {
		return user.Info{}, nil, err
	}
	if namespace, name, ok := account(asked.Name); ok {
		right("", "serviceaccounts", "", namespace, name)
		if len(headers[authenticationv1.ImpersonateGroupHeader]) == 0 {
			asked.Groups = accountGroups(namespace)
		}
	} else {
		right("", "users", "", "", asked.Name)
	}
	for _, group := range headers[authenticationv1.ImpersonateGroupHeader] {
		right("", "groups", "", "", group)
		asked.Groups = append(asked.Groups, group)
	}
	for _, header := range names {
		key, extra := strings.CutPrefix(header, authenticationv1.ImpersonateUserExtraHeaderPrefix)
		switch {
		case header == authenticationv1.ImpersonateUserHeader, header == authenticationv1.ImpersonateGroupHeader:
		case header == authenticationv1.ImpersonateUIDHeader:
			if err := one(header, &asked.UID); err != nil {
				return user.Info{}, nil, err
			}
			right(authenticationv1.GroupName, "uids", "", "", asked.UID)
		case extra && key != "":
			key = extraKey(key)
			for _, value := range headers[header] {
				right(authenticationv1.GroupName, "userextras", key, "", value)
			}
			if asked.Extra == nil {
				asked.Extra = map[string][]string{}
			}
			asked.Extra[key] = append(asked.Extra[key], headers[header]...)
		default:
			return user.Info{}, nil, apierrors.NewBadRequest(fmt.Sprintf("unknown impersonation header %s", header))
		}
	}
	return asked, rights, nil
}

// extraKey is the key of a header, whose name tells no upper case from lower, and escapes what no name may hold.
func extraKey(escaped string) string {
	escaped = strings.ToLower(escaped)
	if key, err := url.PathUnescape(escaped); err == nil {
		return key
	}
	return escaped
}

// account is the service account that a user is.
func account(name string) (namespace, account string, ok bool) {
	rest, ok := strings.CutPrefix(name, "system:serviceaccount:")
	namespace, account, _ = strings.Cut(rest, ":")
	return namespace, account, ok && len(validation.ValidateNamespaceName(namespace, false)) == 0 && len(validation.ValidateServiceAccountName(account, false)) == 0
}

// completed are the groups of whom a request is served as: whoever is not anonymous is authenticated, unless his groups say something of that.
func completed(u user.Info) []string {
	switch {
	case u.Name == user.Anonymous && !u.In(user.AllUnauthenticated):
		return append(u.Groups, user.AllUnauthenticated)
	case u.Name != user.Anonymous && !u.In(user.AllAuthenticated) && !u.In(user.AllUnauthenticated):
		return append(u.Groups, user.AllAuthenticated)
	}
	return u.Groups
}

// withoutCredentials takes away what only this server goes by, so that no kubelet is shown it.
func withoutCredentials(headers http.Header) {
	headers.Del("Authorization")
	maps.DeleteFunc(headers, func(name string, _ []string) bool { return strings.HasPrefix(name, impersonation) })
}
