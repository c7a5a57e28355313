package rbac

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"orrery/impl/apiserver/user"
)

// Attributes are what authorization goes by of a request.
type Attributes struct {
	Verb string
	// Path is that of a request for no resource; then all below is empty.
	Path string

	Group, Resource, Subresource string
	// Namespace is empty for what has none, and for all together.
	Namespace string
	// Name is empty where the request names no object: for create, and for a list that selects none by its name.
	Name string
	// Fields is what a list or watch requires of its objects.
	Fields fields.Requirements
}

// resourceRequest reports whether the request is for a resource.
func (a Attributes) resourceRequest() bool { return a.Path == "" }

// combined is resource and subresource as rules name them.
func (a Attributes) combined() string {
	if a.Subresource == "" {
		return a.Resource
	}
	return a.Resource + "/" + a.Subresource
}

// escape keeps what users wrote from being read as markup, as upstream does.
var escape = strings.NewReplacer(`&`, "&amp;", `<`, "&lt;", `>`, "&gt;")

// Forbidden is the refusal of what a user asks for.
func Forbidden(u user.Info, a Attributes, reason string) *apierrors.StatusError {
	text := escape.Replace(a.refusal(u))
	if reason != "" {
		text += ": " + reason
	}
	return apierrors.NewForbidden(schema.GroupResource{Group: a.Group, Resource: a.Resource}, a.Name, errors.New(text))
}

func (a Attributes) refusal(u user.Info) string {
	if !a.resourceRequest() {
		return fmt.Sprintf("User %q cannot %s path %q", u.Name, a.Verb, a.Path)
	}
	where := "at the cluster scope"
	if a.Namespace != "" {
		where = fmt.Sprintf("in the namespace %q", a.Namespace)
	}
	return fmt.Sprintf("User %q cannot %s resource %q in API group %q %s", u.Name, a.Verb, a.combined(), a.Group, where)
}
