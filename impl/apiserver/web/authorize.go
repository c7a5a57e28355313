package web

import (
	"net/http"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"

	"orrery/impl/apiserver/rbac"
	"orrery/impl/apiserver/user"
)

// Authorizer says who may do what. An error is that it cannot say now; it is what the client is told.
type Authorizer interface {
	// Authorize says whether u may do what a asks for, or why not.
	Authorize(u user.Info, a rbac.Attributes) (allowed bool, reason string, err error)
	// Rules are what u may do in a namespace, as far as rules can say it; where they cannot, err says why.
	Rules(u user.Info, namespace string) (rules []rbacv1.PolicyRule, incomplete bool, err error)
}

// alwaysAllow is upstream's authorizer of that name.
type alwaysAllow struct{}

func (alwaysAllow) Authorize(user.Info, rbac.Attributes) (bool, string, error) { return true, "", nil }

func (alwaysAllow) Rules(user.Info, string) ([]rbacv1.PolicyRule, bool, error) {
	all := []string{"*"}
	return []rbacv1.PolicyRule{{Verbs: all, APIGroups: all, Resources: all}, {Verbs: all, NonResourceURLs: all}}, false, nil
}

// authorize refuses what u may not do.
func (h *Handler) authorize(u user.Info, a rbac.Attributes) error {
	allowed, reason, err := h.Authorizer.Authorize(u, a)
	switch {
	case err != nil:
		return err
	case !allowed:
		return rbac.Forbidden(u, a, reason)
	}
	return nil
}

// attributesOf is what a request asks for, as its method and path say it, whether or not there is such a thing: who may not read a resource does
// not learn whether it is served.
//
// Source: k8s.io/apiserver v0.37 pkg/endpoints/request/requestinfo.go.
func attributesOf(r *http.Request) rbac.Attributes {
	other := rbac.Attributes{Verb: strings.ToLower(r.Method), Path: r.URL.Path}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	var a rbac.Attributes
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		a.Group, parts = parts[1], parts[3:]
	default:
		return other
	}
	a.Verb = methodVerbs[r.Method]
	if parts[0] == "watch" || parts[0] == "proxy" {
		if len(parts) < 2 {
			return other
		}
		a.Verb, parts = parts[0], parts[1:]
	}
	if parts[0] == "namespaces" && len(parts) > 1 {
		a.Namespace = parts[1]
		if len(parts) > 2 && parts[2] != "status" && parts[2] != "finalize" {
			parts = parts[2:]
		}
	}
	a.Resource = parts[0]
	if len(parts) > 1 {
		a.Name = parts[1]
	}
	if len(parts) > 2 && a.Verb != "watch" && a.Verb != "proxy" {
		a.Subresource = parts[2]
	}
	if a.Name == "" {
		return ofCollection(a, r)
	}
	return a
}

var methodVerbs = map[string]string{
	http.MethodGet: "get", http.MethodHead: "get", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete",
}

// ofCollection are the attributes of a request that names no object in its path: a list or watch, which may select one by its name.
func ofCollection(a rbac.Attributes, r *http.Request) rbac.Attributes {
	switch a.Verb {
	case "delete":
		a.Verb = "deletecollection"
		return a
	case "get":
	default:
		return a
	}
	a.Verb = "list"
	var options internalversion.ListOptions
	if readQuery(r.URL.Query(), &options) != nil {
		// It will be refused for that; who may not list is to hear so first.
		options = internalversion.ListOptions{}
		options.Watch, _ = queryBool(r, "watch")
	}
	if options.Watch {
		a.Verb = "watch"
	}
	if options.FieldSelector != nil {
		a.Fields = options.FieldSelector.Requirements()
		if name, ok := options.FieldSelector.RequiresExactMatch("metadata.name"); ok && len(content.IsPathSegmentName(name)) == 0 {
			a.Name = name
		}
	}
	return a
}

// createsStreams are the subresources for which a stream to a kubelet takes the right to create, whatever the method.
var createsStreams = []string{"attach", "exec", "portforward"}

// authorizeStream refuses a stream by GET to who may only get.
func (c *call) authorizeStream() error {
	a := attributesOf(c.r)
	if c.verb != connect || a.Verb == "create" || !slices.Contains(createsStreams, a.Subresource) {
		return nil
	}
	a.Verb = "create"
	return c.authorize(c.user, a)
}
