package client

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"orrery/impl/api"
)

// method is the HTTP method of each verb.
var method = map[api.Verb]string{
	api.Get: "GET", api.List: "GET", api.Watch: "GET", api.Create: "POST", api.Update: "PUT", api.Patch: "PATCH",
	api.Delete: "DELETE", api.DeleteCollection: "DELETE",
}

// checkPath refuses what has no path, or that of something else: a get without a name would be a list, and a delete
// without one a delete of all there is. The words are those of a server in process.
//
// Upstream: client-go's rest.Request refuses the same, with errors that are no Status.
func checkPath(req api.Request) error {
	switch r := req.Resource; {
	case r == nil:
		return apierrors.NewBadRequest("the request names no resource")
	case method[req.Verb] == "":
		return apierrors.NewMethodNotSupported(r.GR(), string(req.Verb))
	case req.Namespace != "" && !r.Namespaced:
		return apierrors.NewBadRequest(fmt.Sprintf("%s have no namespace, but the request names %q", r.Name, req.Namespace))
	case !ofCollection(req.Verb) && r.Namespaced && req.Namespace == "":
		return apierrors.NewBadRequest("an empty namespace may not be set when a resource name is provided")
	case !ofCollection(req.Verb) && req.Name == "" && (req.Verb != api.Create || req.Subresource != ""):
		return apierrors.NewBadRequest("name must be provided")
	}
	for _, segment := range []string{req.Namespace, req.Name, req.Subresource} {
		if faults := content.IsPathSegmentName(segment); len(faults) > 0 {
			return apierrors.NewBadRequest(fmt.Sprintf("%q cannot be part of a path: %s", segment, strings.Join(faults, ", ")))
		}
	}
	return nil
}

func ofCollection(v api.Verb) bool {
	return v == api.List || v == api.Watch || v == api.DeleteCollection
}

// pathOf is the escaped path and the query of a request, as upstream's API has them.
func pathOf(req api.Request) (string, url.Values) {
	var parts []string
	if req.Resource.Group == "" {
		parts = append(parts, "api", req.Resource.Version)
	} else {
		parts = append(parts, "apis", req.Resource.Group, req.Resource.Version)
	}
	if req.Namespace != "" {
		parts = append(parts, "namespaces", req.Namespace)
	}
	parts = append(parts, req.Resource.Name)
	if req.Name != "" && !ofCollection(req.Verb) && (req.Verb != api.Create || req.Subresource != "") {
		parts = append(parts, req.Name)
	}
	if req.Subresource != "" {
		parts = append(parts, req.Subresource)
	}
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return "/" + strings.Join(parts, "/"), queryOf(req)
}

// fieldsOf is the field selector of a request. A collection that is narrowed down to a name has a path without it, which
// would be the object's own.
func fieldsOf(req api.Request) string {
	if req.Name == "" || !ofCollection(req.Verb) {
		return req.Fields
	}
	name := fields.OneTermEqualSelector(metav1.ObjectNameField, req.Name).String()
	if req.Fields == "" {
		return name
	}
	return req.Fields + "," + name
}

func queryOf(req api.Request) url.Values {
	q := url.Values{}
	set := func(key, value string) {
		if value != "" {
			q.Set(key, value)
		}
	}
	flag := func(key string, on bool) {
		if on {
			q.Set(key, "true")
		}
	}
	set("resourceVersion", req.ResourceVersion)
	set("resourceVersionMatch", string(req.Match))
	set("labelSelector", req.Labels)
	set("fieldSelector", fieldsOf(req))
	set("continue", req.Continue)
	set("fieldManager", req.FieldManager)
	set("fieldValidation", req.FieldValidation)
	if req.Limit > 0 {
		q.Set("limit", strconv.FormatInt(req.Limit, 10))
	}
	flag("watch", req.Verb == api.Watch)
	flag("allowWatchBookmarks", req.Bookmarks)
	flag("sendInitialEvents", req.InitialEvents)
	if req.DryRun {
		q.Set("dryRun", "All")
	}
	return q
}
